"""A model's hash follows its files' contents, and nothing else about them."""

import os
from pathlib import Path

import pytest

from ragreason.models.weights import weights_hash
from ragreason.settings import Settings

SETTINGS = Settings()


def test_contents_count_and_names_of_folders_and_times_do_not(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(b"x" * 3_000_000)
    os.utime(tmp_path / "b/model.safetensors", (1, 1))
    first = weights_hash(str(tmp_path / "a"), SETTINGS)
    assert len(first) == 16
    assert weights_hash(f"transformers:{tmp_path / 'b'}", SETTINGS) == first


@pytest.mark.parametrize("content", [b"y" + b"x" * 2_999_999, b"x" * 2_999_999 + b"y", b"x" * 9])
def test_other_weights_under_the_same_name_are_another_model(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(b"x" * 3_000_000)
    before = weights_hash(str(file), SETTINGS)
    file.write_bytes(content)
    assert weights_hash(str(file), SETTINGS) != before


@pytest.mark.parametrize("model", ["openai:gpt", "no-such-model", "./nowhere.gguf"])
def test_what_is_not_here_has_no_hash(model: str) -> None:
    assert weights_hash(model, SETTINGS) == ""


def test_weights_of_which_only_the_middle_was_trained_are_others(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    frozen, layer = b"x" * 3_000_000, 1_200_000
    file.write_bytes(frozen + b"a" * layer + frozen)
    before = weights_hash(str(file), SETTINGS)
    file.write_bytes(frozen + b"b" * layer + frozen)
    assert weights_hash(str(file), SETTINGS) != before
