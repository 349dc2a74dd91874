import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.errors import ConfigError, CorpusError, IndexFolderError
from ragreason.index.folder import open_index
from ragreason.protocols import EmbedKind, Floats
from ragreason.retrieval.build import add_documents, build_index, delete_documents
from ragreason.retrieval.open import open_retriever
from ragreason.settings import Settings

Write = Callable[..., Path]
LAKE, HILL, BOAT = ("Lake", "A deep lake."), ("Hill", "A high hill."), ("Boat", "A red boat.")


class Counting(HashingEmbedder):
    def __init__(self, dim: int = 64) -> None:
        super().__init__(dim)
        self.texts: list[str] = []

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        self.texts += texts
        return await super().embed(texts, kind)


@pytest.fixture
def embedder() -> Counting:
    return Counting()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "index"


def titles(out: Path) -> list[str]:
    passages = open_index(out, verify=True).passages
    return [passages[row].title for row in range(passages.searchable)]


async def test_building_again_embeds_only_what_changed(
    out: Path, write: Write, embedder: Counting
) -> None:
    first = await build_index([write("r.jsonl", LAKE, HILL)], out, embedder=embedder)
    assert first.embedded == 2
    embedder.texts.clear()
    again = await build_index([write("r.jsonl", BOAT, LAKE, HILL)], out, embedder=embedder)
    assert embedder.texts == ["Boat\nA red boat."]
    assert again.embedded == 1
    assert titles(out) == ["Boat", "Lake", "Hill"]
    vectors = open_index(out).vectors
    fresh = await HashingEmbedder(64).embed([f"{t}\n{x}" for t, x in (BOAT, LAKE, HILL)], "passage")
    assert np.array_equal(vectors, fresh)


async def test_an_unchanged_corpus_gives_the_same_index(
    out: Path, write: Write, embedder: Counting
) -> None:
    path = write("r.jsonl", LAKE, HILL)
    first = await build_index([path], out, embedder=embedder)
    assert (await build_index([path], out, embedder=embedder)).manifest == first.manifest


async def test_another_embedder_embeds_everything_anew(out: Path, write: Write) -> None:
    path = write("r.jsonl", LAKE, HILL)
    await build_index([path], out, embedder=Counting(64))
    built = await build_index([path], out, embedder=Counting(128))
    assert (built.embedded, built.manifest.dim) == (2, 128)


async def test_a_damaged_index_is_built_anew(out: Path, write: Write, embedder: Counting) -> None:
    path = write("r.jsonl", LAKE, HILL)
    built = await build_index([path], out, embedder=embedder)
    (out / built.manifest.data / "vectors.npy").write_bytes(b"nonsense")
    assert (await build_index([path], out, embedder=embedder)).embedded == 2
    assert titles(out) == ["Lake", "Hill"]


async def test_documents_are_added_and_replaced(
    out: Path, write: Write, embedder: Counting
) -> None:
    await build_index([write("a.jsonl", LAKE, HILL)], out, embedder=embedder)
    embedder.texts.clear()
    added = await add_documents([write("b.jsonl", BOAT)], out, embedder=embedder)
    assert (added.embedded, titles(out)) == (1, ["Lake", "Hill", "Boat"])
    await add_documents([write("a.jsonl", ("Lake", "Shallow now."))], out, embedder=embedder)
    assert titles(out) == ["Boat", "Lake"]
    assert embedder.texts == ["Boat\nA red boat.", "Lake\nShallow now."]


async def test_documents_are_deleted_by_id_or_file(
    out: Path, write: Write, embedder: Counting
) -> None:
    a, b = write("a.jsonl", LAKE, HILL), write("b.jsonl", BOAT)
    await build_index([a, b], out, embedder=embedder)
    before = dict(zip(titles(out), open_index(out).vectors, strict=True))
    await delete_documents([f"{a}#Lake"], out)
    assert titles(out) == ["Hill", "Boat"]
    assert np.array_equal(open_index(out).vectors, [before["Hill"], before["Boat"]])
    await delete_documents([str(b)], out)
    assert titles(out) == ["Hill"]
    assert len(open_index(out).manifest.sources) == 1


async def test_what_is_not_there_is_not_deleted(
    out: Path, write: Write, embedder: Counting
) -> None:
    path = write("a.jsonl", LAKE)
    await build_index([path], out, embedder=embedder)
    with pytest.raises(IndexFolderError, match="holds no document 'other'"):
        await delete_documents(["other"], out)
    with pytest.raises(IndexFolderError, match="nothing would be left"):
        await delete_documents([str(path)], out)


async def test_a_passage_of_two_documents_outlives_the_first(
    out: Path, write: Write, embedder: Counting
) -> None:
    a, b = write("a.jsonl", LAKE, HILL), write("b.jsonl", BOAT, LAKE)
    built = await build_index([a, b], out, embedder=embedder)
    assert (built.manifest.passages, built.manifest.duplicates) == (3, 1)
    assert len(embedder.texts) == 3
    await delete_documents([str(a)], out)
    assert titles(out) == ["Boat", "Lake"]
    assert open_index(out).manifest.duplicates == 0


async def test_long_documents_are_cut_by_the_settings_and_whole_ones_not(
    tmp_path: Path, out: Path, embedder: Counting
) -> None:
    path = tmp_path / "long.txt"
    path.write_text(" ".join(f"Lake number {i} is deep." for i in range(40)), encoding="utf-8")
    small = Settings(chunk_tokens=32, chunk_overlap=8)
    assert (await build_index([path], out, small, embedder)).manifest.passages > 5
    whole = await build_index([path], out, small, embedder, whole=True)
    assert whole.manifest.passages == 1
    with pytest.raises(ConfigError, match="chunk_overlap is 40"):
        await build_index([path], out, Settings(chunk_tokens=32, chunk_overlap=40), embedder)


async def test_an_empty_corpus_is_one_clear_line(
    tmp_path: Path, out: Path, embedder: Counting
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    with pytest.raises(CorpusError, match=r"no text found, nothing to index$"):
        await build_index([folder], out, embedder=embedder)
    (folder / "x.png").write_bytes(b"\0")
    with pytest.raises(CorpusError, match=r"\(1 left out, such as .*x\.png: no known kind"):
        await build_index([folder], out, embedder=embedder)
    with pytest.raises(CorpusError, match="no files given"):
        await build_index([], out, embedder=embedder)
    assert "index" not in {path.name for path in tmp_path.glob("*")}  # noqa: ASYNC240


async def test_a_bad_target_is_found_before_anything_is_read(
    tmp_path: Path, embedder: Counting
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(IndexFolderError, match="holds other things"):
        await build_index([tmp_path / "missing.txt"], tmp_path, embedder=embedder)


async def test_adding_with_another_embedder_is_refused(out: Path, write: Write) -> None:
    path = write("a.jsonl", LAKE)
    await build_index([path], out, embedder=Counting(64))
    with pytest.raises(IndexFolderError, match="made by embedder 'hashing-64'"):
        await add_documents([path], out, embedder=Counting(128))


async def test_progress_ends_complete(out: Path, write: Write, embedder: Counting) -> None:
    seen: list[tuple[int, int]] = []
    await build_index(
        [write("a.jsonl", LAKE, HILL)],
        out,
        embedder=embedder,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(2, 2)]


class Slow(HashingEmbedder):
    """Lets another process add a document while it embeds."""

    def __init__(self, out: Path, path: Path) -> None:
        super().__init__(64)
        self.out, self.path = out, path

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        await add_documents([self.path], self.out, embedder=HashingEmbedder(64))
        return await super().embed(texts, kind)


async def test_of_two_changes_at_once_none_is_lost(
    out: Path, write: Write, embedder: Counting
) -> None:
    await build_index([write("lake.jsonl", LAKE)], out, embedder=embedder)
    slow = Slow(out, write("hill.jsonl", HILL))
    with pytest.raises(IndexFolderError, match="changed this index meanwhile; run the command"):
        await add_documents([write("boat.jsonl", BOAT)], out, embedder=slow)
    assert titles(out) == ["Lake", "Hill"]


@pytest.mark.parametrize("kind", ["bm25", "dense", "hybrid"])
async def test_a_text_in_two_documents_is_found_by_the_metadata_of_each(
    out: Path, tmp_path: Path, kind: str
) -> None:
    rows = [{"id": y, "text": "A deep lake.", "year": y} for y in (1990, 1991)]
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    await build_index([path], out, embedder=HashingEmbedder(64))
    retriever = open_retriever(out, kind, embedder=HashingEmbedder(64))
    for year in (1990, 1991):
        ((hit,),) = await retriever.retrieve(["lake"], 5, {"year": year})
        assert hit.passage.metadata == {"year": year}
        assert hit.passage.document.endswith(f"#{year}")
    assert await retriever.retrieve(["lake"], 5, {"year": 1992}) == [[]]
    await delete_documents([f"{path}#1990"], out)
    left = open_retriever(out, kind, embedder=HashingEmbedder(64))
    assert await left.retrieve(["lake"], 5, {"year": 1990}) == [[]]
    assert len((await left.retrieve(["lake"], 5, {"year": 1991}))[0]) == 1
