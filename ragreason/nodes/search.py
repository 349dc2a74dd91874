"""Search over reasoning from Python, without a graph: the parts of a `reason` node in one call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast, get_type_hints

from ragreason.ledger import Meter, metering
from ragreason.nodes.charged import charged
from ragreason.nodes.reason import Reason, begin
from ragreason.protocols import Generator, Policy, Retriever, Strategy, Verifier
from ragreason.state import ReasonState
from ragreason.tree import ROOT, Asked, Event, Tree
from ragreason.types import Budget, Question, Trajectory, Usage


@dataclass(frozen=True)
class Reasoned:
    """What a search found. `best`: finished nodes with their weights, best first.

    `forced` says which bound ended it, empty if the strategy did. `tree.events` can be given to
    `reason` again, which then goes on from there.
    """

    tree: Tree
    best: tuple[tuple[int, float], ...]
    usage: Usage
    forced: str = ""

    @property
    def trajectory(self) -> Trajectory:
        """The best one; empty if nothing was finished."""
        return self.tree.trajectory(self.best[0][0] if self.best else ROOT)

    @property
    def answer(self) -> str:
        """The best trajectory's answer; empty if nothing was finished."""
        return self.trajectory.answer or ""


async def reason(
    question: Question | str,
    *,
    policy: Policy,
    strategy: Strategy,
    engine: Generator,
    verifier: Verifier | None = None,
    retriever: Retriever | None = None,
    k: int = 4,
    temperatures: Sequence[float] = (),
    first_tokens: int = 0,
    stop_at: float | None = None,
    seed: int = 0,
    budget: Budget | None = None,
    events: Sequence[Event] = (),
) -> Reasoned:
    """Search with any policy, strategy and verifier; the same as a graph's `reason` node does.

    `k` passages come back from each search; `temperatures` and `first_tokens` spread the samples,
    and `stop_at` ends the search, as they do in the node. `events` of an earlier tree are gone on
    from: what it holds is not asked for or judged again; a wave of proposals that is not complete
    is. Raises ConfigError for a strategy whose verifier is missing, CapabilityError for an engine
    that can't branch on first tokens, EngineError and VerifierError as the parts do.
    """
    from ragreason.generation.metered import Metered as MeteredEngine
    from ragreason.retrieval.metered import Metered as MeteredRetriever

    asked = question if isinstance(question, Question) else Question(id="q", text=question)
    node = Reason(
        name="reason",
        engine=engine if isinstance(engine, MeteredEngine) else cast(Any, MeteredEngine(engine)),
        policy=policy,
        strategy=strategy,
        verifier=charged(verifier) if verifier is not None else None,
        retriever=MeteredRetriever(retriever) if retriever is not None else None,
        k=k,
        temperatures=tuple(temperatures),
        first_tokens=first_tokens,
        stop_at=stop_at,
    )
    state = begin(asked, seed)
    state["tree"] = whole_waves(events)
    with metering(Meter(budget)):
        state = merged(state, await node.verify(state)) if events else state
        state = merged(state, await node.select(state))
        while state["wanted"]:
            state = merged(state, await node.expand(state))
            state = merged(state, await node.verify(state))
            state = merged(state, await node.select(state))
    return Reasoned(Tree(state["tree"]), tuple(state["best"]), state["usage"], state["forced"])


def whole_waves(events: Sequence[Event]) -> list[Event]:
    """The events without a last wave of proposals that did not all arrive."""
    if not Tree(events).pending:
        return list(events)
    last = max(i for i, event in enumerate(events) if isinstance(event, Asked))
    while last > 0 and isinstance(events[last - 1], Asked):
        last -= 1
    return list(events[:last])


def merged(state: ReasonState, update: Mapping[str, Any]) -> ReasonState:
    """The state after a node's update, each key by the reducer that `ReasonState` gives it."""
    old: Mapping[str, Any] = state
    reducers = _reducers()
    new = {
        key: reducers[key](old[key], value) if key in reducers and key in old else value
        for key, value in update.items()
    }
    return cast(ReasonState, {**old, **new})


@cache
def _reducers() -> Mapping[str, Any]:
    hints = get_type_hints(ReasonState, include_extras=True)
    return {
        key: hint.__metadata__[0] for key, hint in hints.items() if hasattr(hint, "__metadata__")
    }
