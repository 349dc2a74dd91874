"""How many parameters a model's files say it has."""

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ragreason.models.parameters import parameters_of
from ragreason.settings import Settings

SETTINGS = Settings()


def gguf(path: Path, shapes: Mapping[str, Sequence[int]]) -> str:
    """A GGUF file of one metadata entry, a list of texts, and these tensors' descriptions."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    tokens = struct.pack("<IIQ", 9, 8, 2) + text("a") + text("bc")
    content = b"GGUF" + struct.pack("<IQQ", 3, len(shapes), 1) + text("tokens") + tokens
    for name, shape in shapes.items():
        sizes = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        content += text(name) + sizes + struct.pack("<IQ", 0, 0)
    path.write_bytes(content)
    return str(path)


def safetensors(folder: Path, shapes: Mapping[str, Sequence[int]]) -> str:
    folder.mkdir()
    header = {
        n: {"dtype": "F32", "shape": list(s), "data_offsets": [0, 0]} for n, s in shapes.items()
    }
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text)
    return str(folder)


def named(embedding: str, output: str | None) -> dict[str, Sequence[int]]:
    found: dict[str, Sequence[int]] = {embedding: (100, 8), "layer.weight": (8, 4)}
    return found | ({} if output is None else {output: (8, 100)})


@pytest.mark.parametrize("output", ["output.weight", None])
def test_an_embedding_that_is_only_looked_up_does_not_count(
    tmp_path: Path, output: str | None
) -> None:
    path = gguf(tmp_path / "m.gguf", named("token_embd.weight", output))
    assert parameters_of(path, SETTINGS) == 832


@pytest.mark.parametrize("output", ["lm_head.weight", None])
def test_a_folder_of_safetensors_is_counted(tmp_path: Path, output: str | None) -> None:
    path = safetensors(tmp_path / "m", named("model.embed_tokens.weight", output))
    assert parameters_of(path, SETTINGS) == 832
    assert parameters_of(f"vllm:{path}", SETTINGS) == 832


def test_an_openvino_folder_is_computed_from_its_configuration(tmp_path: Path) -> None:
    config = {
        "model_type": "qwen2",
        "hidden_size": 896,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
        "num_hidden_layers": 24,
        "intermediate_size": 4864,
        "vocab_size": 151936,
    }
    folder = tmp_path / "ov"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    found = parameters_of(str(folder), SETTINGS)
    assert found == pytest.approx(494_032_768, rel=1e-3), "what Qwen2.5-0.5B is said to have"


@pytest.mark.parametrize("model", ["openai:gpt", "scripted:s.yaml", "./nowhere", "no-such-model"])
def test_what_can_not_be_known_is_none(model: str) -> None:
    assert parameters_of(model, SETTINGS) is None


def test_a_damaged_file_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 2**60, 2**60))
    assert parameters_of(str(tmp_path / "m.gguf"), SETTINGS) is None
