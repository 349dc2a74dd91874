"""What a model's own files say about it, read without loading the weights."""

import json
import struct
from pathlib import Path
from typing import BinaryIO

from ragreason.errors import ConfigError

_FIXED = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_KEY = b"tokenizer.chat_template"
_HEAD = 1 << 25
"""Bytes of a GGUF file that surely hold its metadata: vocabularies take some 10 MB."""
_TEMPLATES = ("chat_template.jinja", "chat_template.json", "tokenizer_config.json")
_LONGEST_KEY = 65_535
"""Bytes, as the GGUF format has it."""


def context_length(model: Path, default: int = 4096) -> int:
    """How many tokens the model's context holds, `default` where its files don't say.

    `model` is a GGUF file or an OpenVINO folder. Raises ConfigError for a damaged file.
    """
    if model.is_dir():
        return _from_folder(model, default)
    try:
        with model.open("rb") as file:
            return _from_gguf(file, default)
    except (struct.error, OSError, KeyError, ValueError, OverflowError) as error:
        raise ConfigError(f"'{model}' is a damaged GGUF file: {error}") from error


def thinks(model: Path) -> bool:
    """Whether the model's chat template knows of thinking between <think> tags."""
    return "<think>" in (template := chat_template(model)) or "</think>" in template


def chat_template(model: Path) -> str:
    """The model's chat template; empty where its files hold none."""
    if model.is_dir():
        return "\n".join(_text(model / name) for name in _TEMPLATES)
    with model.open("rb") as file:
        head = file.read(_HEAD)
    at = head.find(_KEY)
    if at < 0:
        return ""
    start = at + len(_KEY)
    kind, length = struct.unpack_from("<IQ", head, start)
    if kind != _STRING:
        return ""
    return head[start + 12 : start + 12 + length].decode("utf-8", "replace")


def gguf_shapes(model: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of a GGUF file's tensors by name. Raises ConfigError for a damaged file."""
    try:
        with model.open("rb") as file:
            file.seek(8)  # magic, version
            tensors, count = _read(file, "QQ")
            for _ in range(count):
                _string(file)
                _skip(file, _read(file, "I")[0])
            return dict(_shape(file) for _ in range(tensors))
    except (struct.error, OSError, KeyError, ValueError, OverflowError, MemoryError) as error:
        raise ConfigError(f"'{model}' is a damaged GGUF file: {error}") from error


def _shape(file: BinaryIO) -> tuple[str, tuple[int, ...]]:
    name = _string(file)
    (dimensions,) = _read(file, "I")
    shape = _read(file, "Q" * dimensions)
    file.seek(12, 1)  # type, offset
    return name, shape


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _from_folder(folder: Path, default: int) -> int:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return int(config.get("max_position_embeddings") or default)
    except (OSError, ValueError):
        return default


def _from_gguf(file: BinaryIO, default: int) -> int:
    """Walks the metadata up to `<architecture>.context_length`, which stands before the tokens."""
    file.seek(16)  # magic, version, number of tensors
    (count,) = _read(file, "Q")
    for _ in range(count):
        key = _string(file)
        (kind,) = _read(file, "I")
        if key.endswith(".context_length"):
            return int(_read(file, _FIXED[kind])[0])
        _skip(file, kind)
    return default


def _read(file: BinaryIO, form: str) -> tuple[int, ...]:
    size = struct.calcsize("<" + form)
    return struct.unpack("<" + form, file.read(size))


def _string(file: BinaryIO) -> str:
    (length,) = _read(file, "Q")
    if length > _LONGEST_KEY:
        raise ValueError(f"a key of {length} bytes")
    return file.read(length).decode("utf-8")


def _skip(file: BinaryIO, kind: int) -> None:
    if kind == _STRING:
        (length,) = _read(file, "Q")
        file.seek(length, 1)
    elif kind == _ARRAY:
        inner, count = _read(file, "IQ")
        if inner in _FIXED:
            file.seek(count * struct.calcsize("<" + _FIXED[inner]), 1)
        else:
            for _ in range(count):
                _skip(file, inner)
    else:
        file.seek(struct.calcsize("<" + _FIXED[kind]), 1)
