"""What counts as a reading note."""

import pytest

from ragreason.generation.scripted import Scripted
from ragreason.nodes.note import Note, note_of
from ragreason.state import initial
from ragreason.types import Evidence, Hit, Passage, Question

QUESTION = Question(id="q", text="When was Edda Quill born?")
QUILL = Passage(id="a", title="Edda Quill", text="Edda Quill, an architect, was born in 1874.")
FAIR = Passage(id="b", title="Harrowby", text="Harrowby has a cattle fair.")


@pytest.mark.parametrize(
    "reply",
    [
        "irrelevant",
        "Irrelevant.",
        '"irrelevant"',
        "The passage does not say when she was born.",
        "No relevant information.",
        "None",
        "无关",
        "段落没有提到她。",
    ],
)
def test_it_says_that_the_passage_is_irrelevant(reply: str) -> None:
    assert note_of(reply, QUESTION.text, QUILL) == ""


@pytest.mark.parametrize(
    "reply",
    [
        "",
        QUESTION.text,
        "Edda Quill was born.",
        "She was the mother of King Tumbrel of Zanzibar.",
    ],
)
def test_what_repeats_the_question_or_leaves_the_passage_is_no_note(reply: str) -> None:
    assert note_of(reply, QUESTION.text, QUILL) is None


def test_a_note_is_on_one_line() -> None:
    assert note_of("She was born\n in 1874. ", QUESTION.text, QUILL) == "She was born in 1874."


async def noted(*rules: tuple[str, str], most: int = 5) -> dict[str, Evidence]:
    state = initial(QUESTION)
    for rank, passage in enumerate((QUILL, FAIR), 1):
        hit = Hit(passage=passage, score=1.0, rank=rank, source="t")
        state["evidence"][passage.id] = Evidence(hit=hit)
    engine = Scripted(rules=rules, default="", context=120)
    update = await Note(name="note", engine=engine, max_passages=most)(state)
    written: dict[str, Evidence] = update["evidence"]
    return written


async def test_notes_are_excerpts_and_irrelevant_passages_are_not_kept() -> None:
    found = await noted(("architect", "Note: She was born in 1874."), ("cattle", "irrelevant"))
    assert (found["a"].keep, found["a"].excerpt) == (True, "She was born in 1874.")
    assert not found["b"].keep


async def test_where_none_is_relevant_all_stay() -> None:
    assert await noted(("passage", "irrelevant")) == {}


async def test_a_passage_without_a_note_stays_as_it_is() -> None:
    found = await noted(("cattle", "irrelevant"))
    assert (found["a"].keep, found["a"].excerpt) == (True, None)


async def test_passages_beyond_the_most_are_not_asked_about() -> None:
    assert set(await noted(("architect", "She was born in 1874."), most=1)) == {"a"}
