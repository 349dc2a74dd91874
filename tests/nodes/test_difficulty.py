"""The estimate: known features weigh in, unknown ones count as they usually are."""

from math import exp

import pytest

from ragreason.errors import ConfigError
from ragreason.nodes.difficulty import INTERCEPT, USUAL, WEIGHTS, Difficulty
from ragreason.nodes.features import question_features
from ragreason.state import State, initial
from ragreason.types import Evidence, Hit, Passage, Question

QUESTION = Question(id="q", text="When was Edda Quill born?")


def state(*, confidence: float | None = None, text: str = "", keep: bool = True) -> State:
    found = initial(QUESTION)
    if confidence is not None:
        found["confidence"] = confidence
    if text:
        hit = Hit(passage=Passage(id="p", title="", text=text), score=1.0, rank=1, source="bm25")
        found["evidence"] = {"p": Evidence(hit=hit, keep=keep)}
    return found


async def estimate(given: State, **fit: object) -> float:
    found = await Difficulty("judge", **fit)(given)  # type: ignore[arg-type]
    value: float = found["difficulty"]
    return value


async def test_it_is_the_sigmoid_of_the_weighted_features() -> None:
    found = await estimate(state(confidence=0.25), weights={"doubt": 2.0}, intercept=-1.0)
    assert found == pytest.approx(1 / (1 + exp(-(2.0 * 0.75 - 1.0))))


async def test_without_a_fit_it_goes_by_its_own() -> None:
    features = {**USUAL, **question_features(QUESTION.text)}
    odds = INTERCEPT + sum(weight * features[name] for name, weight in WEIGHTS.items())
    assert await estimate(state()) == pytest.approx(1 / (1 + exp(-odds)))


async def test_a_surer_answer_and_better_evidence_are_easier() -> None:
    unsure, sure = [await estimate(state(confidence=c)) for c in (0.2, 1.0)]
    assert sure < unsure
    lost, found = [await estimate(state(text=t)) for t in ("Sheep.", "Edda Quill was born.")]
    assert found < lost


async def test_passages_that_were_graded_away_do_not_count() -> None:
    assert await estimate(state(text="Sheep.", keep=False)) == await estimate(state())


async def test_every_estimate_lies_between_0_and_1() -> None:
    for weight in (-1e6, 0.0, 1e6):
        found = await estimate(state(confidence=0.5), weights={"doubt": weight}, intercept=0.0)
        assert 0 <= found <= 1


@pytest.mark.parametrize(
    "fit", [{"weights": {"doubt": 1.0}}, {"intercept": 1.0}, {"weights": {}, "intercept": None}]
)
def test_half_a_fit_is_refused(fit: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="both weights and intercept"):
        Difficulty("judge", **fit)  # type: ignore[arg-type]


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ConfigError, match="finite"):
        Difficulty("judge", weights={"doubt": float("nan")}, intercept=0.0)
