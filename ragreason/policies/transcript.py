"""The transcript a policy shows its model: instructions and question, then steps and passages.

It is one user message and one growing assistant reply (the prefill), so that a longer trajectory's
prompt extends a shorter one's byte for byte and prefix caches hold. Each search is followed by the
passages that were not shown before, numbered on: the n-th distinct hit of the trajectory is [n].
"""

from collections.abc import Iterator
from typing import Protocol

from ragreason.errors import ContextOverflowError
from ragreason.prompts import show_passages
from ragreason.protocols import Generator
from ragreason.types import Completion, Hit, Question, Request, Step, Trajectory

OPENING = "Thought:"


def render_steps(trajectory: Trajectory) -> str:
    """The steps so far, each with its new passages, and the opening of the next one."""
    parts = []
    for step, hits, first in with_new_hits(trajectory):
        if step.text:
            parts.append(f"{OPENING}{step.text}\n")
        if hits:
            parts.append(f"Passages:\n{show_passages(hits, first=first)}\n")
        elif step.kind == "search":
            parts.append("Passages:\nnothing new was found\n")
    return "".join(parts) + OPENING


def with_new_hits(trajectory: Trajectory) -> Iterator[tuple[Step, tuple[Hit, ...], int]]:
    """Each step with the hits that no earlier step had, and the number of the first of them."""
    seen: set[str] = set()
    for step in trajectory.steps:
        first = len(seen) + 1
        new = []
        for hit in step.hits:
            if hit.passage.id not in seen:
                seen.add(hit.passage.id)
                new.append(hit)
        yield step, tuple(new), first


class Renders(Protocol):
    """The part of a policy that makes prompts."""

    def render(self, question: Question, trajectory: Trajectory) -> Request:
        """The prompt at this point."""
        ...


async def sample(
    policy: Renders,
    question: Question,
    trajectory: Trajectory,
    n: int,
    engine: Generator,
    seed: int,
) -> list[Completion]:
    """`n` samples of what comes next, as one request.

    Where the prompt does not fit the context, whole oldest passages are left out until it does;
    raises ContextOverflowError when none is left.
    """
    while True:
        request = policy.render(question, trajectory).model_copy(update={"n": n, "seed": seed})
        try:
            return await engine.generate(request)
        except ContextOverflowError:
            shorter = without_oldest_passage(trajectory)
            if shorter is None:
                raise
            trajectory = shorter


def without_oldest_passage(trajectory: Trajectory) -> Trajectory | None:
    """The trajectory without the passage that was found first; None if it has none."""
    if not trajectory.hits:
        return None
    oldest = trajectory.hits[0].passage.id
    steps = tuple(
        step.model_copy(update={"hits": tuple(h for h in step.hits if h.passage.id != oldest)})
        for step in trajectory.steps
    )
    return Trajectory(steps=steps)
