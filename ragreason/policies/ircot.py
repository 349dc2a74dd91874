"""IRCoT: a chain of thought, each sentence of which is the next search."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.policies.parse import before_answer, final_answer, from_completion
from ragreason.policies.transcript import render_steps, sample, unless_repeated
from ragreason.prompts import prompt
from ragreason.protocols import Capability, Generator
from ragreason.text.language import language
from ragreason.text.sentences import sentences
from ragreason.types import Completion, Message, Question, Request, Step, Trajectory


@dataclass(frozen=True)
class IRCoT:
    """Search for the question, then write one sentence at a time and search for it, until a
    sentence says "the answer is".

    Source: arXiv 2212.10509. Kept: interleaving, one sentence a turn, the end mark. Changed: new
    passages follow the sentence that found them, not sorted to the top, so prompts only grow; the
    first `min_sentences` are searched for even if they claim to answer, and a sentence that repeats
    an earlier one ends the chain, because small models stop too early or never.
    """

    needs: ClassVar[frozenset[Capability]] = frozenset({"prefill"})
    searches: ClassVar[bool] = True

    min_sentences: Annotated[int, Field(ge=0, le=100)] = 1
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_tokens: Annotated[int, Field(ge=8, le=4096)] = 64

    def render(self, question: Question, trajectory: Trajectory) -> Request:
        """Instructions and question; then passages and sentences, open for the next one."""
        return Request(
            messages=(Message(role="user", content=prompt("ircot", question.text)),),
            prefill=render_steps(
                trajectory, opens=bool(trajectory.steps), lang=language(question.text)
            ),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            stop=("\n",),
        )

    async def propose(
        self, question: Question, trajectory: Trajectory, n: int, engine: Generator, *, seed: int
    ) -> list[Step]:
        """`n` samples of the next sentence; the first step is the question's own search."""
        if not trajectory.steps:
            return [Step(kind="search", text="", query=question.text)] * n
        completions, dropped = await sample(self, question, trajectory, n, engine, seed)
        early = len(trajectory.steps) <= self.min_sentences
        steps = [_sentence_step(completion, early=early) for completion in completions]
        steps = [unless_repeated(step, trajectory) for step in steps]
        return [step.model_copy(update={"dropped": dropped}) for step in steps]


def _sentence_step(completion: Completion, *, early: bool) -> Step:
    """The first sentence as a search, or, unless too `early`, as the answer that it gives."""
    spans = sentences(completion.text)
    text = completion.text[: spans[0].end] if spans else completion.text
    cut = completion.finish_reason == "length" and text == completion.text
    answer = final_answer(text)
    if answer and not early:
        return from_completion(completion, "answer", text=text, answer=answer, truncated=cut)
    fact = before_answer(text) if answer else text
    query = answer if answer and fact == text else fact.strip()
    return from_completion(completion, "search" if query else "thought", text=fact, query=query)
