from collections.abc import Callable
from pathlib import Path

import pytest

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.errors import IndexFolderError, UnknownNameError
from ragreason.retrieval.build import build_index
from ragreason.retrieval.open import open_retriever
from ragreason.settings import Settings


@pytest.fixture
async def index(tmp_path: Path, write: Callable[..., Path]) -> Path:
    path = write("r.jsonl", ("Lake", "A deep lake."), ("Hill", "A high hill."))
    await build_index([path], tmp_path / "index", embedder=HashingEmbedder(64))
    return tmp_path / "index"


def test_kind_and_embedder_come_from_the_settings(index: Path) -> None:
    assert open_retriever(index, None, Settings(embedder="hashing-64")).name == "hybrid"
    chosen = Settings(embedder="hashing-64", retriever="dense")
    assert open_retriever(index, None, chosen).name == "dense"


@pytest.mark.parametrize("kind", ["dense", "hybrid"])
def test_an_index_of_another_embedder_is_one_clear_line(index: Path, kind: str) -> None:
    with pytest.raises(IndexFolderError, match=r"made by embedder 'hashing-64', not") as caught:
        open_retriever(index, kind, Settings(embedder="hashing-128"))
    assert "RAGREASON_EMBEDDER=hashing-64" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_words_need_no_embedder(index: Path) -> None:
    assert open_retriever(index, "bm25", Settings(embedder="unheard-of")).name == "bm25"


def test_a_missing_index_is_found_before_the_embedder_is_opened(tmp_path: Path) -> None:
    with pytest.raises(IndexFolderError, match="no such index; build it"):
        open_retriever(tmp_path / "none", "hybrid", Settings(embedder="unheard-of"))


def test_an_unknown_retriever_gives_the_nearest(index: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'bm25'"):
        open_retriever(index, "bm2")
