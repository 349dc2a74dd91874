"""How many requests a search makes, in how many waves, and how long it takes in virtual time."""

import asyncio
from itertools import groupby
from math import ceil
from typing import Any

import pytest

from ragreason.generation.metered import Metered
from ragreason.generation.scripted import Scripted
from ragreason.graph.bind import Parts
from ragreason.graph.load import load_graph
from ragreason.graph.read import parse_graph
from ragreason.nodes.search import Reasoned, reason
from ragreason.tree import Judged
from ragreason.types import Completion, Question, Request
from tests.search_runs.conftest import InVirtualTime
from tests.search_runs.parts import (
    POLICY,
    QUESTION,
    STRATEGIES,
    Finder,
    Scores,
    depth_of,
    reasoner,
    strategy,
    text_of,
)

LOCKSTEP = sorted(set(STRATEGIES) & {"beam", "best_of_n", "dvts", "majority", "weighted_best_of_n"})
GUIDED = [name for name in STRATEGIES if strategy(name).wants]
LATENCY_S = 2.0


class Clocked(Scripted):
    """Keeps when each request was made; `inner` says what it answers."""

    def __init__(self, inner: Scripted) -> None:
        super().__init__()
        self.inner = inner
        self.at: list[tuple[float, Request]] = []

    async def generate(self, request: Request) -> list[Completion]:
        self.at.append((asyncio.get_running_loop().time(), request))
        return await self.inner.generate(request)

    @property
    def waves(self) -> list[list[Request]]:
        """The requests that were made at the same time, in order."""
        return [[r for _, r in wave] for _, wave in groupby(self.at, key=lambda made: made[0])]


def search(engine: Scripted, name: str, question: Question = QUESTION, **options: Any) -> Any:
    return reason(
        question,
        policy=POLICY,
        strategy=strategy(name, **options),
        engine=engine,
        verifier=Scores(),
        retriever=Finder(),
        seed=1,
    )


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("name", LOCKSTEP)
def test_waves_equal_depth(in_virtual_time: InVirtualTime, name: str, depth: int) -> None:
    engine = Clocked(reasoner(depth, latency_s=LATENCY_S))
    _, elapsed_s = in_virtual_time(search(engine, name, max_depth=6))
    assert [{depth_of(r) for r in wave} for wave in engine.waves] == [{d} for d in range(depth)]
    assert elapsed_s == pytest.approx(depth * LATENCY_S)


@pytest.mark.parametrize("name", LOCKSTEP)
def test_any_number_of_questions_takes_depth_times_latency(
    in_virtual_time: InVirtualTime, name: str
) -> None:
    engine = reasoner(3, latency_s=LATENCY_S)

    async def many() -> None:
        asked = [Question(id=str(i), text=f"question {i}") for i in range(40)]
        await asyncio.gather(*(search(engine, name, question) for question in asked))

    _, elapsed_s = in_virtual_time(many())
    assert elapsed_s == pytest.approx(3 * LATENCY_S)
    assert engine.peak >= 40


@pytest.mark.parametrize("name", STRATEGIES)
def test_questions_never_wait_for_each_other(in_virtual_time: InVirtualTime, name: str) -> None:
    async def timed(depth: int) -> float:
        engine = reasoner(depth, latency_s=LATENCY_S)
        await search(engine, name)
        return asyncio.get_running_loop().time()

    async def together() -> list[float]:
        return list(await asyncio.gather(*map(timed, (4, 1, 3, 2))))

    alone = [in_virtual_time(timed(depth))[0] for depth in (4, 1, 3, 2)]
    found, _ = in_virtual_time(together())
    assert found == pytest.approx(alone)


@pytest.mark.parametrize("name", LOCKSTEP)
def test_a_graph_s_questions_take_depth_times_latency_too(
    in_virtual_time: InVirtualTime, name: str
) -> None:
    text = f"""
    version: 1
    name: g
    paradigm: synergized
    nodes:
      solve:
        use: reason
        policy: {{use: react, search_first: false, temperature: 0.8}}
        strategy: {{use: {name}, max_depth: 6}}
        verifier: scores
      answer: {{use: answer, citations: false}}
    edges: [[START, solve], [solve, answer], [answer, END]]
    """
    engine = reasoner(3, latency_s=LATENCY_S)
    parts = Parts({"main": engine}, {"main": Finder()}, {"scores": Scores()})
    graph = load_graph(parse_graph(text), parts=parts)

    async def many() -> list[Any]:
        asked = [{"question": Question(id=str(i), text=f"question {i}")} for i in range(6)]
        return list(await asyncio.gather(*(graph.ainvoke(one) for one in asked)))

    done, elapsed_s = in_virtual_time(many())
    assert elapsed_s == pytest.approx(3 * LATENCY_S)
    assert all(one["answer"].text.startswith("answer") for one in done)


@pytest.mark.skipif("mcts" not in STRATEGIES, reason="no mcts is registered")
@pytest.mark.parametrize("formula", ["uct", "puct"])
@pytest.mark.parametrize(("simulations", "parallel"), [(1, 1), (8, 1), (8, 4), (9, 4), (16, 16)])
def test_mcts_makes_a_wave_for_each_parallel_batch_and_one_for_the_root(
    in_virtual_time: InVirtualTime, simulations: int, parallel: int, formula: str
) -> None:
    engine = Clocked(reasoner(9, latency_s=LATENCY_S))
    options: dict[str, Any] = {"simulations": simulations, "parallel": parallel}
    options |= {"formula": formula, "branching": 2, "max_depth": 9, "aggregation": "mean"}
    found, elapsed_s = in_virtual_time(search(engine, "mcts", **options))
    most = ceil(simulations / parallel) + 1
    assert len(engine.waves) <= most
    assert elapsed_s <= most * LATENCY_S + 1e-6
    assert max(map(len, engine.waves)) <= parallel
    mcts: Any = strategy("mcts", **options)
    assert mcts.marks(found.tree)[0].visits == simulations


@pytest.mark.parametrize("name", STRATEGIES)
def test_samples_of_one_prefix_are_one_request(in_virtual_time: InVirtualTime, name: str) -> None:
    engine = Clocked(reasoner(4, ragged=True, latency_s=LATENCY_S))
    in_virtual_time(search(engine, name))
    for wave in engine.waves:
        assert len({r.prefill for r in wave}) == len(wave)


@pytest.mark.parametrize("name", LOCKSTEP)
def test_the_first_wave_is_one_request(in_virtual_time: InVirtualTime, name: str) -> None:
    engine = Clocked(reasoner(2, latency_s=LATENCY_S))
    in_virtual_time(search(engine, name))
    assert [r.n > 1 for r in engine.waves[0]] == [True]


@pytest.mark.parametrize("name", GUIDED)
async def test_each_step_and_each_outcome_is_judged_once(name: str) -> None:
    reader = Metered(Scripted())
    verifier = Scores(reader)
    found = await _judged_by(verifier, name)
    nodes = [(e.node, e.outcome) for e in found.tree.events if isinstance(e, Judged)]
    assert nodes
    assert len(nodes) == len(set(nodes)) == len(verifier.seen)
    tokens = sum(1 + len(text_of(item).split()) for item in verifier.seen)
    assert found.usage.verifier_tokens == tokens


@pytest.mark.parametrize("name", GUIDED)
async def test_what_was_judged_is_not_judged_again_after_a_resume(name: str) -> None:
    whole = await _judged_by(Scores(), name)
    ends = [i for i, e in enumerate(whole.tree.events) if isinstance(e, Judged)]
    for end in (ends[0], ends[len(ends) // 2], ends[-1]):
        known = whole.tree.events[: end + 1]
        verifier = Scores()
        again = await _judged_by(verifier, name, events=known)
        judged = sum(isinstance(e, Judged) for e in again.tree.events)
        before = sum(isinstance(e, Judged) for e in again.tree.events[: len(known)])
        assert len(verifier.seen) == judged - before
        assert again.best == whole.best


async def _judged_by(verifier: Scores, name: str, **options: Any) -> Reasoned:
    return await reason(
        QUESTION,
        policy=POLICY,
        strategy=strategy(name),
        engine=reasoner(3, ragged=True),
        verifier=verifier,
        retriever=Finder(),
        seed=1,
        **options,
    )


@pytest.mark.parametrize("name", LOCKSTEP)
def test_width_shrinks_as_trajectories_finish(in_virtual_time: InVirtualTime, name: str) -> None:
    engine = Clocked(reasoner(9, ragged=True, latency_s=LATENCY_S))
    found, _ = in_virtual_time(search(engine, name, max_depth=9))
    asked = [sum(r.n for r in wave) for wave in engine.waves]
    assert asked == sorted(asked, reverse=True)
    assert asked[-1] < asked[0]
    assert sum(asked) == len(found.tree) - 1, "nothing is refilled or copied"
