"""Rewrites the tensors of a GGUF file that OpenVINO GenAI does not read."""

from pathlib import Path
from typing import Any


def requantise(source: Path, target: Path) -> int:
    """Copy a GGUF file with its Q5_0 tensors as Q8_0; gives how many were rewritten.

    Everything else is copied bit for bit. Q8_0 holds each Q5_0 value up to its own rounding of
    1/254 of a block's range, so the model stays the same for practical purposes.
    """
    from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter
    from gguf.quants import dequantize, quantize

    reader = GGUFReader(source)
    writer = GGUFWriter(target, _architecture(reader))
    _copy_metadata(reader, writer)
    rewritten = 0
    for tensor in reader.tensors:
        data, kind = tensor.data, tensor.tensor_type
        if kind == GGMLQuantizationType.Q5_0:
            kind = GGMLQuantizationType.Q8_0
            data = quantize(dequantize(data, tensor.tensor_type), kind)
            rewritten += 1
        writer.add_tensor(tensor.name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return rewritten


def _architecture(reader: Any) -> str:
    return str(reader.fields["general.architecture"].contents())


def _copy_metadata(reader: Any, writer: Any) -> None:
    from gguf import GGUFValueType

    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), kind, sub_type=inner)
