"""Does a model that answers again, several times, answer the same?"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ragreason.concurrency import all_or_none
from ragreason.errors import ConfigError
from ragreason.protocols import Aggregation, Costs, Generator, Item, Judges, Retriever
from ragreason.seeds import derive
from ragreason.text.language import language
from ragreason.text.overlap import keys, uncovered, units
from ragreason.text.passages import mended
from ragreason.text.votes import vote_key
from ragreason.types import Completion, Hit, Question, Trajectory, Verdict
from ragreason.verification.cite import unmarked
from ragreason.verification.reading import (
    ANSWER,
    answer_of,
    asked,
    fitting,
    ids,
    inert,
    reading,
    trajectory_of,
)

_OTHER_WORDS = {"en": "In other words:", "zh": "换一种说法："}
_PARAPHRASE_TOKENS = 96


@dataclass(frozen=True)
class Agreement:
    """Scores a trajectory by the share of `samples` answers, drawn anew, that agree with its own.

    They are drawn from the engine at `temperature`, as one request, by the prompt that reads the
    trajectory's passages: the `same`, those `shuffled` once, or those `retrieved` by searching for
    question and answer (`k` passages; needs a retriever). With `paraphrase` they answer the
    question in other words; words that lose a name or number of it are not used. Answers are
    compared as votes are (`text.votes.vote_key`); a sample that says nothing or was cut agrees with
    none, and still counts. Trajectories with the same passages in the same order share the samples.
    The other trajectories of the batch don't count: weighing them is the strategy's part, and a
    verdict does not depend on what else is judged. The same `seed` draws the same samples.

    Source: self-consistency, arXiv 2203.11171, with the votes of one reader of the evidence; 3 of 5
    samples agreeing is 0.6.
    """

    judges: ClassVar[frozenset[Judges]] = frozenset({"trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "last"
    costs: ClassVar[Costs] = "generation"

    engine: Generator
    retriever: Retriever | None = None
    samples: Annotated[int, Field(ge=1, le=256)] = 5
    temperature: Annotated[float, Field(gt=0, le=2)] = 0.7
    evidence: Literal["same", "shuffled", "retrieved"] = "same"
    paraphrase: bool = False
    k: Annotated[int, Field(ge=1, le=100)] = 4
    max_tokens: Annotated[int, Field(ge=4, le=4096)] = 32
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises ConfigError where evidence is to be retrieved and there is nothing to search."""
        if self.evidence == "retrieved" and self.retriever is None:
            raise ConfigError(
                "agreement with evidence: retrieved needs an index to search; give one, or "
                "evidence: same"
            )

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order; all requests in flight together."""
        ends = [trajectory_of(item, "agreement") for item in items]
        answers = [vote_key(answer_of(end)) for end in ends]
        places = [place for place, answer in enumerate(answers) if answer]
        verdicts = [Verdict(score=0.0, label="none", reason="there is no answer")] * len(items)
        if not places:
            return verdicts
        wording = await self._wording(question.text)
        found = await self._evidence(question.text, [ends[place] for place in places])
        distinct = {ids(hits): hits for hits in found}
        drawn = await all_or_none(self._draw(question, wording, h) for h in distinct.values())
        votes = dict(zip(distinct, drawn, strict=True))
        for place, hits in zip(places, found, strict=True):
            verdicts[place] = _verdict(answers[place], votes[ids(hits)])
        return verdicts

    async def _wording(self, question: str) -> str:
        """The question, in other words where wanted and where they keep its names and numbers."""
        if not self.paraphrase:
            return question
        opening = _OTHER_WORDS[language(question)]
        request = asked("paraphrase", question, opening=self._opening(opening))
        update = {"max_tokens": _PARAPHRASE_TOKENS, "stop": ("\n",), "seed": self.seed}
        (reply,) = await self.engine.generate(request.model_copy(update=update))
        words = inert(reply.text).removeprefix(opening).strip()
        lost = uncovered(units(question), keys(words))
        kept = all(unit.kind == "word" for unit in lost) and reply.finish_reason == "stop"
        return words if words and kept else question

    def _opening(self, text: str) -> str:
        return text if "prefill" in self.engine.capabilities else ""

    async def _evidence(self, question: str, ends: Sequence[Trajectory]) -> list[tuple[Hit, ...]]:
        """What each answer is to be read from."""
        if self.evidence == "shuffled":
            return [self._shuffled(end.hits) for end in ends]
        if self.evidence == "same" or self.retriever is None:
            return [end.hits for end in ends]
        queries = [f"{question} {answer_of(end)}" for end in ends]
        distinct = list(dict.fromkeys(queries))
        hits = await self.retriever.retrieve(distinct, self.k)
        found = dict(zip(distinct, map(tuple, hits), strict=True))
        return [found[query] for query in queries]

    def _shuffled(self, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        order = random.Random(derive(self.seed, *ids(hits)))
        return tuple(order.sample(hits, len(hits)))

    async def _draw(self, question: Question, wording: str, hits: Sequence[Hit]) -> list[str]:
        """The votes of the samples; "" for one that can't vote."""
        seed = derive(self.seed, mended(question.id), "agreement", mended(wording), *ids(hits))
        opening = ANSWER[language(wording)]
        update = {
            "n": self.samples,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "stop": ("\n",),
            "seed": seed,
            "prefill": self._opening(opening),
        }

        async def call(kept: Sequence[Hit]) -> list[Completion]:
            request = reading(wording, kept)
            return await self.engine.generate(request.model_copy(update=update))

        return [_vote(reply, opening) for reply in await fitting(hits, call)]


def _vote(reply: Completion, opening: str) -> str:
    if reply.finish_reason != "stop":
        return ""
    return vote_key(unmarked(inert(reply.text).removeprefix(opening)))


def _verdict(answer: str, votes: Sequence[str]) -> Verdict:
    agreeing = sum(vote == answer for vote in votes)
    others = Counter(vote for vote in votes if vote not in ("", answer)).most_common(1)
    more = f"; {others[0][1]} say '{others[0][0]}'" if others else ""
    return Verdict(
        score=agreeing / len(votes), reason=f"{agreeing} of {len(votes)} samples agree{more}"
    )
