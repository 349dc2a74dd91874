"""A place to run the documentation's snippets in, and the snippets themselves."""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ragreason import settings

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Block:
    """A fenced block. `mode` is what follows the language: empty, "parse", or a file's name."""

    place: str
    line: int
    language: str
    mode: str
    text: str


def blocks_of(path: Path) -> Iterator[Block]:
    text = path.read_text(encoding="utf-8")
    fence = re.compile(r"^```(\w+)[ \t]*([\w.-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for found in fence.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        place = f"{path.relative_to(ROOT)}:{line}"
        yield Block(place, line, found[1], found[2], found[3])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`page` is every page of the documentation."""
    if "page" in metafunc.fixturenames:
        pages = [
            ROOT / "README.md",
            ROOT / "CONTRIBUTING.md",
            *sorted((ROOT / "docs").glob("*.md")),
        ]
        metafunc.parametrize("page", pages, ids=[str(p.relative_to(ROOT)) for p in pages])


@pytest.fixture
def blocks(page: Path) -> list[Block]:
    """The page's fenced blocks, in order."""
    return list(blocks_of(page))


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working folder with the checkout's graphs and corpora, a fake engine and a hashing
    embedder as the defaults, and a home of its own. Modules that a page writes can be imported.
    """
    for name in [n for n in os.environ if n.startswith("RAGREASON_")]:
        monkeypatch.delenv(name)
    for folder in ("graphs", "corpora", "tests"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RAGREASON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RAGREASON_MODEL", f"scripted:{ROOT / 'tests/docs/script.yaml'}")
    monkeypatch.setenv("RAGREASON_EMBEDDER", "hashing")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    settings.settings.cache_clear()
    yield tmp_path
    for module in tmp_path.glob("*.py"):
        sys.modules.pop(module.stem, None)
    settings.settings.cache_clear()
