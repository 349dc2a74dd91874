import pytest

from ragreason.evaluation.answered import (
    Answered,
    answered,
    compact_trace,
    found_in,
    from_callable,
)
from ragreason.events import TraceEvent
from ragreason.runner import Run
from ragreason.types import Answer, Hit, Passage, Question, Step

QUESTION = Question(id="q", text="Who?")
ILSE = Answer(text="Ilse")
HIT = Hit(passage=Passage(id="p", title="Ilse", text="x"), score=1.0, rank=1, source="bm25")


def test_searches_and_steps_are_kept_and_tokens_are_not() -> None:
    step = Step(kind="answer", text="Answer: Ilse", answer="Ilse")
    events = [
        TraceEvent(kind="node", node="retrieve", text="started"),
        TraceEvent(kind="search", node="retrieve", query="rower", hits=(HIT,)),
        TraceEvent(kind="token", text="An"),
        TraceEvent(kind="thinking", text="Hm."),
        TraceEvent(kind="difficulty", node="judge", text="0.3"),
        TraceEvent(kind="step", node="solve", step=step),
        TraceEvent(kind="forced", node="answer", text="tokens"),
    ]
    assert [(e["kind"], e["query"], e["titles"], e["text"]) for e in compact_trace(events)] == [
        ("search", "rower", ["Ilse"], ""),
        ("thinking", "", [], "Hm."),
        ("difficulty", "", [], "0.3"),
        ("answer", "", [], "Answer: Ilse"),
        ("forced", "", [], "tokens"),
    ]


def test_passages_are_those_of_searches_and_steps_once_each() -> None:
    other = HIT.model_copy(update={"passage": Passage(id="r", title="Otto", text="y")})
    step = Step(kind="search", text="", query="brother", hits=(HIT, other))
    events = [
        TraceEvent(kind="search", query="rower", hits=(HIT,)),
        TraceEvent(kind="step", step=step, hits=step.hits),
    ]
    assert [p.id for p in found_in(events)] == ["p", "r"]
    assert answered(Run(QUESTION, ILSE, tuple(events))).passages == found_in(events)


@pytest.mark.parametrize(
    "given",
    [
        "Ilse",
        Answer(text="Ilse"),
        Answered(Answer(text="Ilse")),
        Run(QUESTION, Answer(text="Ilse")),
    ],
)
async def test_any_function_of_a_question_will_do(given: object) -> None:
    async def later(question: Question) -> object:
        return given

    assert (await from_callable(lambda q: given)(QUESTION)).answer.text == "Ilse"
    assert (await from_callable(later)(QUESTION)).answer.text == "Ilse"


def test_anything_else_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a text, an Answer or a Run"):
        answered(7)  # type: ignore[arg-type]
