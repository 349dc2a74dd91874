"""Names of models to engines."""

from pathlib import Path
from typing import Any

from ragreason import models
from ragreason.errors import ConfigError, UnknownNameError
from ragreason.protocols import Generator
from ragreason.settings import Settings, settings

SCHEMES = ("openai", "vllm", "transformers", "scripted", "replay", "record")
FORMS = (
    "a catalogue name (ragreason models list), a path to a GGUF file or an OpenVINO folder, "
    "openai:NAME, vllm:MODEL, transformers:MODEL, scripted:PATH, replay:PATH, or record:PATH:MODEL"
)


def open_engine(model: str, chosen: Settings | None = None) -> Generator:
    """The engine that runs `model`, unmetered; a catalogue model is fetched first if it is absent.

    Two engines opened for the same local model share one process. Raises UnknownNameError with the
    nearest name, ConfigError for a path without a model or a missing package or key.
    """
    check_name(model)
    configured = chosen or settings()
    kind, _, rest = model.partition(":")
    if kind == "openai":
        return _openai(rest, configured)
    if kind == "vllm":
        return _vllm(rest, configured)
    if kind == "transformers":
        return _transformers(rest, configured)
    if kind == "scripted":
        from ragreason.generation.scripted import load_script

        return load_script(Path(rest))
    if kind in {"replay", "record"}:
        return _replay(kind, rest, configured)
    return _openvino(model, configured)


def check_name(model: str) -> None:
    """Refuse what names no engine, at no cost: before an index is made or a model is fetched.

    Raises UnknownNameError with the nearest name, ConfigError for a kind without a name.
    """
    kind, _, rest = model.partition(":")
    if kind in SCHEMES:
        if not rest:
            raise ConfigError(f"model '{model}' lacks what comes after the colon; give {FORMS}")
        return
    if rest and not Path(model).expanduser().exists() and kind.isidentifier() and len(kind) > 1:
        raise UnknownNameError("kind of engine", kind, SCHEMES, f"in '{model}'; give {FORMS}")
    if not (models.is_path(model) or model in models.known()):
        raise UnknownNameError("model", model, models.known(), f"or give {FORMS}")


def _openai(name: str, configured: Settings) -> Generator:
    from ragreason.generation.openai import OpenAIEngine

    return OpenAIEngine(
        name,
        base_url=configured.openai_base_url,
        api_key=configured.openai_api_key,
        timeout_s=configured.request_timeout_s,
    )


def _vllm(model: str, configured: Settings) -> Generator:
    from ragreason.generation.shared import share
    from ragreason.generation.vllm import VLLMEngine
    from ragreason.generation.vllm_options import Options

    options = Options(
        tensor_parallel=configured.vllm_tensor_parallel,
        data_parallel=configured.vllm_data_parallel,
        gpu_memory=configured.vllm_gpu_memory,
        further=configured.vllm_options,
    )
    given: dict[str, Any] = {
        "context": configured.vllm_context,
        "adapter": configured.vllm_adapter,
        "options": options,
        "timeout_s": configured.request_timeout_s,
    }
    return share(("vllm", model, repr(given)), lambda: VLLMEngine(model, **given))


def _transformers(model: str, configured: Settings) -> Generator:
    from ragreason.generation.shared import share
    from ragreason.generation.transformers import TransformersEngine

    timeout_s = configured.request_timeout_s
    key = ("transformers", model, str(timeout_s))
    return share(key, lambda: TransformersEngine(model, timeout_s=timeout_s))


def _replay(kind: str, rest: str, configured: Settings) -> Generator:
    from ragreason.generation.replay import Replay

    if kind == "replay":
        return Replay(rest)
    path, _, model = rest.partition(":")
    if not model:
        raise ConfigError(f"'record:{rest}' names no model; expected record:PATH:MODEL")
    return Replay(path, open_engine(model, configured))


def _openvino(model: str, configured: Settings) -> Generator:
    from ragreason.generation.openvino import OpenVINOEngine
    from ragreason.generation.shared import share

    entry = None if models.is_path(model) else models.find(model)
    if entry is not None and entry.form == "sentence-transformers":
        usable = ", ".join(m.name for m in models.CATALOGUE if m.form == "gguf")
        raise ConfigError(
            f"'{model}' is an embedder, which answers no questions; give a language model, such as "
            f"{usable}; what embeds is set by RAGREASON_EMBEDDER={model}"
        )
    path = models.path(model, configured)
    label = entry.name if entry else ""
    timeout_s = configured.request_timeout_s
    key = (str(path.resolve()), label, str(timeout_s))
    return share(key, lambda: OpenVINOEngine(path, label=label, timeout_s=timeout_s))
