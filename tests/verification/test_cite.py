import re

import pytest

from ragreason.corpus import passage
from ragreason.protocols import Embedder
from ragreason.types import Hit, Passage, Question
from ragreason.verification.cite import MAX_CITATIONS, cite, is_short, unmarked


async def test_a_short_answer_cites_its_sentence_then_the_bridge(
    question: Question, hits: tuple[Hit, ...], embedder: Embedder
) -> None:
    cited, citations = await cite(question.text, "Stephen King", hits, embedder)
    assert cited == "Stephen King [1][2]"
    assert [c.number for c in citations] == [1, 2]
    assert [c.title for c in citations] == ["Maximum Overdrive", "Leland, North Carolina"]
    assert citations[0].quote == "It was written and directed by Stephen King."


async def test_offsets_are_those_of_the_document(question: Question, embedder: Embedder) -> None:
    document = (
        "# Films\n\nOld ones. The film shot in Leland was directed by Mia Quill. It is short."
    )
    start = document.index("Old")
    chunk = passage("Films", document[start:], document="films.md", page=2, start=start)
    hit = Hit(passage=chunk, score=1.0, rank=1, source="test")
    _, (citation,) = await cite(question.text, "Mia Quill", [hit], embedder)
    assert document[citation.start : citation.end] == citation.quote
    assert citation.quote == "The film shot in Leland was directed by Mia Quill."
    assert (citation.document, citation.page) == ("films.md", 2)
    assert citation.passage_id == chunk.id


async def test_what_nothing_supports_gets_no_citation(
    question: Question, hits: tuple[Hit, ...], embedder: Embedder
) -> None:
    assert await cite(question.text, "Ada Vex", hits, embedder) == ("Ada Vex", ())
    assert await cite(question.text, "Stephen King", [], embedder) == ("Stephen King", ())
    assert await cite(question.text, "", hits, embedder) == ("", ())


async def test_marks_that_the_model_made_up_are_replaced(
    question: Question, hits: tuple[Hit, ...], embedder: Embedder
) -> None:
    cited, citations = await cite(question.text, "Stephen King [7], [3]", hits[:1], embedder)
    assert re.findall(r"\[(\d+)\]", cited) == [str(c.number) for c in citations] == ["1"]


async def test_a_long_answer_is_cited_sentence_by_sentence(
    question: Question, hits: tuple[Hit, ...], embedder: Embedder
) -> None:
    text = (
        "Maximum Overdrive was written and directed by Stephen King. "
        "Elephants danced in Nairobi at night. Carrie is a novel of 1974 by Stephen King."
    )
    cited, citations = await cite(question.text, text, hits, embedder)
    assert cited == (
        "Maximum Overdrive was written and directed by Stephen King [1]. "
        "Elephants danced in Nairobi at night. Carrie is a novel of 1974 by Stephen King [2]."
    )
    assert [c.title for c in citations] == ["Maximum Overdrive", "Carrie (novel)"]


async def test_one_sentence_keeps_one_number(
    question: Question, hits: tuple[Hit, ...], embedder: Embedder
) -> None:
    text = "Carrie is a novel of 1974 by Stephen King. The novel Carrie of 1974 is by Stephen King."
    cited, citations = await cite(question.text, text, hits, embedder)
    assert cited.count("[1]") == 2
    assert len(citations) == 1


async def test_never_more_than_three_citations(embedder: Embedder) -> None:
    places = ["Rome", "Oslo", "Lima", "Bern", "Kiev"]
    hits = [
        Hit(passage=passage(p, f"Ada Vex lived in {p}."), score=1.0, rank=i, source="test")
        for i, p in enumerate(places, start=1)
    ]
    _, citations = await cite(f"Who lived in {', '.join(places)}?", "Ada Vex", hits, embedder)
    assert len(citations) == MAX_CITATIONS
    assert len({c.passage_id for c in citations}) == MAX_CITATIONS


async def test_yes_is_cited_by_what_was_compared(
    library: dict[str, Passage], hits: tuple[Hit, ...], embedder: Embedder
) -> None:
    _, citations = await cite("Are Carrie and the potato both novels?", "no", hits, embedder)
    assert {c.title for c in citations} == {"Carrie (novel)", "Potato"}


async def test_chinese_answers_are_cited(embedder: Embedder) -> None:
    hit = Hit(
        passage=passage("鲁迅", "鲁迅本名周树人。鲁迅出生于浙江绍兴。"), score=1, rank=1, source="t"
    )
    cited, (citation,) = await cite("鲁迅出生在哪里？", "绍兴", [hit], embedder)
    assert (cited, citation.quote) == ("绍兴 [1]", "鲁迅出生于浙江绍兴。")


@pytest.mark.parametrize(
    "text", ["Paris", "J. R. Smith Jr.", "1969", "the urban landscapes", "绍兴"]
)
def test_short_answers_are_no_statements(text: str) -> None:
    assert is_short(text)


def test_statements_are_not_short() -> None:
    assert not is_short("Stephen King directed Maximum Overdrive.")
    assert not is_short(" ".join(["word"] * 20))


def test_unmarked_drops_every_form_of_mark() -> None:
    assert unmarked("A b [1]. C [2, 3][4] d.") == "A b. C d."
