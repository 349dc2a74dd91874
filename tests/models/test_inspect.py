"""What model files say about themselves, damaged ones too."""

import struct
from pathlib import Path

import pytest

from ragreason.errors import ConfigError
from ragreason.models.inspect import chat_template, context_length, thinks


def gguf(path: Path, *, key: bytes, length: int | None = None, value: bytes) -> Path:
    """A GGUF file with one metadata entry; `length` is what it claims the key's length to be."""
    head = struct.pack("<IQQ", 3, 0, 1)
    claimed = len(key) if length is None else length
    path.write_bytes(b"GGUF" + head + struct.pack("<Q", claimed) + key + value)
    return path


def test_the_context_is_read_from_the_metadata(tmp_path: Path) -> None:
    value = struct.pack("<II", 4, 32_768)
    path = gguf(tmp_path / "m.gguf", key=b"qwen2.context_length", value=value)
    assert context_length(path) == 32_768


def test_a_file_that_does_not_say_has_the_default(tmp_path: Path) -> None:
    path = gguf(tmp_path / "m.gguf", key=b"x", value=struct.pack("<IB", 0, 1))
    assert context_length(path, default=77) == 77


@pytest.mark.parametrize("length", [2**40, 2**62, 2**63 + 5, 65_536])
def test_a_key_of_absurd_length_is_damage(tmp_path: Path, length: int) -> None:
    path = gguf(tmp_path / "m.gguf", key=b"abc", length=length, value=b"")
    with pytest.raises(ConfigError, match="damaged GGUF file"):
        context_length(path)


@pytest.mark.parametrize(
    "value",
    [
        struct.pack("<I", 99),
        struct.pack("<IQ", 8, 2**63 + 5),
        struct.pack("<IIQ", 9, 0, 2**63 + 5),
        struct.pack("<IIQ", 9, 8, 2**40),
        b"",
    ],
)
def test_a_value_that_can_not_be_skipped_is_damage(tmp_path: Path, value: bytes) -> None:
    path = gguf(tmp_path / "m.gguf", key=b"abc", value=value)
    path.write_bytes(path.read_bytes().replace(struct.pack("<QQ", 0, 1), struct.pack("<QQ", 0, 2)))
    with pytest.raises(ConfigError, match="damaged GGUF file"):
        context_length(path)


TEMPLATE = "{% if enable_thinking %}<think>{% endif %}"


def test_a_chat_template_tells_whether_the_model_thinks(tmp_path: Path) -> None:
    value = struct.pack("<IQ", 8, len(TEMPLATE)) + TEMPLATE.encode() + b"more"
    path = gguf(tmp_path / "m.gguf", key=b"tokenizer.chat_template", value=value)
    assert chat_template(path) == TEMPLATE
    assert thinks(path)
    assert not thinks(gguf(tmp_path / "n.gguf", key=b"x", value=struct.pack("<IB", 0, 1)))


@pytest.mark.parametrize("name", ["chat_template.jinja", "tokenizer_config.json"])
def test_a_folders_template_lies_in_one_of_several_files(tmp_path: Path, name: str) -> None:
    assert not thinks(tmp_path)
    (tmp_path / name).write_text(TEMPLATE, encoding="utf-8")
    assert thinks(tmp_path)
