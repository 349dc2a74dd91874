from collections.abc import Callable, Sequence

from ragreason.types import Hit, Question, Step, Trajectory
from ragreason.verification.chance import Random

Answering = Callable[[str, Sequence[Hit]], Trajectory]


async def test_scores_are_spread_evenly(question: Question, answering: Answering) -> None:
    items = [answering(str(i), ()) for i in range(2000)]
    scores = sorted(v.score for v in await Random().judge(question, items))
    furthest = max(abs(score - place / 2000) for place, score in enumerate(scores))
    assert furthest < 0.043  # Kolmogorov-Smirnov, p = 0.001


async def test_the_same_text_draws_the_same_score_and_other_seeds_others(
    question: Question, answering: Answering
) -> None:
    items = [answering(a, ()) for a in "aab"]
    first = [v.score for v in await Random().judge(question, items)]
    assert first == [v.score for v in await Random().judge(question, items)]
    assert first[0] == first[1] != first[2]
    assert first != [v.score for v in await Random(seed=1).judge(question, items)]


async def test_evidence_and_cost_play_no_part(question: Question, hits: tuple[Hit, ...]) -> None:
    step = Step(kind="thought", text="x")
    richer = step.model_copy(update={"hits": hits, "logprob": -1.0})
    one, other = await Random().judge(question, [step, richer])
    assert one == other
