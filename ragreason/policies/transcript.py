"""The transcript a policy shows its model: instructions and question, then steps and passages.

It is one user message and one growing assistant reply (the prefill), so that a longer trajectory's
prompt extends a shorter one's byte for byte and prefix caches hold. Each search is followed by the
passages that were not shown before, numbered on: the n-th distinct hit of the trajectory is [n].
An answer that was judged is followed by a line that says so, and then by the next attempt. Steps
that were taken back stay where they are, and a line says that they no longer count.
"""

from collections.abc import Iterator
from typing import Protocol

from ragreason.errors import ContextOverflowError
from ragreason.policies.review import attempt, is_reviewed, review, taken_back
from ragreason.prompts import show_passages
from ragreason.protocols import Generator
from ragreason.text.language import Language
from ragreason.types import Completion, Hit, Question, Request, Step, Trajectory

OPENING = "Thought:"


def render_steps(trajectory: Trajectory, *, opens: bool = True, lang: Language = "en") -> str:
    """The steps so far, each with its new passages, judged answers with their review in `lang`,
    and, if it `opens`, the next step's opening.
    """
    parts = []
    standing: list[tuple[int, ...]] = []
    for step, hits, first in with_new_hits(trajectory):
        if step.kind == "backtrack":
            gone = take_back(standing, step.takes_back)
            parts.append(f"{OPENING} {taken_back(step, gone, lang)}\n")
            continue
        standing.append(tuple(range(first, first + len(hits))))
        if step.text:
            parts.append(f"{OPENING}{step.text}\n")
        if hits:
            parts.append(f"Passages:\n{show_passages(hits, first=first)}\n")
        elif step.kind == "search":
            parts.append("Passages:\nnothing new was found\n")
        if is_reviewed(step):
            parts.append(f"{review(step, lang)}\n")
    return "".join(parts) + (OPENING if opens else "")


def take_back(standing: list[tuple[int, ...]], n: int) -> tuple[int, ...]:
    """Remove the last `n` of the standing steps' passage numbers, and give those numbers."""
    gone = standing[max(0, len(standing) - n) :]
    del standing[max(0, len(standing) - n) :]
    return tuple(number for numbers in gone for number in numbers)


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
) -> tuple[list[Completion], tuple[str, ...]]:
    """`n` samples of what comes next, as one request, and the ids of passages left out for it.

    Where the prompt does not fit the context, whole oldest passages are left out until it does,
    first those of steps that were taken back; raises ContextOverflowError when none is left.
    """
    dropped: list[str] = []
    while True:
        request = policy.render(question, trajectory).model_copy(update={"n": n, "seed": seed})
        try:
            return await engine.generate(request), tuple(dropped)
        except ContextOverflowError:
            if not trajectory.shown:
                raise
            standing = {hit.passage.id for hit in trajectory.hits}
            ids = [hit.passage.id for hit in trajectory.shown]
            dropped.append(next((i for i in ids if i not in standing), ids[0]))
            trajectory = without_passage(trajectory, dropped[-1])


def without_passage(trajectory: Trajectory, passage_id: str) -> Trajectory:
    """The trajectory without this passage among its hits."""
    steps = tuple(
        step.model_copy(update={"hits": tuple(h for h in step.hits if h.passage.id != passage_id)})
        for step in trajectory.steps
    )
    return Trajectory(steps=steps)


def unless_repeated(step: Step, trajectory: Trajectory) -> Step:
    """The step; where the attempt already has its text, an answer step without an answer.

    Going on would go round in circles, so answering is left to the graph's answer node.
    """
    said = {" ".join(earlier.text.split()) for earlier in attempt(trajectory) if earlier.text}
    if step.kind == "answer" or " ".join(step.text.split()) not in said:
        return step
    return step.model_copy(update={"kind": "answer", "query": "", "answer": "", "truncated": False})
