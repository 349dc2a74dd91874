"""Killed at every superstep in turn, every search ends as if it had not been."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ragreason.generation.scripted import Scripted
from ragreason.graph.bind import Parts
from ragreason.graph.checkpoint import open_checkpoints
from ragreason.graph.load import load_graph
from ragreason.graph.read import parse_graph
from ragreason.nodes.reason import Reason
from ragreason.nodes.search import reason
from ragreason.tree import Tree
from ragreason.types import Request
from tests.search_runs.parts import (
    POLICY,
    QUESTION,
    SMALL,
    STRATEGIES,
    Finder,
    Scores,
    reasoner,
    strategy,
)

GRAPH = """
version: 1
name: killed
paradigm: synergized
nodes:
  search:
    use: reason
    policy: POLICY
    strategy: STRATEGY
    verifier: scores
  answer: {use: answer, citations: false}
edges: [[START, search], [search, answer], [answer, END]]
"""
STEPWISE = "{use: react, search_first: false, temperature: 0.8}"
OVER_NAIVE_RAG = "{use: graph, graph: naive_rag, set: {answer.temperature: 0.8}}"
OVER_REACT = "{use: graph, graph: react, set: {solve.policy.temperature: 0.8}}"
CASES = {
    **{name: (name, STEPWISE) for name in STRATEGIES},
    "majority over naive_rag": ("majority", OVER_NAIVE_RAG),
    "revise over react": ("revise", OVER_REACT),
    "best_of_n over react": ("best_of_n", OVER_REACT),
}
KEPT = ("question", "evidence", "trajectory", "answer", "usage", "steps", "forced", "draft")
STEPS = ("select", "expand", "verify")


class Killed(RuntimeError):
    """What ends a run from outside."""


class Executioner:
    """Wraps the supersteps of a search. The run is killed when the work of number `at` is done and
    not saved yet; `cancels` says whose task to cancel instead.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.arm(None)
        self.trees: list[Tree] = []
        for name in STEPS:
            monkeypatch.setattr(Reason, name, self._wrapped(getattr(Reason, name)))

    def arm(self, at: int | None) -> None:
        self.at = at
        self.done = 0
        self.calls_before = 0
        self.cancels: asyncio.Task[Any] | None = None

    def _wrapped(self, step: Callable[..., Awaitable[Any]]) -> Any:
        async def superstep(node: Reason, state: Any) -> Any:
            if node.name != "search":  # that of a graph inside
                return await step(node, state)
            number, self.done = self.done, self.done + 1
            engine: Any = node.engine
            self.calls_before = engine.engine.calls
            update = await step(node, state)
            if "best" in update:
                self.trees.append(Tree(state["tree"]))
            if number == self.at:
                await self._strike()
            return update

        return superstep

    async def _strike(self) -> None:
        if self.cancels is None:
            raise Killed
        self.cancels.cancel()
        await asyncio.Event().wait()


@pytest.fixture
def executioner(monkeypatch: pytest.MonkeyPatch) -> Executioner:
    return Executioner(monkeypatch)


def load(name: str, policy: str, engine: Scripted, saver: Any) -> Any:
    options = {"use": name, "max_depth": 4, **SMALL.get(name, {})}
    chosen = ", ".join(f"{key}: {value}" for key, value in options.items())
    text = GRAPH.replace("STRATEGY", f"{{{chosen}}}").replace("POLICY", policy)
    parts = Parts({"main": engine}, {"main": Finder()}, {"scores": Scores()})
    return load_graph(parse_graph(text), parts=parts, checkpointer=saver)


class Play:
    """Runs of one graph, each in a thread of its own, all in one file of checkpoints. Proposals
    that are `stepwise` are one request; others, runs of a graph, have checkpoints inside.
    """

    def __init__(self, graph: Any, engine: Scripted, *, stepwise: bool) -> None:
        self.graph = graph
        self.engine = engine
        self.stepwise = stepwise

    async def run(self, thread: str, *, resumed: bool = False) -> dict[str, Any]:
        given = None if resumed else {"question": QUESTION, "seed": 5}
        config: Any = {"configurable": {"thread_id": thread}}
        done = await self.graph.ainvoke(given, config, durability="sync")
        timeless = done["answer"].model_copy(update={"first_token_s": None})
        return {key: done[key] for key in KEPT} | {"answer": timeless}


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
async def play(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Play]:
    engine = reasoner(3, ragged=True)
    async with open_checkpoints(tmp_path / "checkpoints.sqlite") as saver:
        name, policy = request.param
        graph = load(name, policy, engine, saver)
        yield Play(graph, engine, stepwise=policy == STEPWISE)


def asked(requests: Sequence[Request]) -> Counter[tuple[str, int | None]]:
    return Counter((r.prefill, r.seed) for r in requests)


async def test_a_search_that_was_killed_anywhere_ends_the_same(
    play: Play, executioner: Executioner
) -> None:
    whole = await play.run("whole")
    tree, requests = executioner.trees[-1], asked(play.engine.requests)
    assert set(requests.values()) == {1}
    supersteps = executioner.done
    assert supersteps >= 4
    for at in range(supersteps):
        start = len(play.engine.requests)
        executioner.arm(at)
        with pytest.raises(Killed):
            await play.run(str(at))
        lost = asked(play.engine.requests[executioner.calls_before :])
        executioner.arm(None)
        assert await play.run(str(at), resumed=True) == whole, at
        assert executioner.trees[-1].events == tree.events
        made = asked(play.engine.requests[start:])
        twice = lost if play.stepwise else Counter()
        assert made == requests + twice, "only the interrupted superstep is done again"


async def test_a_cancelled_search_goes_on_too(play: Play, executioner: Executioner) -> None:
    whole = await play.run("whole")
    executioner.arm(executioner.done // 2)
    task = asyncio.create_task(play.run("cancelled"))
    executioner.cancels = task
    with pytest.raises(asyncio.CancelledError):
        await task
    executioner.arm(None)
    assert await play.run("cancelled", resumed=True) == whole


@pytest.mark.parametrize("name", STRATEGIES)
async def test_from_python_every_prefix_of_the_events_goes_on_to_the_same_end(name: str) -> None:
    async def search(events: Any = ()) -> Any:
        engine = reasoner(3, ragged=True)
        parts: Any = {"policy": POLICY, "strategy": strategy(name), "engine": engine}
        parts |= {"verifier": Scores(), "retriever": Finder()}
        return engine, await reason(QUESTION, **parts, seed=5, events=events)

    _, whole = await search()
    for end in range(len(whole.tree.events) + 1):
        engine, again = await search(whole.tree.events[:end])
        assert again.tree.trajectory(again.best[0][0]) == whole.trajectory, end
        assert again.best == whole.best
        assert len(again.tree) == len(whole.tree)
        assert set(asked(engine.requests).values()) <= {1}


def test_the_reasoner_gives_samples_that_differ() -> None:
    request = Request(messages=(), n=3, temperature=1.0, seed=1)
    texts = [c.text for c in asyncio.run(reasoner(3).generate(request))]
    assert len(set(texts)) == 3
