"""What determines a run's rows, and the folder that is named by it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ragreason.evaluation.store import RUN, changes, read_parts, run_key
from ragreason.models.weights import weights_hash
from ragreason.settings import Settings

_DETERMINING = ("embedder", "experience", "max_question_chars", "vllm_context", "vllm_options")


def settings_parts(settings: Settings) -> dict[str, str]:
    """The settings that rows depend on and that no other part of a run's key tells of."""
    return {f"setting.{name}": str(getattr(settings, name)) for name in _DETERMINING}


def weights_parts(engines: Mapping[str, Any], settings: Settings) -> dict[str, str]:
    """The hashes of local models' files, and of an adapter's; those given as objects have none."""
    found = {
        f"weights.{name}": weights_hash(engine, settings)
        for name, engine in engines.items()
        if isinstance(engine, str)
    }
    if settings.vllm_adapter is None:
        return found
    folder = settings.vllm_adapter.expanduser().absolute()
    return {**found, "weights.adapter": weights_hash(str(folder), settings)}


def default_folder(
    graph: str, parts: Mapping[str, str], settings: Settings, tell: Callable[[str], None]
) -> Path:
    """The folder in the settings' home that is named by graph, dataset and the run's key.

    Where it is a new one and the graph had runs before, `tell` is told what differs from the one
    that is most like it.
    """
    stem = f"{graph}-{parts['dataset']}-"
    folder = settings.resolved_home() / "evaluations" / f"{stem}{run_key(parts)}"
    if not folder.exists():
        earlier = sorted(f for f in folder.parent.glob(f"{stem}*") if (f / RUN).is_file())
        differing = [(changes(read_parts(found), parts), found.name) for found in earlier]
        if differing:
            changed, nearest = min(differing, key=lambda pair: len(pair[0]))
            tell(f"a new run: {nearest} has another {'; another '.join(changed)}")
    return folder
