"""A whole graph as a policy: each proposal is the answer of one run of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ragreason.concurrency import all_or_none
from ragreason.errors import BudgetReachedError, ContextOverflowError
from ragreason.policies.review import review
from ragreason.prompts import neutralise
from ragreason.protocols import Capability, Generator
from ragreason.seeds import derive
from ragreason.text.language import language
from ragreason.types import Evidence, Message, Question, Request, Step, Trajectory


@dataclass(frozen=True)
class GraphPolicy:
    """Votes, best-of-N and revision over any graph: `{use: graph, graph: corrective}`.

    `n` proposals are `n` runs side by side, with a seed each, inside the caller's budget. Each is
    an answer step with the evidence that its run kept as hits. The fields in `set` are changed in
    the graph, as by `--set`: `set: {answer.temperature: 0.7}` makes the runs differ. A further
    attempt finds what was held against the earlier ones in its notes.
    """

    needs: ClassVar[frozenset[Capability]] = frozenset()
    own_engine: ClassVar[bool] = True
    """Its runs use the engines that the graph was bound to, not the one given to `propose`."""

    graph: Callable[..., Awaitable[Mapping[str, Any]]]
    set: Mapping[str, Any] | None = None

    def render(self, question: Question, trajectory: Trajectory) -> Request:
        """The question and the reviews of the attempts so far; the graph makes the real prompts."""
        attempts = "".join(
            f"{step.text}\n{note}\n" for step, note in _reviewed(question, trajectory)
        )
        message = Message(role="user", content=neutralise(question.text))
        return Request(messages=(message,), prefill=attempts)

    async def propose(
        self,
        question: Question,
        trajectory: Trajectory,
        n: int,
        engine: Generator,  # noqa: ARG002
        *,
        seed: int,
    ) -> list[Step]:
        """The answers of `n` runs; fewer where a budget or a full context stopped some. Raises what
        stopped the first if all were.
        """
        notes = tuple(note for _, note in _reviewed(question, trajectory))
        found = await all_or_none(self._run(question, derive(seed, i), notes) for i in range(n))
        steps = [step for step in found if isinstance(step, Step)]
        for stopped in found:
            if not steps and not isinstance(stopped, Step):
                raise stopped
        return steps

    async def _run(
        self, question: Question, seed: int, notes: tuple[str, ...]
    ) -> Step | BudgetReachedError | ContextOverflowError:
        # An id of its own keeps the run's searches apart from those of others in traces.
        asked = question.model_copy(update={"id": f"{question.id}/{seed:08x}"})
        try:
            done = await self.graph(asked, seed=seed, notes=notes)
        except (BudgetReachedError, ContextOverflowError) as error:
            return error
        evidence: Mapping[str, Evidence] = done.get("evidence", {})
        answer = done["answer"]
        return Step(
            kind="answer",
            text=answer.text,
            answer=answer.text,
            hits=tuple(entry.hit for entry in evidence.values() if entry.keep),
            dropped=tuple(dict.fromkeys(done.get("dropped", ()))),
            usage=done["usage"],
        )


def _reviewed(question: Question, trajectory: Trajectory) -> list[tuple[Step, str]]:
    lang = language(question.text)
    return [(step, review(step, lang)) for step in trajectory.steps if step.kind == "answer"]
