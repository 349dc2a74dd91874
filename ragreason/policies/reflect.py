"""Reflection within an attempt: steps that a critique finds bad are taken back."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.policies.review import attempt
from ragreason.protocols import Capability, Generator, Judges, Policy
from ragreason.types import Question, Request, Step, Trajectory


@dataclass(frozen=True)
class Reflect:
    """Goes on as the `policy` inside does, but takes back a step whose verdict is below `below`.

    The verdict is the node's verifier's. A step that was taken back stays in the prompt, with a
    line that says so and why, and no longer counts: nor do the passages it found. At most
    `take_backs` steps of an attempt are taken back, one at a time; after the next bad one the
    attempt is over, its answer left to the answer node. Further
    attempts, each shown the critique of the last one's answer, are the strategy's matter
    (`revise`). Source: arXiv 2303.11366; critique by a verifier instead of the model.
    """

    needs: ClassVar[frozenset[Capability]] = frozenset()
    critiques: ClassVar[frozenset[Judges]] = frozenset({"step"})

    policy: Policy
    below: Annotated[float, Field(ge=0, le=1)] = 0.3
    take_backs: Annotated[int, Field(ge=0, le=20)] = 1

    @property
    def searches(self) -> bool:
        """As the policy inside."""
        return bool(getattr(self.policy, "searches", False))

    @property
    def own_engine(self) -> bool:
        """As the policy inside."""
        return bool(getattr(self.policy, "own_engine", False))

    @property
    def tools(self) -> Any:
        """Those of the policy inside."""
        return getattr(self.policy, "tools", ())

    def for_engine(self, engine: Generator) -> "Reflect":
        """With the policy inside made for this engine."""
        inner = getattr(self.policy, "for_engine", None)
        return self if inner is None else replace(self, policy=inner(engine))

    def render(self, question: Question, trajectory: Trajectory) -> Request:
        """The prompt of the policy inside, which shows what was taken back."""
        return self.policy.render(question, trajectory)

    async def propose(
        self, question: Question, trajectory: Trajectory, n: int, engine: Generator, *, seed: int
    ) -> list[Step]:
        """A backtrack, without a model call, or what the policy inside proposes."""
        steps = attempt(trajectory)
        taken = sum(step.kind == "backtrack" for step in steps)
        if steps and self._is_bad(steps[-1]):
            if taken >= self.take_backs:
                return [Step(kind="answer", text="")] * n
            verdict = steps[-1].verdict
            reason = verdict.reason if verdict is not None else ""
            return [Step(kind="backtrack", text=reason, takes_back=1)] * n
        return await self.policy.propose(question, trajectory, n, engine, seed=seed)

    def _is_bad(self, step: Step) -> bool:
        if step.kind not in {"thought", "search", "call"} or step.verdict is None:
            return False
        return step.verdict.score < self.below
