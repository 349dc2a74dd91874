"""How likely is the answer to a model that reads the trajectory's evidence?"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import exp
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ragreason.concurrency import all_or_none
from ragreason.errors import ContextOverflowError
from ragreason.protocols import Aggregation, Capability, Costs, Generator, Item, Judges
from ragreason.text.answers import canonical_answer
from ragreason.text.language import language
from ragreason.types import Hit, Question, Request, Trajectory, Verdict
from ragreason.verification.reading import answer_of, fitting, ids, inert, reading, trajectory_of

_NOTHING = {"en": "No relevant information found", "zh": "没有找到相关信息"}
_CLOSED = frozenset({"yes", "no"})


@dataclass(frozen=True)
class _Given:
    """What an answer is read from, and the answers that are."""

    hits: tuple[Hit, ...]
    notes: tuple[str, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Likelihood:
    """Scores a trajectory by exp of its answer's mean log-probability per token, in [0, 1].

    The answer continues the prompt that reads the trajectory's passages (`given` "evidence"), or
    those and the thoughts before the answer ("chain"), or these alone ("thoughts"); without any,
    the bare question. With a `penalty` the score is multiplied by 1 - penalty * p, p being the same
    of the reply "no relevant information found". With `of` "nothing" the score is 1 - p alone,
    whatever the answer, also where it is left to a later node: CoRAG's own. All answers to one
    prompt are one call, equal ones scored once. Otherwise score 0 where there is no answer. Where
    the prompt overflows, each answer is scored alone, without the oldest passages that leave it no
    room.

    Source: CoRAG, arXiv 2501.14342; the normalisation by length is ours. It favours the beginning
    of a name over the whole: the end of the reply is not scored. A mean of -0.5 nats gives 0.61.
    """

    judges: ClassVar[frozenset[Judges]] = frozenset({"trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "last"
    costs: ClassVar[Costs] = "scoring"
    needs: ClassVar[frozenset[Capability]] = frozenset({"score"})

    engine: Generator
    given: Literal["evidence", "chain", "thoughts"] = "evidence"
    of: Literal["answer", "nothing"] = "answer"
    penalty: Annotated[float, Field(ge=0, le=1)] = 0.0

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order; all prompts in flight together."""
        ends = [trajectory_of(item, "likelihood") for item in items]
        places: dict[tuple[tuple[str, ...], tuple[str, ...]], list[int]] = {}
        for place, end in enumerate(ends):
            if said(end) or self.of == "nothing":
                places.setdefault((ids(self._hits(end)), self._notes(end)), []).append(place)
        groups = [
            _Given(self._hits(ends[at[0]]), notes, tuple(dict.fromkeys(said(ends[p]) for p in at)))
            for (_, notes), at in places.items()
        ]
        found = await all_or_none(self._group(question.text, group) for group in groups)
        verdicts = [Verdict(score=0.0, label="none", reason="there is no answer")] * len(items)
        for at, known in zip(places.values(), found, strict=True):
            for place in at:
                verdicts[place] = known[said(ends[place])]
        return verdicts

    def _hits(self, trajectory: Trajectory) -> tuple[Hit, ...]:
        return () if self.given == "thoughts" else trajectory.hits

    def _notes(self, trajectory: Trajectory) -> tuple[str, ...]:
        if self.given == "evidence":
            return ()
        thoughts = [inert(s.text) for s in trajectory.steps if s.kind != "answer"]
        return tuple(thought for thought in thoughts if thought)

    async def _group(self, question: str, group: _Given) -> dict[str, Verdict]:
        lang = language(question)
        scored = group.answers if self.of == "answer" else ()
        answers = (*scored, *([_NOTHING[lang]] if self.penalty or not scored else []))
        gap = " " if lang == "en" else ""

        async def call(hits: Sequence[Hit], texts: Sequence[str] = answers) -> list[float]:
            request = reading(question, hits, group.notes)
            return await mean_logprobs(self.engine, request, [gap + text for text in texts])

        try:
            means = await call(group.hits)
        except ContextOverflowError:  # one long answer must not cost the others their evidence
            alone = [fitting(group.hits, partial(call, texts=[text])) for text in answers]
            means = [mean for (mean,) in await all_or_none(alone)]
        if self.of == "nothing":
            verdict = _unlike_nothing(means[-1])
            return dict.fromkeys(group.answers, verdict)
        lost = self.penalty * exp(means[-1]) if self.penalty else 0.0
        return {
            answer: Verdict(
                score=exp(mean) * (1.0 - lost),
                reason=f"mean log-probability {mean:.2f} per token"
                + (f", times {1.0 - lost:.2f} for the chance of nothing found" if lost else ""),
            )
            for answer, mean in zip(group.answers, means, strict=False)
        }


def _unlike_nothing(mean: float) -> Verdict:
    return Verdict(
        score=1.0 - exp(mean),
        reason=f"mean log-probability {mean:.2f} per token of nothing found",
    )


def said(trajectory: Trajectory) -> str:
    """The answer on one line, as a model would write it: "yes" as "Yes". Empty without one."""
    answer = answer_of(trajectory)
    return answer.capitalize() if canonical_answer(answer) in _CLOSED else answer


async def mean_logprobs(
    engine: Generator, request: Request, continuations: Sequence[str]
) -> list[float]:
    """Log-probability per token of each continuation, in nats, at most 0. One `score` call."""
    sums = await engine.score(request, continuations)
    longer = [
        request.model_copy(update={"prefill": request.prefill + text}) for text in continuations
    ]
    before, *after = await all_or_none(engine.count_tokens(r) for r in (request, *longer))
    return [
        min(0.0, total / max(1, tokens - before)) for total, tokens in zip(sums, after, strict=True)
    ]
