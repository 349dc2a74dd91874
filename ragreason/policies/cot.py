"""Chain of thought without retrieval: reason, then answer, in one step."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.policies.parse import final_answer, from_completion
from ragreason.policies.review import stops
from ragreason.policies.transcript import render_steps, sample
from ragreason.prompts import prompt
from ragreason.protocols import Capability, Generator
from ragreason.text.language import language
from ragreason.types import Completion, Message, Question, Request, Step, Trajectory


@dataclass(frozen=True)
class Cot:
    """One step that ends in "So the answer is: ...". Source: arXiv 2201.11903, 2205.11916.

    A chain without an answer goes on in the next step; after a judged answer, that is a new chain.
    """

    needs: ClassVar[frozenset[Capability]] = frozenset({"prefill"})

    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_tokens: Annotated[int, Field(ge=8, le=8192)] = 160

    def render(self, question: Question, trajectory: Trajectory) -> Request:
        """Instructions and question; then the thoughts so far."""
        return Request(
            messages=(Message(role="user", content=prompt("cot", question.text)),),
            prefill=render_steps(trajectory, lang=language(question.text)),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            stop=stops(trajectory),
        )

    async def propose(
        self, question: Question, trajectory: Trajectory, n: int, engine: Generator, *, seed: int
    ) -> list[Step]:
        """`n` samples of the whole chain."""
        completions, dropped = await sample(self, question, trajectory, n, engine, seed)
        steps = [_chain_step(completion) for completion in completions]
        return [step.model_copy(update={"dropped": dropped}) for step in steps]


def _chain_step(completion: Completion) -> Step:
    """An answer where the chain gives one; else a thought, which the next step continues."""
    answer = final_answer(completion.text)
    cut = completion.finish_reason == "length"
    text = completion.text.rstrip()
    if answer:
        return from_completion(completion, "answer", text=text, answer=answer, truncated=cut)
    return from_completion(completion, "thought", text=text, truncated=cut)
