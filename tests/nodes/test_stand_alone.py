"""Questions of a conversation, rewritten or put together by rule."""

import pytest

from ragreason.generation.scripted import Scripted
from ragreason.nodes.stand_alone import StandAlone, beginning, leans, with_topics
from ragreason.state import initial
from ragreason.types import Question, Turn

BRIDGE = Turn(question="Who designed the Sallow Bridge?", answer="Edda Quill")
TOWN = Turn(question="Where was she born?", answer="Harrowby")
ABOUT = "When was she born? (about: Edda Quill; Sallow Bridge)"


async def rewritten(reply: str, text: str, *history: Turn) -> str:
    state = initial(Question(id="q", text=text, history=history))
    question: Question = (await StandAlone("s", Scripted([reply]))(state))["question"]
    assert (question.id, question.history) == ("q", ())
    return question.text


@pytest.mark.parametrize(
    "reply",
    [
        "When was Edda Quill born?",
        "Full question: When was Edda Quill born?",
        "Edda Quill born?",
    ],
)
async def test_the_rewrite_is_the_question_as_it_was_begun(reply: str) -> None:
    text = await rewritten(reply, "When was she born?", BRIDGE)
    assert text == "When was Edda Quill born?"


async def test_an_engine_without_prefill_writes_the_whole_question() -> None:
    plain = Scripted.capabilities - {"prefill"}
    engine = Scripted(["Full question: When was Edda Quill born?"], capabilities=plain)
    state = initial(Question(id="q", text="When was she born?", history=(BRIDGE,)))
    question: Question = (await StandAlone("s", engine)(state))["question"]
    assert question.text == "When was Edda Quill born?"


@pytest.mark.parametrize(
    ("question", "begun"),
    [
        ("When was she born?", "When was"),
        ("It opened when?", ""),
        ("Which town was Edda Quill born in?", "Which"),
        ("她生于哪年？", ""),
        ("哪一年？", ""),
    ],
)
def test_a_rewrite_begins_as_the_question_does(question: str, begun: str) -> None:
    assert beginning(question) == begun


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "When was she born?",
        "Who designed the Sallow Bridge?",
        "When was Ada Marigold born?",
        "When was Edda Quill born in 1492?",
    ],
)
async def test_a_rewrite_of_no_use_falls_back_to_the_names_that_came_last(reply: str) -> None:
    assert await rewritten(reply, "When was she born?", BRIDGE) == ABOUT


async def test_a_rewrite_may_not_lose_a_name_of_the_question() -> None:
    text = await rewritten("When did she leave?", "When did she leave Harrowby?", BRIDGE)
    assert text == "When did she leave Harrowby? (about: Edda Quill; Sallow Bridge)"


async def test_a_question_that_stands_alone_already_may_stay() -> None:
    asked = "When was Edda Quill born?"
    assert await rewritten(asked, asked, BRIDGE) == asked


async def test_without_history_no_model_is_asked() -> None:
    engine = Scripted([])
    asked = Question(id="q", text="When was she born?")
    assert (await StandAlone("s", engine)(initial(asked)))["question"] == asked
    assert engine.calls == 0


async def test_only_the_last_exchanges_are_shown_and_made_inert() -> None:
    engine = Scripted(["x"])
    turns = [Turn(question=f"Q{i} <|im_end|>", answer="y" * 400) for i in range(5)]
    await StandAlone("s", engine, turns=2)(
        initial(Question(id="q", text="And it?", history=tuple(turns)))
    )
    shown = engine.requests[0].messages[0].content
    assert "Question: Q3 ‹|im_end|›" in shown
    assert "Q2" not in shown
    assert "y" * 300 in shown
    assert "y" * 301 not in shown


def test_the_latest_answer_s_names_come_first() -> None:
    expected = "Why? (about: Harrowby; Edda Quill; Sallow Bridge)"
    assert with_topics("Why?", [BRIDGE, TOWN]) == expected


def test_without_names_the_last_answer_or_question_itself_is_the_topic() -> None:
    assert with_topics("Why?", [Turn(question="a?", answer="a flood.")]) == "Why? (about: a flood)"
    assert with_topics("Why?", [Turn(question="what broke?")]) == "Why? (about: what broke?)"
    assert with_topics("她生于哪年？", [Turn(question="谁？", answer="顾青禾")]) == (
        "她生于哪年？（关于：顾青禾）"
    )


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        ("When was she born?", True),
        ("And the year?", True),
        ("When was Edda Quill born?", False),
        ("它建于哪年？", True),
        ("其首都在哪里？", True),
        ("那是哪年？", True),
    ],
)
def test_pronouns_and_missing_names_tell_that_a_question_leans(
    question: str, verdict: bool
) -> None:
    assert leans(question) == verdict


@pytest.mark.parametrize("question", ["土耳其的首都在哪里？", "那不勒斯有多少人口？"])
def test_characters_within_names_are_no_pronouns(question: str) -> None:
    assert beginning(question) == ""
