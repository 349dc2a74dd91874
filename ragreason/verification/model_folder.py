"""Folders of transformers models, and what is allowed of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ragreason import models
from ragreason.errors import ConfigError


def model_folder(name: str) -> Path:
    """The folder of a transformers model: a path, or a catalogue name (fetched first if need be).

    Only weights as safetensors are read, and no code that a folder brings along is run. Raises
    ConfigError for a folder without `config.json` or such weights, UnknownNameError for a name that
    is neither.
    """
    given = Path(name).expanduser()
    if not given.is_dir() or name in models.known():
        given = models.path(name)
    if not (given / "config.json").is_file():
        raise ConfigError(f"'{given}' is no transformers model: it has no config.json")
    if not any(given.glob("*.safetensors")):
        raise ConfigError(
            f"'{given}' has no weights as *.safetensors; other files can run code when they are "
            "read: convert them with transformers' save_pretrained"
        )
    return given


def read_config(folder: Path) -> Mapping[str, Any]:
    """The folder's `config.json`. Raises ConfigError."""
    try:
        loaded = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"'{folder / 'config.json'}' can't be read: {error}") from error
    if not isinstance(loaded, dict):
        raise ConfigError(f"'{folder / 'config.json'}' holds no JSON object")
    return loaded
