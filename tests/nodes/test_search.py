"""`reason`: search from Python, the same as in a graph."""

import pytest

from ragreason.errors import ConfigError
from ragreason.generation.scripted import Scripted
from ragreason.nodes.reason import Reason
from ragreason.nodes.search import reason
from ragreason.policies.react import ReAct
from ragreason.protocols import Retriever
from ragreason.search.best_of_n import BestOfN
from ragreason.search.majority import Majority
from ragreason.state import initial
from ragreason.tree import Added
from ragreason.types import Budget, Question

QUESTION = Question(id="q", text="When was the designer of the Sallow Bridge born?")
TEXTS = [" hm\nSearch: Edda Quill born", " so\nAnswer: 1874", " or\nAnswer: 1875"]
POLICY = ReAct(temperature=1.0)


def engine() -> Scripted:
    return Scripted(default=TEXTS)


async def test_it_gives_what_the_node_gives(retriever: Retriever) -> None:
    strategy = Majority(n=4, max_depth=5)
    node = Reason(
        name="reason", engine=engine(), policy=POLICY, strategy=strategy, retriever=retriever
    )
    update = await node(initial(QUESTION, seed=3))
    found = await reason(
        QUESTION, policy=POLICY, strategy=strategy, engine=engine(), retriever=retriever, seed=3
    )
    assert found.trajectory == update["trajectory"]
    assert found.answer == update["draft"]
    assert found.usage.calls > 0


async def test_a_saved_tree_is_gone_on_from(retriever: Retriever) -> None:
    strategy = Majority(n=4, max_depth=5)
    parts = {"policy": POLICY, "strategy": strategy, "retriever": retriever, "seed": 3}
    whole = await reason(QUESTION, engine=engine(), **parts)  # type: ignore[arg-type]
    for kept in range(len(whole.tree.events) + 1):
        events = whole.tree.events[:kept]
        after = engine()
        again = await reason(QUESTION, engine=after, events=events, **parts)  # type: ignore[arg-type]
        assert again.best == whole.best
        assert again.tree.events == whole.tree.events
    assert after.calls == 0, "a finished tree asks for nothing"


async def test_a_budget_ends_it_with_the_best_there_is(retriever: Retriever) -> None:
    found = await reason(
        QUESTION,
        policy=POLICY,
        strategy=Majority(n=4, max_depth=50),
        engine=Scripted(default=lambda request: f" hm {len(request.prefill)}\nSearch: Edda"),
        retriever=retriever,
        budget=Budget(calls=6),
    )
    assert found.forced == "budget of calls"
    assert found.best == ()
    assert sum(isinstance(e, Added) for e in found.tree.events) > 4


async def test_a_strategy_without_the_verifier_it_needs_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"needs a verifier that scores .*; none was given"):
        await reason(QUESTION, policy=POLICY, strategy=BestOfN(), engine=engine())
