"""Searches guided by reward models and ensembles, from the strategy's side."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.generation.scripted import Scripted
from ragreason.nodes.search import reason
from ragreason.policies.react import ReAct
from ragreason.protocols import Retriever, Verifier
from ragreason.search.beam import Beam
from ragreason.search.best_of_n import BestOfN
from ragreason.search.scores import with_aggregation
from ragreason.types import Question
from ragreason.verification.ensemble import Ensemble
from ragreason.verification.groundedness import Groundedness
from ragreason.verification.reward_model import RewardModel

pytestmark = pytest.mark.model

QUESTION = Question(id="q", text="who was stephen king ?")
POLICY = ReAct(temperature=1.0)
TEXTS = [" it was ada\nSearch: Edda Quill", " so bo left\nAnswer: 1874", " good\nAnswer: the film"]


@pytest.fixture
def process(make_model: Callable[..., Path]) -> RewardModel:
    folder = make_model("LlamaForTokenClassification", classes=2, limit=4096)
    return RewardModel(folder=str(folder), by="token", separator=" <e> ", aggregate="min")


async def test_beam_search_follows_a_process_reward_model(
    process: RewardModel, retriever: Retriever
) -> None:
    found = await reason(
        QUESTION,
        policy=POLICY,
        strategy=Beam(width=2, branching=2, max_depth=3),
        engine=Scripted(default=TEXTS),
        verifier=process,
        retriever=retriever,
    )
    nodes = [n for n in range(1, len(found.tree)) if not found.tree.failed(n)]
    assert len(nodes) > 4
    for node in nodes:
        (verdict,) = await process.judge(QUESTION, [found.tree.trajectory(node)])
        told = found.tree.verdict(node)
        assert told is not None
        assert told.score == pytest.approx(verdict.score, abs=1e-5)
    depth = max(found.tree.depth(node) for node in nodes)
    proposals = sum(event.usage.calls for event in map(found.tree.step, nodes) if event)
    assert found.usage.verifier_tokens > 0
    assert found.usage.calls == proposals + depth, "a batch of verdicts a wave"


async def test_a_mixed_ensemble_judges_every_step_and_every_answer(
    process: RewardModel, retriever: Retriever
) -> None:
    verifier: Verifier = Ensemble(
        members=(process, Groundedness(HashingEmbedder())), weights=(1.0, 3.0)
    )
    assert with_aggregation(BestOfN(), verifier) == BestOfN(aggregation="mean")
    found = await reason(
        QUESTION,
        policy=POLICY,
        strategy=BestOfN(n=4, max_depth=4),
        engine=Scripted(default=TEXTS),
        verifier=verifier,
        retriever=retriever,
    )
    scores = {}
    for node in found.tree.answers:
        told = found.tree.verdict(node, outcome=True)
        assert told is not None
        assert told.reason.startswith("RewardModel 0.")
        assert "; Groundedness " in told.reason
        scores[node] = told.score
    assert len(set(scores.values())) > 1
    assert found.best[0][0] == max(scores, key=lambda node: scores[node])
