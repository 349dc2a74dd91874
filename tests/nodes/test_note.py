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
    "text",
    [
        "Edda Quill is irrelevant.",
        "Edda Quill is not related to the question.",
        "The passage does not say when she was born.",
        "No relevant information.",
        "An architect.",
        "无关",
        "段落没有提到她。",
    ],
)
def test_it_says_that_the_passage_is_irrelevant_or_shares_nothing(text: str) -> None:
    assert note_of(text, "When was the Sallow Bridge built?", QUILL) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Edda Quill",
        QUESTION.text,
        "Edda Quill was born.",
        "Edda Quill was the mother of King Tumbrel of Zanzibar.",
    ],
)
def test_what_repeats_the_question_or_leaves_the_passage_is_no_note(text: str) -> None:
    assert note_of(text, QUESTION.text, QUILL) is None


def test_a_note_is_one_sentence_on_one_line() -> None:
    text = "Edda Quill was born\n in 1874. She was an"
    assert note_of(text, QUESTION.text, QUILL) == "Edda Quill was born in 1874."


@pytest.mark.parametrize(
    ("title", "note"),
    [
        ("Na Hye-sok", "Na Hye-sok painted in Seoul in 1920."),
        ("Irrelevant (album)", "Irrelevant (album) came from Seoul in 1920."),
    ],
)
def test_a_passage_is_not_irrelevant_by_its_title_or_a_name(title: str, note: str) -> None:
    passage = Passage(id="n", title=title, text="It was painted in, and came from, Seoul in 1920.")
    assert note_of(note, "Who painted in Seoul?", passage) == note
    assert note_of(f"{title} is irrelevant.", "Who painted in Seoul?", passage) == ""


async def noted(*rules: tuple[str, str], most: int = 5, least: int = 0) -> dict[str, Evidence]:
    state = initial(QUESTION)
    for rank, passage in enumerate((QUILL, FAIR), 1):
        hit = Hit(passage=passage, score=1.0, rank=rank, source="t")
        state["evidence"][passage.id] = Evidence(hit=hit)
    engine = Scripted(rules=rules, default="", context=120)
    node = Note(name="note", engine=engine, max_passages=most, keep_least=least)
    update = await node(state)
    written: dict[str, Evidence] = update["evidence"]
    return written


async def test_notes_are_excerpts_and_irrelevant_passages_are_not_kept() -> None:
    found = await noted(("architect", " was born in 1874."), ("cattle", " has a fair."))
    assert (found["a"].keep, found["a"].excerpt) == (True, "Edda Quill was born in 1874.")
    assert not found["b"].keep


async def test_the_first_passages_stay_whatever_their_notes_say() -> None:
    found = await noted(("passage", " is irrelevant."), least=1)
    assert (found["a"].keep, found["a"].excerpt) == (True, None)
    assert not found["b"].keep


async def test_a_passage_without_a_note_stays_as_it_is() -> None:
    found = await noted(("cattle", " is irrelevant."))
    assert (found["a"].keep, found["a"].excerpt) == (True, None)


async def test_passages_beyond_the_most_are_not_asked_about() -> None:
    assert set(await noted(("architect", " was born in 1874."), most=1)) == {"a"}


async def test_a_reply_with_its_own_title_is_not_given_another() -> None:
    found = await noted(("architect", "Edda Quill was born in 1874."))
    assert found["a"].excerpt == "Edda Quill was born in 1874."
