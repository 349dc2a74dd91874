"""What surrounds every node: budget, usage, time, events, and a check of what it writes."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ragreason.errors import BudgetReachedError, ContextOverflowError, RunError
from ragreason.events import TraceEvent
from ragreason.graph.resolve import NodeKind
from ragreason.ledger import Meter, current, metering
from ragreason.nodes.emit import emit
from ragreason.nodes.expand import why_forced
from ragreason.spans import NODE, around
from ragreason.types import Answer, Budget, Usage

NodeFunction = Callable[[Any], Awaitable[dict[str, Any]]]

BOOKKEEPING = frozenset({"usage", "steps", "elapsed_s", "forced", "dropped"})
"""Keys that every node may write."""

CARRIED = frozenset({"question", "seed", "usage", "steps", "elapsed_s", "forced"})
"""Keys that a branch gets beside those that its node reads."""

WAVE = "wave"
BRANCH = "branch"
_MAX_WAVES = 256


@dataclass
class Waves:
    """Meters that the parallel branches of one fan-out share, so that together they keep the
    budget. Only in memory: after a crash, branches that go on count from what was saved.
    """

    budget: Budget
    _meters: OrderedDict[str, Meter] = field(default_factory=OrderedDict)

    def outer(self, state: Mapping[str, Any]) -> Meter | None:
        """The meter around a node: its wave's, else that of the graph that called this one."""
        wave = state.get(WAVE)
        if wave is None:
            return current()
        if wave not in self._meters:
            self._meters[wave] = _meter(state, self.budget, current())
            while len(self._meters) > _MAX_WAVES:
                self._meters.popitem(last=False)
        return self._meters[wave]


@dataclass(frozen=True)
class Wrapper:
    """Runs one node of a graph. `stops` tells nodes that a spent budget skips, `final` those that
    answer whatever was spent.
    """

    name: str
    kind: NodeKind
    budget: Budget
    waves: Waves
    types: Mapping[str, TypeAdapter[Any]]
    final: bool = False
    in_loop: bool = False

    async def run(self, node: NodeFunction, state: Mapping[str, Any]) -> dict[str, Any]:
        """The node's update with usage, steps, time, and why the run is forced, if it is."""
        meter = _meter(state, self.budget, self.waves.outer(state), final=self.final)
        with metering(meter), around(NODE, self.name, ragreason__node=self.name):
            self._say("started")
            update = await self._attempt(node, state, meter)
            self._say("finished")
        steps = max(update.get("steps", 1), meter.stepped)
        meter.step(steps - meter.stepped)  # those inside a search or a sub-graph count already
        return {
            **update,
            "usage": update.get("usage", meter.spent),
            "steps": steps,
            "elapsed_s": max(update.get("elapsed_s", 0.0), meter.elapsed_s),
        }

    async def _attempt(
        self, node: NodeFunction, state: Mapping[str, Any], meter: Meter
    ) -> dict[str, Any]:
        try:
            if self._stoppable(state):
                meter.check()
            update = await node(state)
        except (BudgetReachedError, ContextOverflowError) as error:
            if self.final:
                raise
            return self._forced(why_forced(error), state)
        self._check(update)
        return update

    def _stoppable(self, state: Mapping[str, Any]) -> bool:
        """A check that follows the answer may still run, unless it is part of a loop."""
        return not self.kind.answers and (self.in_loop or "answer" not in state)

    def _forced(self, reason: str, state: Mapping[str, Any]) -> dict[str, Any]:
        emit(TraceEvent(kind="forced", node=self.name, text=reason))
        return {"forced": reason, **mark_forced(state, reason)}

    def _check(self, update: Any) -> None:
        if not isinstance(update, dict):
            found = type(update).__name__
            raise RunError(f"node '{self.name}' returned a {found}; expected a dict of state keys")
        for key, value in update.items():
            if key not in self.kind.writes and key not in BOOKKEEPING:
                allowed = ", ".join(sorted(self.kind.writes)) or "nothing"
                raise RunError(
                    f"node '{self.name}' returned '{key}', but its kind declares that it writes "
                    f"{allowed}; add '{key}' to the class's `writes`"
                )
            self._check_type(key, value)

    def _check_type(self, key: str, value: Any) -> None:
        try:
            self.types[key].validate_python(value, strict=True)
        except ValidationError as error:
            first = error.errors()[0]
            raise RunError(
                f"node '{self.name}' wrote '{key}' = {repr(value)[:60]}: {first['msg']}"
            ) from error

    def _say(self, text: str) -> None:
        emit(TraceEvent(kind="node", node=self.name, text=text))


def wrap(wrapper: Wrapper, node: NodeFunction) -> NodeFunction:
    """The node as LangGraph runs it."""

    async def wrapped(state: Any) -> dict[str, Any]:
        return await wrapper.run(node, state)

    wrapped.__name__ = wrapper.name
    return wrapped


def mark_forced(state: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """An update that marks an answer already given as forced; empty if there is none."""
    answer = state.get("answer")
    if not isinstance(answer, Answer) or answer.status != "ok":
        return {}
    return {"answer": answer.model_copy(update={"status": "forced", "forced_by": reason})}


def type_adapters(keys: Mapping[str, Any]) -> dict[str, TypeAdapter[Any]]:
    """One validator a state key."""
    return {key: _adapter(annotation) for key, annotation in keys.items()}


def _adapter(annotation: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(annotation, config=ConfigDict(arbitrary_types_allowed=True))
    except Exception:  # Pydantic allows no config where the type brings its own
        return TypeAdapter(annotation)


def _meter(
    state: Mapping[str, Any], budget: Budget, outer: Meter | None, *, final: bool = False
) -> Meter:
    return Meter(
        budget,
        before=state.get("usage", Usage()),
        steps=state.get("steps", 0),
        elapsed_s=state.get("elapsed_s", 0.0),
        outer=outer,
        final=final,
    )
