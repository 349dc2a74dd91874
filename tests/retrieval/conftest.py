import json
from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write records of title and text as a JSONL file."""

    def written(name: str, *records: tuple[str, str]) -> Path:
        path = tmp_path / name
        lines = [json.dumps({"id": t, "title": t, "text": x}) for t, x in records]
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return written
