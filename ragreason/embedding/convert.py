"""A sentence-transformers model to OpenVINO's format, once, kept beside the models by its hash.

Run as a process of its own, so that PyTorch and what it prints stay out of the one that embeds.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from filelock import FileLock

from ragreason.embedding.folder import ModelFolder
from ragreason.errors import RunError
from ragreason.settings import settings

MODEL = "openvino_model.xml"
_VERSION = 1  # of what is below: another conversion is another folder


def converted(folder: ModelFolder) -> Path:
    """The converted model's file, made first if it is not here. Raises RunError if it can't be."""
    home = settings().resolved_home() / "models"
    target = home / f"openvino-{folder.sha256[:16]}-{_VERSION}"
    if not (target / MODEL).is_file():
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / f".{target.name}.lock"):
            if not (target / MODEL).is_file():
                _convert_to(target, folder)
    return target / MODEL


def _convert_to(target: Path, folder: ModelFolder) -> None:
    print(f"model {folder.name}: converting for OpenVINO, once", file=sys.stderr, flush=True)
    draft = target.with_name(f".{target.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    done = subprocess.run(  # noqa: S603 - fixed arguments
        [sys.executable, "-W", "ignore", "-m", __name__, str(folder.path), str(draft / MODEL)],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    if done.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        lines = done.stderr.strip().splitlines() or ["no output"]
        raise RunError(
            f"model '{folder.name}' could not be converted for OpenVINO: {lines[-1]}; "
            "without OpenVINO: --embedder minilm-float32"
        )
    draft.rename(target)


def openvino() -> Any:
    """The library, without the report of its use that importing it would send over the network."""
    reports = "openvino_telemetry"
    before = sys.modules.get(reports)
    sys.modules[reports] = None  # type: ignore[assignment] # it then has a stub of its own
    try:
        import openvino as library
    finally:
        if before is None:
            del sys.modules[reports]
        else:
            sys.modules[reports] = before
    return library


def convert(source: str, target: str) -> None:
    """Write the model in the folder `source`, pooling and normalising included, to `target`.

    Inputs are `input_ids` and `attention_mask`, (texts, tokens) int64; the output (texts, dim)
    float32. Weights stay float32: a lower precision is chosen when it is loaded.
    """
    import torch
    from sentence_transformers import SentenceTransformer

    class Embed(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = SentenceTransformer(source, device="cpu", local_files_only=True).eval()

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            given = {"input_ids": input_ids, "attention_mask": attention_mask}
            return self.model(given)["sentence_embedding"]

    library = openvino()
    tokens = torch.ones((2, 9), dtype=torch.int64)
    with torch.no_grad():
        made = library.convert_model(
            Embed(), example_input={"input_ids": tokens, "attention_mask": tokens}
        )
    library.save_model(made, target, compress_to_fp16=False)


if __name__ == "__main__":
    convert(*sys.argv[1:])
