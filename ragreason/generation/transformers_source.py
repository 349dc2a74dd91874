"""Where a transformers model comes from: a folder, a GGUF file, the catalogue, or the hub."""

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ragreason import models
from ragreason.errors import ConfigError, UnknownNameError
from ragreason.models.hub_source import in_cache, reachable
from ragreason.settings import Settings, settings

_HUB = re.compile(r"[\w.-]+/[\w.-]+")
_WEIGHTS = ("*.safetensors", "*.bin")
_SAMPLES, _SAMPLE = 64, 1 << 14
"""How many pieces of a weights file go into its fingerprint, and their bytes."""


@dataclass(frozen=True)
class Source:
    """`folder` is a local folder, or the name of a hub repository; `gguf` a file in the folder.
    `offline` where the hub does not answer, but the hub's client has kept the repository.
    """

    folder: str
    gguf: str | None = None
    local: bool = True
    label: str = ""
    offline: bool = False

    @property
    def path(self) -> Path:
        """The GGUF file or the folder."""
        return Path(self.folder) / self.gguf if self.gguf else Path(self.folder)

    @property
    def name(self) -> str:
        """The catalogue's or the hub's name; else the file's with a hash of its bytes."""
        return self.label or f"{self.path.resolve().stem}@{fingerprint(self.path)}"

    @property
    def options(self) -> dict[str, Any]:
        """What `from_pretrained` is told. No code that a model brings along is run."""
        gguf = {"gguf_file": self.gguf} if self.gguf else {}
        here = self.local or self.offline
        return {"trust_remote_code": False, "local_files_only": here, **gguf}


def find(given: str, configured: Settings | None = None) -> Source:
    """The model that `given` means: a path, a catalogue name, or `OWNER/NAME` on the hub.

    A catalogue model is fetched first if it is absent. Raises ConfigError for a path without a
    model, and for a hub's that is not kept here while the hub does not answer within the setting
    `hub_timeout_s`; UnknownNameError for another name.
    """
    path = Path(given).expanduser()
    if path.is_dir() and given not in models.known():
        if not (path / "config.json").is_file():
            raise ConfigError(f"'{given}' is no transformers model: it has no config.json")
        return Source(str(path))
    if _HUB.fullmatch(given) and not path.exists() and not given.endswith(".gguf"):
        return _on_hub(given, (configured or settings()).hub_timeout_s)
    if not models.is_path(given) and given not in models.known():
        usable = [model.name for model in models.CATALOGUE if model.form == "gguf"]
        forms = "or give a folder with a config.json, a GGUF file, or OWNER/NAME on the model hub"
        raise UnknownNameError("model", given, usable, forms)
    path = models.path(given, configured)
    if path.is_dir():
        form = models.find(given).form if given in models.known() else "OpenVINO"
        raise ConfigError(f"'{given}' is {form}, which transformers can't generate with")
    label = given if given in models.known() else ""
    return Source(str(path.parent), path.name, label=label)


def _on_hub(repository: str, timeout_s: float) -> Source:
    online = reachable(timeout_s)
    if not online and not in_cache(repository):
        raise ConfigError(
            f"no folder '{repository}' here, and no model hub answers within {timeout_s:g} s; give "
            "the path of a model's folder, a catalogue name (ragreason models list), or raise "
            "RAGREASON_HUB_TIMEOUT_S"
        )
    return Source(repository, local=False, label=repository, offline=not online)


def fingerprint(path: Path) -> str:
    """A hash of a model's settings and of its weights: sizes, and pieces spread over them."""
    files = [path] if path.is_file() else [f for w in _WEIGHTS for f in sorted(path.glob(w))]
    small = [] if path.is_file() else sorted({*path.glob("*.json"), *path.glob("*.jinja")})
    digest = hashlib.sha256()
    for file in files:
        size = file.stat().st_size
        digest.update(f"{file.name} {size}".encode() if path.is_dir() else str(size).encode())
        with file.open("rb") as opened:
            for i in range(_SAMPLES):
                opened.seek(max(0, size - _SAMPLE) * i // (_SAMPLES - 1))
                digest.update(opened.read(_SAMPLE))
    for file in small:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def written(path: Path) -> str:
    """What changes whenever a file of a model's folder does: sizes, and when they were written."""
    files = [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.is_file())
    stats = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(stats).encode()).hexdigest()[:16]


@cache
def libraries(*names: str) -> str:
    """The versions of those packages that are installed, as in "torch 2.9.1 vllm 0.12.0"."""
    found = []
    for name in names:
        with suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return " ".join(found)
