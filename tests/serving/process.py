"""`ragreason serve` in a process of its own, as people run it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_script(folder: Path, *, latency_s: float = 0.0) -> Path:
    """The script of an engine that answers everything alike."""
    script = folder / "script.yaml"
    script.write_text(f'default: "1874"\nlatency_s: {latency_s}\n', encoding="utf-8")
    return script


@contextmanager
def served(index: Path, folder: Path, script: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address. Its files lie in `folder`; left running, it is killed."""
    command = [sys.executable, "-m", "ragreason", "serve", "naive_rag", "rewrite", "--json"]
    command += ["--port", "0", "--index", str(index), "--model", f"scripted:{script}"]
    environment = {
        **os.environ,
        "RAGREASON_HOME": str(folder / "home"),
        "RAGREASON_EMBEDDER": "hashing",
        "RAGREASON_RETRIEVER": "bm25",
    }
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            text = ""
            while not text.rstrip().endswith("}"):
                line = process.stdout.readline()
                assert line, "the server ended before it was up"
                text += line
            told = json.loads(text)
            assert told["graphs"] == ["naive_rag", "rewrite"]
            yield process, told["url"].rstrip("/")
        finally:
            process.kill()
