from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter
from gguf.quants import dequantize, quantize

from ragreason.models import context_length
from ragreason.models.convert import requantise

RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(size=(8, 64)).astype(np.float32)  # (rows, columns)


def write(path: Path) -> None:
    writer = GGUFWriter(path, "qwen2")
    writer.add_context_length(1234)
    writer.add_bool("tokenizer.ggml.add_bos_token", False)
    writer.add_array("tokenizer.ggml.tokens", ["a", "é", "<|end|>"])
    writer.add_array("tokenizer.ggml.token_type", [1, 1, 3])
    for kind in (GGMLQuantizationType.Q5_0, GGMLQuantizationType.Q8_0):
        writer.add_tensor(kind.name, quantize(WEIGHTS, kind), raw_dtype=kind)
    writer.add_tensor("F32", WEIGHTS)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_only_q5_0_tensors_change_and_keep_their_values(tmp_path: Path) -> None:
    write(tmp_path / "a.gguf")
    assert requantise(tmp_path / "a.gguf", tmp_path / "b.gguf") == 1
    before = {t.name: t for t in GGUFReader(tmp_path / "a.gguf").tensors}
    after = {t.name: t for t in GGUFReader(tmp_path / "b.gguf").tensors}
    assert list(after) == list(before)
    assert after["Q5_0"].tensor_type == GGMLQuantizationType.Q8_0
    assert list(after["Q5_0"].shape) == list(before["Q5_0"].shape)
    old = dequantize(before["Q5_0"].data, GGMLQuantizationType.Q5_0)
    new = dequantize(after["Q5_0"].data, GGMLQuantizationType.Q8_0)
    assert np.abs(new - old).max() <= np.abs(old).max() / 127
    for name in ("Q8_0", "F32"):
        assert np.array_equal(after[name].data, before[name].data)


def test_metadata_is_copied(tmp_path: Path) -> None:
    write(tmp_path / "a.gguf")
    requantise(tmp_path / "a.gguf", tmp_path / "b.gguf")
    old, new = GGUFReader(tmp_path / "a.gguf").fields, GGUFReader(tmp_path / "b.gguf").fields
    assert set(new) == set(old)
    for name in old:
        if not name.startswith("GGUF."):
            assert new[name].contents() == old[name].contents()
            assert new[name].types == old[name].types
    assert context_length(tmp_path / "b.gguf") == 1234
