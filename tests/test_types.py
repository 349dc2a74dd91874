"""The values: frozen, closed, and right in what they derive."""

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from ragreason.types import (
    Budget,
    Completion,
    Hit,
    Passage,
    Question,
    Request,
    Step,
    Trajectory,
    Usage,
)

usages = st.builds(
    Usage,
    prompt_tokens=st.integers(0, 99),
    cached_tokens=st.none() | st.integers(0, 99),
    completion_tokens=st.integers(0, 99),
    verifier_tokens=st.integers(0, 99),
    calls=st.integers(0, 9),
    retrievals=st.integers(0, 9),
)


def hit(passage_id: str, query: str = "") -> Hit:
    passage = Passage(id=passage_id, title="", text=passage_id)
    return Hit(passage=passage, score=1.0, rank=1, source="bm25", query=query)


def test_values_are_frozen() -> None:
    question = Question(id="1", text="Who?")
    with pytest.raises(ValidationError, match="frozen"):
        question.text = "Where?"  # type: ignore[misc]


def test_values_refuse_unknown_fields() -> None:
    with pytest.raises(ValidationError, match="extra"):
        Question.model_validate({"id": "1", "text": "Who?", "answer": "Alan"})


@given(usages, usages, usages)
def test_usage_sums_like_numbers(a: Usage, b: Usage, c: Usage) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Usage() == a
    assert (a + b).tokens == a.tokens + b.tokens


def test_unknown_cached_tokens_stay_unknown_until_an_engine_tells() -> None:
    assert (Usage() + Usage()).cached_tokens is None
    assert (Usage(cached_tokens=0) + Usage()).cached_tokens == 0
    assert (Usage(cached_tokens=3) + Usage(cached_tokens=4)).cached_tokens == 7


def test_logprobs_sum_and_mean() -> None:
    completion = Completion(text="ab", logprobs=(-1.0, -2.0))
    assert completion.sum_logprob == -3.0
    assert completion.mean_logprob == -1.5


def test_no_logprobs_is_none_and_no_tokens_has_no_mean() -> None:
    assert Completion(text="a").sum_logprob is None
    assert Completion(text="a").mean_logprob is None
    assert Completion(text="", logprobs=()).sum_logprob == 0
    assert Completion(text="", logprobs=()).mean_logprob is None


def test_extending_a_trajectory_leaves_the_old_one_alone() -> None:
    short = Trajectory(steps=(Step(kind="thought", text="t"),))
    long = short.extended(Step(kind="answer", text="a", answer="42"))
    assert len(short.steps) == 1
    assert long.steps[:1] == short.steps
    assert (short.answer, long.answer) == (None, "42")


def test_the_last_answer_counts_and_a_truncated_one_does_not() -> None:
    first = Step(kind="answer", text="a", answer="first")
    last = Step(kind="answer", text="b", answer="last")
    cut = Step(kind="answer", text="c", answer="cut", truncated=True)
    assert Trajectory(steps=(first, last, cut)).answer == "last"
    assert Trajectory(steps=(cut,)).answer is None


def test_an_empty_answer_is_an_answer() -> None:
    assert Trajectory(steps=(Step(kind="answer", text="", answer=""),)).answer == ""


def test_hits_are_distinct_and_keep_the_first() -> None:
    one = Step(kind="search", text="s", hits=(hit("a", "q1"), hit("b", "q1")))
    two = Step(kind="search", text="s", hits=(hit("c", "q2"), hit("a", "q2")))
    found = Trajectory(steps=(one, two)).hits
    assert [(h.passage.id, h.query) for h in found] == [("a", "q1"), ("b", "q1"), ("c", "q2")]


@pytest.mark.parametrize(
    "bad", [{"n": 0}, {"max_tokens": 0}, {"temperature": -0.1}, {"top_p": 0.0}, {"top_p": 1.1}]
)
def test_requests_refuse_what_no_engine_can_do(bad: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=next(iter(bad))):
        Request.model_validate({"messages": (), **bad})


@pytest.mark.parametrize(
    "bad", [{"steps": 0}, {"tokens": 0}, {"calls": 0}, {"seconds": 0.0}, {"retrievals": -1}]
)
def test_budgets_refuse_bounds_that_leave_nothing(bad: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=next(iter(bad))):
        Budget.model_validate(bad)


def test_a_budget_may_forbid_retrieval() -> None:
    assert Budget(retrievals=0).retrievals == 0
