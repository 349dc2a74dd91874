"""FLARE: look ahead one sentence, and search where the model is not sure of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Annotated, ClassVar, NamedTuple

from pydantic import Field

from ragreason.concurrency import all_or_none
from ragreason.policies.parse import before_answer, final_answer, from_completion
from ragreason.policies.transcript import OPENING, render_steps, sample, unless_repeated
from ragreason.prompts import prompt
from ragreason.protocols import Capability, Generator
from ragreason.text.language import language
from ragreason.text.overlap import units
from ragreason.text.sentences import sentences
from ragreason.types import Completion, Message, Question, Request, Step, Trajectory

BLANK = "___"
_WORD = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+")


class Word(NamedTuple):
    """A word of a sentence, by its place, and the probability of its least likely token."""

    start: int
    end: int
    probability: float


@dataclass(frozen=True)
class Flare:
    """Write one sentence at a time; one with a token below `threshold` is not kept but looked up,
    its words below `mask_below` left out of the query, and then written again with the passages.

    Source: arXiv 2305.06983 (FLARE direct). Kept: the question is searched for first, only the
    tentative sentence decides, what is written after its search stays. Changed: the masked
    sentence, blanks in it, stands before what was found for it, and passages follow one another,
    not replaced, so prompts only grow; "so the answer is ..." is no part of a query, one that holds
    nothing is the question, and one that was asked before is not asked again; a repeated sentence
    ends the chain.
    """

    needs: ClassVar[frozenset[Capability]] = frozenset({"prefill", "logprobs"})
    searches: ClassVar[bool] = True

    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    mask_below: Annotated[float, Field(ge=0, le=1)] = 0.4
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_tokens: Annotated[int, Field(ge=8, le=4096)] = 64

    def render(self, question: Question, trajectory: Trajectory) -> Request:
        """Instructions and question; then passages and sentences, open for the next one."""
        return Request(
            messages=(Message(role="user", content=prompt("flare", question.text)),),
            prefill=render_steps(
                trajectory, opens=bool(trajectory.steps), lang=language(question.text)
            ),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            stop=("\n",),
            logprobs=True,
        )

    async def propose(
        self, question: Question, trajectory: Trajectory, n: int, engine: Generator, *, seed: int
    ) -> list[Step]:
        """`n` samples of the next sentence, or of what to search for before it is written."""
        if not trajectory.steps:
            return [Step(kind="search", text="", query=question.text)] * n
        completions, dropped = await sample(self, question, trajectory, n, engine, seed)
        steps = [await self._step(question, trajectory, c, engine) for c in completions]
        steps = [s if s.kind == "search" else unless_repeated(s, trajectory) for s in steps]
        return [step.model_copy(update={"dropped": dropped}) for step in steps]

    async def _step(
        self, question: Question, trajectory: Trajectory, completion: Completion, engine: Generator
    ) -> Step:
        text = first_sentence(completion.text)
        if len(trajectory.steps) == 1 or trajectory.steps[-1].kind != "search":
            words = await confidence(text, completion, engine)
            step = self._lookup(question, text, words, completion)
            if step and step.query not in {earlier.query for earlier in trajectory.steps}:
                return step
        answer = final_answer(text)
        cut = completion.finish_reason == "length" and text == completion.text
        if answer:
            return from_completion(completion, "answer", text=text, answer=answer, truncated=cut)
        return from_completion(completion, "thought", text=text, truncated=cut)

    def _lookup(
        self, question: Question, text: str, words: Sequence[Word], completion: Completion
    ) -> Step | None:
        """A search in the place of the tentative sentence; None where every token is likely."""
        if all(word.probability >= self.threshold for word in words):
            return None
        fact = before_answer(text)
        if fact == text and final_answer(text):
            fact = ""  # the sentence does nothing but answer
        said = [word for word in words if word.end <= len(fact)]
        query = " ".join(masked(fact, said, self.mask_below, " ").split())
        step = from_completion(
            completion,
            "search",
            text=masked(fact, said, self.mask_below, BLANK) or f" {BLANK}",
            query=query if units(query) else question.text,
        )
        return step.model_copy(update={"token_ids": (), "logprob": None})


def masked(text: str, words: Sequence[Word], below: float, blank: str) -> str:
    """The text with `blank` for each run of words that are less likely than `below`."""
    pieces, end, blanked = [], 0, False
    for word in words:
        unsure = word.probability < below
        if not (unsure and blanked):
            pieces.append(
                text[end : word.start] + (blank if unsure else text[word.start : word.end])
            )
        end, blanked = word.end, unsure
    return "".join(pieces)


def first_sentence(text: str) -> str:
    """The text up to the end of its first sentence, the blank before it included."""
    spans = sentences(text)
    return text[: spans[0].end] if spans else text


async def confidence(text: str, completion: Completion, engine: Generator) -> list[Word]:
    """The words of `text`, which the completion begins with, each with its lowest probability.

    Which tokens make a word is found by counting the tokens up to its end, so it is off by one
    where tokens cross words. Empty without log-probabilities.
    """
    places = [found.span() for found in _WORD.finditer(text)]
    logprobs = completion.logprobs
    if not logprobs or not places:
        return []
    ends = (0, *(end for _, end in places))
    counts = await all_or_none(engine.count_tokens(_counted(text[:end])) for end in ends)
    words = []
    for (start, end), before, after in zip(places, counts, counts[1:], strict=False):
        first = min(before - counts[0], len(logprobs) - 1)
        last = max(first + 1, after - counts[0])
        words.append(Word(start, end, exp(min(logprobs[first:last]))))
    return words


def _counted(text: str) -> Request:
    return Request(messages=(Message(role="user", content="-"),), prefill=f"{OPENING}{text}")
