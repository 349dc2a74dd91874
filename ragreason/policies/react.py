"""ReAct: think, then search or answer."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.policies.copied import unless_copied
from ragreason.policies.parse import action_step
from ragreason.policies.review import stops
from ragreason.policies.transcript import render_steps, sample, unless_repeated
from ragreason.prompts import prompt
from ragreason.protocols import Capability, Generator
from ragreason.text.language import language
from ragreason.types import Message, Question, Request, Step, Trajectory

STOP = ("\nThought:", "\nPassages:", "\nQuestion:", "\n[")


@dataclass(frozen=True)
class ReAct:
    """Each step is a thought that ends in a search or the answer.

    Source: arXiv 2210.03629. With `search_first` the first step searches for the question itself,
    without a model call: a departure from the paper that small models need. A step that repeats an
    earlier one, or that copies the prompt's example, ends the trajectory, its answer left to the
    answer node.
    """

    needs: ClassVar[frozenset[Capability]] = frozenset({"prefill"})
    searches: ClassVar[bool] = True

    search_first: bool = True
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_tokens: Annotated[int, Field(ge=8, le=4096)] = 96

    def render(self, question: Question, trajectory: Trajectory) -> Request:
        """Instructions, example and question; then the transcript, open for the next thought."""
        return Request(
            messages=(Message(role="user", content=prompt("react", question.text)),),
            prefill=render_steps(
                trajectory,
                opens=bool(trajectory.steps) or not self.search_first,
                lang=language(question.text),
            ),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            stop=(*STOP, *stops(trajectory)),
        )

    async def propose(
        self, question: Question, trajectory: Trajectory, n: int, engine: Generator, *, seed: int
    ) -> list[Step]:
        """`n` samples of the next thought and action."""
        if self.search_first and not trajectory.steps:
            return [Step(kind="search", text="", query=question.text)] * n
        completions, dropped = await sample(self, question, trajectory, n, engine, seed)
        steps = [unless_repeated(action_step(c), trajectory) for c in completions]
        steps = [unless_copied(step, question, trajectory, "react") for step in steps]
        return [step.model_copy(update={"dropped": dropped}) for step in steps]
