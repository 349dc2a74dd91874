"""A document whole, by what the model was shown of it."""

import asyncio

import pytest

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.errors import ToolError
from ragreason.index.folder import IndexFolder, open_index
from ragreason.index.passages import PassageStore
from ragreason.retrieval.build import build_index
from ragreason.tools.open_document import OpenDocument
from ragreason.types import Hit, Passage

LONG = "\n\n".join(f"Section {n} of the chronicle. " + "It goes on and on. " * 60 for n in range(5))


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> IndexFolder:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "chronicle.md").write_text(f"# Chronicle\n\n{LONG}\n", encoding="utf-8")
    (folder / "bridge.md").write_text("# Sallow Bridge\n\nEdda Quill built it.\n", encoding="utf-8")
    (folder / "year.md").write_text("# 1984\n\nA novel.\n", encoding="utf-8")
    out = tmp_path_factory.mktemp("index") / "index"
    asyncio.run(build_index([folder], out, embedder=HashingEmbedder()))
    return open_index(out)


def shown(index: IndexFolder, *titles: str) -> list[Hit]:
    rows = [index.passages.titled(title)[-1] for title in titles]
    passages = [index.passages[row] for row in rows]
    return [Hit(passage=p, score=1.0, rank=i, source="t") for i, p in enumerate(passages, 1)]


async def test_a_number_opens_the_document_that_the_passage_is_of(index: IndexFolder) -> None:
    tool = OpenDocument(index, max_chars=100_000)
    before = shown(index, "Sallow Bridge", "Chronicle")
    result = await tool.run({"document": "[2]"}, before)
    texts = [hit.passage.text for hit in result.hits]
    assert len(texts) > 2
    assert "Section 0" in texts[0]
    assert "Section 4" in " ".join(texts)
    assert len({hit.passage.document for hit in result.hits}) == 1
    assert result.text == ""


@pytest.mark.parametrize("named", ["sallow bridge", "  Sallow   Bridge ", "1"])
async def test_a_title_opens_it_whatever_its_letter_case(index: IndexFolder, named: str) -> None:
    (hit,) = (
        await OpenDocument(index).run({"document": named}, shown(index, "Sallow Bridge"))
    ).hits
    assert hit.passage.title == "Sallow Bridge"
    assert (hit.rank, hit.source) == (1, "open_document")


async def test_a_title_that_was_not_shown_is_found_in_the_corpus(index: IndexFolder) -> None:
    (hit,) = (await OpenDocument(index).run({"document": "SALLOW BRIDGE"}, ())).hits
    assert hit.passage.title == "Sallow Bridge"


async def test_a_title_may_be_a_number(index: IndexFolder) -> None:
    (hit,) = (await OpenDocument(index).run({"document": "1984"}, ())).hits
    assert hit.passage.text.startswith("A novel")


async def test_a_long_document_is_cut_at_a_passage_and_says_so(index: IndexFolder) -> None:
    result = await OpenDocument(index, max_chars=1500).run({"document": "Chronicle"}, ())
    assert "more passages of it are left out" in result.text
    assert 1 <= len(result.hits) < len(index.passages.titled("Chronicle"))


async def test_a_first_passage_longer_than_the_room_is_still_shown(index: IndexFolder) -> None:
    result = await OpenDocument(index, max_chars=100).run({"document": "Chronicle"}, ())
    assert len(result.hits) == 1


@pytest.mark.parametrize("named", ["[9]", "0", "Nowhere", "x" * 300])
async def test_what_is_not_there_is_told_shortly(index: IndexFolder, named: str) -> None:
    with pytest.raises(ToolError, match="no document") as caught:
        await OpenDocument(index).run({"document": named}, shown(index, "Chronicle"))
    assert len(str(caught.value)) < 150


async def test_only_the_passages_that_fit_are_read(
    index: IndexFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    whole = PassageStore.__getitem__

    def counted(store: PassageStore, row: int) -> Passage:
        read.append(row)
        return whole(store, row)

    monkeypatch.setattr(PassageStore, "__getitem__", counted)
    await OpenDocument(index, max_chars=100).run({"document": "Chronicle"}, ())
    assert len(read) == 3  # the one of the title, the first that is shown, and one that is too long


async def test_a_passage_of_no_document_here_is_shown_alone(index: IndexFolder) -> None:
    foreign = Passage(id="x", title="", text="From elsewhere.")
    hits = [Hit(passage=foreign, score=1.0, rank=1, source="t")]
    (hit,) = (await OpenDocument(index).run({"document": "1"}, hits)).hits
    assert hit.passage == foreign
