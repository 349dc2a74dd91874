"""A GGUF file as a Hugging Face folder, for engines that read no GGUF."""

import shutil
from pathlib import Path
from typing import Any

from filelock import FileLock

from ragreason.generation.transformers_source import Source
from ragreason.models.loading import loading

_DONE = "config.json"
"""The file that is there last."""


def folder_of(source: Source, home: Path, dtype: str = "bfloat16") -> Path:
    """`source`'s folder; a GGUF file's is made under `home`, once, its weights as `dtype`.

    Quantised weights are written out in full: the folder is several times the file's size.
    """
    if source.gguf is None:
        return Path(source.folder)
    folder = home / f"{source.name}-{dtype}"
    if not (folder / _DONE).is_file():
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / f".{folder.name}.lock"):
            if not (folder / _DONE).is_file():
                _write(source, folder, dtype)
    return folder


def _write(source: Source, folder: Path, dtype: str) -> None:
    import torch
    import transformers

    scratch = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(scratch, ignore_errors=True)
    with loading(str(source.path)):
        kind = getattr(torch, dtype)
        read: Any = transformers.AutoModelForCausalLM.from_pretrained(
            source.folder, dtype=kind, **source.options
        )
        config = read.config
        if hasattr(config, "quantization_config"):  # the weights are no longer what it says
            del config.quantization_config
        made: Any = transformers.AutoModelForCausalLM
        plain = made.from_config(config, dtype=kind)
        plain.load_state_dict(read.state_dict())
        plain.generation_config = read.generation_config
        plain.save_pretrained(scratch)
        tokenizer = transformers.AutoTokenizer.from_pretrained(source.folder, **source.options)
        tokenizer.save_pretrained(scratch)
    shutil.rmtree(folder, ignore_errors=True)
    scratch.rename(folder)
