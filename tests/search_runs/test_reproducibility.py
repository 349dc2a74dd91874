"""The same seed gives the same tree, whatever runs beside it; another seed gives another."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from ragreason import registry
from ragreason.generation.openvino import OpenVINOEngine
from ragreason.generation.replay import Replay
from ragreason.generation.scripted import Scripted
from ragreason.graph.bind import Parts
from ragreason.graph.load import load_graph
from ragreason.graph.subgraph import policy_function
from ragreason.nodes.search import Reasoned, reason
from ragreason.policies.agent import AgentPolicy
from ragreason.policies.graph import GraphPolicy
from ragreason.policies.react import ReAct
from ragreason.policies.reflect import Reflect
from ragreason.protocols import Generator, Policy
from ragreason.tree import Event
from ragreason.types import Completion, Question, Request
from tests.search_runs.conftest import InVirtualTime
from tests.search_runs.parts import POLICY, STRATEGIES, Finder, Scores, reasoner, strategy

POLICIES = registry.known("policies")
QUESTIONS = [Question(id=f"q{i}", text=f"When was designer {i} born?") for i in range(3)]
SAMPLING = [name for name in STRATEGIES if name not in {"greedy", "revise"}]


def policy(name: str, engine: Generator, temperature: float = 0.8) -> Policy:
    """The policy `name`, sampling; a graph's runs use `engine`."""
    cls = registry.load("policies", name)
    if cls is AgentPolicy:
        return AgentPolicy(temperature=temperature, form="text")  # scripts write no JSON
    if cls is Reflect:
        return Reflect(policy=ReAct(temperature=temperature))
    if cls is not GraphPolicy:
        made: Policy = cls(temperature=temperature)
        return made
    parts = Parts({"main": engine}, {"main": Finder()})
    overrides = [f"answer.temperature={temperature}"]
    return GraphPolicy(policy_function(load_graph("naive_rag", parts=parts, overrides=overrides)))


class Uneven(Scripted):
    """Takes another time for each request, by its seed and `salt`: arrivals come out of order."""

    def __init__(self, inner: Scripted, salt: int) -> None:
        super().__init__()
        self.inner = inner
        self.salt = salt

    async def generate(self, request: Request) -> list[Completion]:
        await asyncio.sleep(crc32(f"{request.seed} {self.salt}".encode()) % 100)
        return await self.inner.generate(request)


async def search(
    engine: Generator, name: str, over: str, question: Question = QUESTIONS[0], seed: int = 1
) -> Reasoned:
    return await reason(
        question,
        policy=policy(over, engine),
        strategy=strategy(name),
        engine=engine,
        verifier=Scores(),
        retriever=Finder(),
        seed=seed,
    )


def events(found: Sequence[Reasoned]) -> list[tuple[Event, ...]]:
    return [one.tree.events for one in found]


@pytest.mark.parametrize("over", POLICIES)
@pytest.mark.parametrize("name", STRATEGIES)
def test_the_tree_does_not_depend_on_what_runs_beside_it_or_on_who_is_first(
    in_virtual_time: InVirtualTime, name: str, over: str
) -> None:
    async def alone() -> list[Reasoned]:
        return [await search(reasoner(3, ragged=True), name, over, q) for q in QUESTIONS]

    async def together(salt: int) -> list[Reasoned]:
        engine = Uneven(reasoner(3, ragged=True), salt)
        tasks = (search(engine, name, over, q) for q in QUESTIONS)
        return list(await asyncio.gather(*tasks))

    expected = events(in_virtual_time(alone())[0])
    assert len({repr(tree) for tree in expected}) == len(QUESTIONS)
    for salt in (1, 2):
        assert events(in_virtual_time(together(salt))[0]) == expected


@pytest.mark.parametrize("over", POLICIES)
@pytest.mark.parametrize("name", STRATEGIES)
async def test_a_recording_gives_the_same_trees_in_any_order(
    tmp_path: Path, name: str, over: str
) -> None:
    recorder = Replay(tmp_path / "calls.jsonl", reasoner(3, ragged=True))
    made = await asyncio.gather(*(search(recorder, name, over, q) for q in QUESTIONS))
    replay = Replay(tmp_path / "calls.jsonl")
    again = [await search(replay, name, over, q) for q in reversed(QUESTIONS)]
    assert events(again[::-1]) == events(made)


@pytest.mark.parametrize("over", POLICIES)
@pytest.mark.parametrize("name", STRATEGIES)
async def test_other_seeds_give_other_trees(name: str, over: str) -> None:
    found = [await search(reasoner(3), name, over, seed=seed) for seed in range(5)]
    texts = {tuple(one.tree.step(n).text for n in range(1, len(one.tree))) for one in found}  # type: ignore[union-attr]
    assert len(texts) > 1


@pytest.mark.parametrize("over", POLICIES)
@pytest.mark.parametrize("name", STRATEGIES)
async def test_no_two_requests_of_a_search_share_a_sample_s_seed(name: str, over: str) -> None:
    engine = reasoner(4, ragged=True)
    for seed in (1, 2):
        await search(engine, name, over, seed=seed)
    drawn = [(r.seed or 0) + i for r in engine.requests for i in range(r.n)]
    assert len(drawn) == len(set(drawn)), "engines seed sample i with seed + i"


@pytest.mark.parametrize(
    "name", [n for n in SAMPLING if n not in {"beam", "compute_optimal", "dvts", "mcts"}]
)
async def test_a_second_round_at_the_same_node_repeats_no_seed_of_the_first(name: str) -> None:
    parts: dict[str, Any] = {"policy": POLICY, "verifier": Scores(), "retriever": Finder()}
    engine = reasoner(2)
    first = await reason(QUESTIONS[0], strategy=strategy(name, n=3), engine=engine, seed=1, **parts)
    rounds = len(engine.requests)
    await reason(
        QUESTIONS[0],
        strategy=strategy(name, n=5),
        engine=engine,
        seed=1,
        events=first.tree.events,
        **parts,
    )
    old = engine.requests[0]
    new = [r for r in engine.requests[rounds:] if r.prefill == old.prefill]
    assert old.n == 3
    assert sum(r.n for r in new) == (2 if name != "adaptive_majority" else 1), "or safe by then"
    drawn = [(r.seed or 0) + i for r in (old, *new) for i in range(r.n)]
    assert len(set(drawn)) == len(drawn)


@pytest.mark.model
async def test_a_real_engine_at_concurrency_1_gives_the_same_tree_again() -> None:
    trees = []
    for _ in range(2):
        engine = OpenVINOEngine("smollm2-135m", timeout_s=120)
        found = await reason(
            Question(id="q", text="Which river runs through Paris?"),
            policy=policy("cot", engine),
            strategy=strategy("majority", n=3, max_depth=1),
            engine=engine,
            seed=3,
        )
        await engine.aclose()
        trees.append(found.tree.events)
    assert trees[0] == trees[1]
    assert len({repr(event) for event in trees[0]}) > 2, "samples differ"
