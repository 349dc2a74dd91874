"""How many parameters a model has, by its own files, without loading the weights."""

import json
import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from ragreason.errors import ConfigError
from ragreason.models.fetch import is_path, located
from ragreason.models.inspect import gguf_shapes
from ragreason.settings import Settings

_GATED = {"llama", "mistral", "qwen2", "qwen3", "smollm3"}
"""Model types that are decoders with gated feed-forward layers, whose sizes say it all."""
_EMBEDDING = ("token_embd.weight", "embed_tokens.weight")
_OUTPUT = ("output.weight", "lm_head.weight")


def parameters_of(model: str, settings: Settings) -> float | None:
    """How many of the model's parameters every token is multiplied with; None where it is on a
    server, is not here, or its files don't tell.

    That is all of them but an embedding table that is only looked up: one that is the output layer
    too counts. `model` is what settings and flags name engines by. A GGUF file or a folder of
    safetensors is counted, an OpenVINO folder computed from its configuration. Of a mixture of
    experts all are counted, though each token meets a few of them only.
    """
    kind, colon, rest = model.partition(":")
    name = rest if colon and kind in {"vllm", "transformers"} else model
    try:
        path = Path(name).expanduser() if is_path(name) else located(name, settings)
        return None if path is None else _count(path)
    except (ConfigError, OSError, ValueError, KeyError, struct.error):
        return None  # whoever opens the model says what is wrong with it


@lru_cache(maxsize=32)
def _count(path: Path) -> float | None:
    if path.is_file():
        return _multiplied(gguf_shapes(path))
    weights = sorted(path.glob("*.safetensors"))
    if weights:
        return _multiplied({n: shape for file in weights for n, shape in _safetensors(file)})
    return _from_sizes(json.loads((path / "config.json").read_text(encoding="utf-8")))


def _multiplied(shapes: Mapping[str, Sequence[int]]) -> float | None:
    separate = any(name in _OUTPUT for name in shapes)
    looked_up = {name for name in shapes if separate and name.endswith(_EMBEDDING)}
    return float(sum(prod(shape) for n, shape in shapes.items() if n not in looked_up)) or None


def _safetensors(path: Path) -> list[tuple[str, Sequence[int]]]:
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header: dict[str, Any] = json.loads(file.read(length))
    return [(n, entry["shape"]) for n, entry in header.items() if n != "__metadata__"]


def _from_sizes(config: dict[str, Any]) -> float | None:
    """Norms and biases are left out: less than a thousandth."""
    if config.get("model_type") not in _GATED:
        return None
    width, heads = config["hidden_size"], config["num_attention_heads"]
    head = config.get("head_dim") or width // heads
    attention = 2 * width * head * (heads + config.get("num_key_value_heads", heads))
    layers = config["num_hidden_layers"] * (attention + 3 * width * config["intermediate_size"])
    return float(layers + config["vocab_size"] * width)
