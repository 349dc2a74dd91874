"""A language model as the judge: the probability of its "yes"."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from typing import ClassVar

from ragreason.concurrency import all_or_none
from ragreason.errors import CapabilityError
from ragreason.protocols import Aggregation, Capability, Costs, Generator, Item, Judges
from ragreason.text.language import language
from ragreason.types import Hit, Question, Verdict
from ragreason.verification.calibration import fit_logistic, platt
from ragreason.verification.reading import fitting, trajectory_of
from ragreason.verification.rubric import YES_NO, Rubric, grade, probability, rubric

_EDGE = 1e-6
_LIKELY = 20
_TOLD: frozenset[Capability] = frozenset({"top_logprobs", "first_tokens"})


@dataclass(frozen=True)
class Judge:
    """Asks the engine whether the answer is right, or, of an unfinished trajectory, its last step.

    The score is the probability of "yes" against "no" as replies, from the engine's `score`; on
    engines without, from the log-probabilities of one generated token. With `generative` it is a
    tenth of a grade from 0 to 10 that the engine gives with a reason, as JSON; a reply that can't
    be read is a VerifierError, never a score. sigmoid(`slope` * log-odds + `intercept`) calibrates
    either: see `calibrated`. An end that says nothing scores 0. Equal rubrics are asked once, all
    in flight together; where a prompt overflows, oldest passages are left out.

    Source: P(True), arXiv 2207.05221; arXiv 2306.05685 for grades. Raises CapabilityError for an
    engine that gives no probabilities (or no JSON, if `generative`).
    """

    judges: ClassVar[frozenset[Judges]] = frozenset({"prefix", "trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "mean"
    costs: ClassVar[Costs] = "generation"

    engine: Generator
    generative: bool = False
    slope: float = 1.0
    intercept: float = 0.0

    def __post_init__(self) -> None:
        """Check what the engine can do."""
        able = self.engine.capabilities
        needed = {"json_schema"} if self.generative else {"score", "logprobs"}
        if not needed & able:
            wanted = " or ".join(sorted(needed))
            raise CapabilityError(
                f"judge needs an engine with {wanted}; '{self.engine.name}' has "
                f"{', '.join(sorted(able)) or 'neither'}"
            )

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order."""
        rubrics = [rubric(trajectory_of(item, "judge")) for item in items]
        distinct = {asked.key: asked for asked in rubrics if asked is not None}
        verdicts = await all_or_none(self._verdict(question.text, r) for r in distinct.values())
        known = dict(zip(distinct, verdicts, strict=True))
        silent = Verdict(score=0.0, label="none", reason="nothing is said that could be judged")
        return [silent if asked is None else known[asked.key] for asked in rubrics]

    async def _verdict(self, question: str, asked: Rubric) -> Verdict:
        async def call(hits: Sequence[Hit]) -> Verdict:
            if self.generative:
                (reply,) = await self.engine.generate(asked.graded(question, hits))
                score, reason = grade(reply)
                return Verdict(score=self._mapped(score), reason=reason)
            score = await self._probability(question, asked, hits)
            return Verdict(score=self._mapped(score), reason=f"probability of yes {score:.2f}")

        return await fitting(asked.hits, call)

    async def _probability(self, question: str, asked: Rubric, hits: Sequence[Hit]) -> float:
        request = asked.yes_or_no(question, hits)
        words = YES_NO[language(question)]
        if "score" in self.engine.capabilities:
            yes, no = await self.engine.score(request, words)
            return platt(yes - no, 1.0, 0.0)
        many = _LIKELY if _TOLD & self.engine.capabilities else 0
        update = {"max_tokens": 1, "logprobs": True, "top_logprobs": many}
        (reply,) = await self.engine.generate(request.model_copy(update=update))
        return probability(reply, words)

    def _mapped(self, score: float) -> float:
        if (self.slope, self.intercept) == (1.0, 0.0):
            return score
        return platt(log_odds(score), self.slope, self.intercept)


def log_odds(score: float) -> float:
    """ln(p / (1 - p)), in nats; p is kept 1e-6 away from 0 and 1. 0.5 gives 0."""
    p = min(1.0 - _EDGE, max(_EDGE, score))
    return log(p / (1.0 - p))


def calibrated(judge: Judge, scores: Sequence[float], right: Sequence[bool]) -> Judge:
    """The judge, its map fitted so that scores like these `scores` of its are the probability that
    what it judged is right. Raises ConfigError where all are right or all wrong.
    """
    (weight,), intercept = fit_logistic([[log_odds(score)] for score in scores], right)
    return replace(
        judge, slope=weight * judge.slope, intercept=weight * judge.intercept + intercept
    )
