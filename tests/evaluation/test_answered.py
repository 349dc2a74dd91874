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
from ragreason.types import Answer, Hit, Passage, Question, Step, Verdict

QUESTION = Question(id="q", text="Who?")
ILSE = Answer(text="Ilse")
ENDLESS = {"score": float("-inf")}
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


def test_hits_and_verdicts_are_kept_as_json_can_hold_them() -> None:
    verdict = Verdict(score=0.25, label="partial", missing=("where",), reason="half of it")
    events = [
        TraceEvent(kind="search", query="rower", hits=(HIT, HIT.model_copy(update=ENDLESS))),
        TraceEvent(kind="verdict", node="judge", verdict=verdict),
    ]
    search, judged = compact_trace(events)
    assert (search["ids"], search["scores"]) == (["p", "p"], [1.0, None])
    assert (judged["score"], judged["label"], judged["missing"]) == (0.25, "partial", ["where"])
    assert judged["text"] == "half of it"


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
