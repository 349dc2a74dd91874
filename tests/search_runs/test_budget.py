"""A search that a budget stops gives the best that it has, and says what stopped it."""

from dataclasses import replace
from typing import Any

import pytest

from ragreason.graph.bind import Parts
from ragreason.graph.load import load_graph
from ragreason.graph.read import parse_graph
from ragreason.nodes.search import Reasoned, reason
from ragreason.tree import Added, Asked
from ragreason.types import Budget, Usage
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

KINDS = ("calls", "tokens", "steps", "retrievals")


async def search(name: str, budget: Budget | None = None, **options: Any) -> Reasoned:
    return await reason(
        QUESTION,
        policy=POLICY,
        strategy=strategy(name),
        engine=reasoner(4, ragged=True),
        verifier=Scores(),
        retriever=Finder(),
        seed=2,
        budget=budget,
        **options,
    )


def spent(found: Reasoned, kind: str, end: int | None = None) -> int:
    """What the proposals have cost, up to event number `end`."""
    added = [e.step for e in found.tree.events[:end] if isinstance(e, Added)]
    if kind == "steps":
        return len(added)
    steps = [step for step in added if step is not None]
    if kind == "retrievals":
        return len([step for step in steps if step.kind == "search"])
    return sum(int(getattr(step.usage, kind)) for step in steps)


def last_wave(found: Reasoned) -> int:
    """The number of the event that begins the last wave."""
    events = found.tree.events
    starts = [i for i, e in enumerate(events) if isinstance(e, Asked)]
    return max(i for i in starts if i == 0 or not isinstance(events[i - 1], Asked))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", STRATEGIES)
async def test_at_every_bound_it_stops_with_the_best_it_has(name: str, kind: str) -> None:
    whole = await search(name)
    before = spent(whole, kind, last_wave(whole))
    assert (whole.forced, spent(whole, "calls"), before > 0) == ("", whole.usage.calls, True)
    ranked: Any = replace(strategy(name), **_aggregation(name))  # type: ignore[type-var]
    for bound in sorted({1, before // 2, before} - {0}):
        found = await search(name, Budget(**{kind: bound}))
        assert found.forced == f"budget of {kind}", bound
        assert found.best == ranked.finish(found.tree).nodes
        assert bool(found.best) == bool(found.tree.answers)
        assert spent(found, kind, last_wave(found)) <= bound, "no wave begins beyond the bound"
        if kind == "calls":
            assert found.usage.calls == bound


def _aggregation(name: str) -> dict[str, str]:
    return {"aggregation": "mean"} if hasattr(strategy(name), "aggregation") else {}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", STRATEGIES)
async def test_a_bound_that_is_not_exceeded_forces_nothing(name: str, kind: str) -> None:
    whole = await search(name)
    found = await search(name, Budget(**{kind: spent(whole, kind) + 1}))
    assert (found.forced, found.tree.events, found.best) == ("", whole.tree.events, whole.best)


@pytest.mark.parametrize("name", STRATEGIES)
async def test_up_to_there_it_is_the_search_that_it_would_have_been(name: str) -> None:
    whole = await search(name)
    half = await search(name, Budget(calls=max(1, whole.usage.calls // 2)))
    assert 0 < half.usage.calls < whole.usage.calls
    assert 0 < _came(half) < _came(whole)
    for node in range(1, len(half.tree)):
        came, due = half.tree.step(node), whole.tree.step(node)
        assert half.tree.parent(node) == whole.tree.parent(node)
        assert came is None or (due is not None and came.text == due.text)


def _came(found: Reasoned) -> int:
    return sum(found.tree.step(node) is not None for node in range(1, len(found.tree)))


@pytest.mark.parametrize("name", STRATEGIES)
async def test_a_graph_s_answer_is_marked_forced(name: str) -> None:
    options = {"use": name, "max_depth": 4, **SMALL.get(name, {})}
    chosen = ", ".join(f"{key}: {value}" for key, value in options.items())
    text = f"""
    version: 1
    name: bounded
    paradigm: synergized
    budget: {{calls: 2}}
    nodes:
      solve:
        use: reason
        policy: {{use: react, search_first: false, temperature: 0.8}}
        strategy: {{{chosen}}}
        verifier: scores
      answer: {{use: answer, citations: false}}
    edges: [[START, solve], [solve, answer], [answer, END]]
    """
    engine = reasoner(4)
    parts = Parts({"main": engine}, {"main": Finder()}, {"scores": Scores()})
    done = await load_graph(parse_graph(text), parts=parts).ainvoke({"question": QUESTION})
    assert (done["answer"].status, done["answer"].forced_by) == ("forced", "budget of calls")
    assert engine.calls <= 2 + 1, "the answer is always given"
    assert done["usage"] == done["answer"].usage or done["answer"].usage == Usage()
