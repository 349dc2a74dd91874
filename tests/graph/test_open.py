"""Names and folders become parts, and nothing is opened that nobody uses."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ragreason.errors import ConfigError, IndexFolderError, UnknownNameError
from ragreason.graph import open as opening
from ragreason.graph.bind import Parts
from ragreason.graph.load import load_graph
from ragreason.graph.open import LateEmbedder
from ragreason.retrieval.build import build_index
from ragreason.settings import load_settings


@pytest.fixture(autouse=True)
def registered() -> None:
    """The real node kinds, not those of the other tests."""


@pytest.fixture
def index(tmp_path: Path) -> Path:
    source = tmp_path / "a.txt"
    source.write_text("The Sallow Bridge was built by Ada Tessing.", encoding="utf-8")
    folder = tmp_path / "index"
    asyncio.run(build_index([source], folder, load_settings(embedder="hashing")))
    return folder


def test_an_index_folder_gives_its_retrievers(
    index: Path, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "settings", lambda: load_settings(embedder="hashing"))
    for kind in ("hybrid", "dense", "bm25"):
        graph = load_graph(
            "naive_rag",
            model=engine,
            index=index,
            retriever=kind,
            overrides=["answer.citations=false"],
            parts=Parts(engines={}),
        )
        engine.capabilities = frozenset({"prefill"})
        done = graph.invoke({"question": "Who built the Sallow Bridge?"})
        assert len(done["evidence"]) == 1
        assert done["answer"].retrieved == tuple(done["evidence"])


def test_an_embedder_is_opened_when_it_is_used(
    monkeypatch: pytest.MonkeyPatch, engine: Any
) -> None:
    monkeypatch.setattr(
        opening, "settings", lambda: load_settings(embedder="/nowhere/at/all", retriever="bm25")
    )
    assert load_graph("direct", model=engine).invoke({"question": "Who?"})["answer"].text
    with pytest.raises(ConfigError):
        asyncio.run(LateEmbedder("/nowhere/at/all").embed(["a"], "query"))


def test_wrong_names_are_named(tmp_path: Path, engine: Any) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown model 'qwen2\.5-05b'; did you mean"):
        load_graph("direct", model="qwen2.5-05b")
    with pytest.raises(IndexFolderError, match="no such index"):
        load_graph("naive_rag", model=engine, index=tmp_path / "none")
    with pytest.raises(ConfigError, match="the retriever 'bm25' needs an index; give --index DIR"):
        load_graph("naive_rag", model=engine, retriever="bm25")
    with pytest.raises(ConfigError, match="give --index DIR"):
        load_graph("naive_rag", model=engine)
    with pytest.raises(ConfigError, match="give --model NAME"):
        load_graph("direct")


def test_the_graph_is_checked_before_anything_is_opened(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown graph"):
        load_graph("naive", model="no such model", index=tmp_path / "none")
