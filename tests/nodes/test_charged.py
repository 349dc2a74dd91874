"""Verifiers that ask a model are charged, wherever they come from."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ragreason.corpus import passage
from ragreason.generation.metered import Metered
from ragreason.generation.scripted import Scripted
from ragreason.graph.bind import Parts
from ragreason.graph.load import load_graph
from ragreason.graph.read import parse_graph
from ragreason.nodes.charged import charged
from ragreason.nodes.search import reason
from ragreason.policies.react import ReAct
from ragreason.protocols import Verifier, Where
from ragreason.search.best_of_n import BestOfN
from ragreason.types import Hit
from ragreason.verification.agreement import Agreement
from ragreason.verification.chance import Random
from ragreason.verification.ensemble import Ensemble
from ragreason.verification.judge import Judge
from ragreason.verification.likelihood import Likelihood

GRAPH = """
version: 1
name: guided
paradigm: synergized
nodes:
  solve:
    use: reason
    policy: {use: react, temperature: 0.7}
    strategy: {use: best_of_n, n: 2}
    verifier: VERIFIER
  answer: {use: answer, citations: false}
edges: [[START, solve], [solve, answer], [answer, END]]
"""


class Finding:
    name = "finding"

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        found = passage("Leland", "It was shot in Leland.")
        return [[Hit(passage=found, score=1.0, rank=1, source="test")] for _ in queries]


def engine() -> Scripted:
    return Scripted(default=" It is said.\nAnswer: King")


MADE: list[Verifier] = [
    Judge(engine()),
    Likelihood(engine()),
    Agreement(engine(), Finding(), evidence="retrieved"),
]


@pytest.mark.parametrize("made", [*MADE, Ensemble(tuple(MADE))], ids=lambda v: type(v).__name__)
async def test_a_verifier_made_in_python_is_charged(made: Verifier) -> None:
    done = await reason(
        "Who was it?",
        policy=ReAct(temperature=0.7),
        strategy=BestOfN(n=2),
        engine=engine(),
        verifier=made,
    )
    assert done.answer == "King"
    assert done.usage.verifier_tokens > 0
    assert done.usage.prompt_tokens > 0


@pytest.mark.parametrize("use", ["judge", "likelihood", "agreement"])
async def test_a_verifier_of_a_graph_file_is_charged(use: str) -> None:
    usage = await spent(GRAPH.replace("VERIFIER", use), Parts())
    assert usage > 0


async def test_a_verifier_given_to_a_graph_is_charged() -> None:
    usage = await spent(GRAPH.replace("VERIFIER", "mine"), Parts(verifiers={"mine": MADE[0]}))
    assert usage > 0


def test_what_is_charged_already_or_asks_nothing_stays_as_it_is() -> None:
    metered = Judge(Metered(engine()))
    members = Ensemble((Random(), metered))
    for verifier in (metered, Random(), members):
        assert charged(verifier) is verifier


async def spent(graph: str, parts: Parts) -> int:
    """Verifier tokens of one run."""
    given = replace(parts, engines={"main": engine()}, retrievers={"main": Finding()})
    done = await load_graph(parse_graph(graph), parts=given).ainvoke({"question": "Who was it?"})
    assert done["answer"].text == "King"
    tokens: int = done["usage"].verifier_tokens
    return tokens
