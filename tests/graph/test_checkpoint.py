"""What a checkpoint holds comes back equal and of the same type; killed runs go on."""

from pathlib import Path
from typing import Any

import pytest

from ragreason.graph.bind import Parts
from ragreason.graph.checkpoint import STORED, Serializer, open_checkpoints
from ragreason.graph.load import load_graph
from ragreason.graph.read import parse_graph
from ragreason.state import ReasonState, State
from ragreason.tree import Added, Asked, Judged
from ragreason.types import (
    Answer,
    Citation,
    Evidence,
    Hit,
    Message,
    Passage,
    Question,
    Request,
    Step,
    Trajectory,
    Usage,
    Verdict,
)

PASSAGE = Passage(id="p", title="t", text="x", page=2, metadata={"year": 1900, "ok": True})
HIT = Hit(passage=PASSAGE, score=0.5, rank=1, source="bm25", query="q")
VERDICT = Verdict(score=1, label="partial", unsupported=("a",), missing=("b", "c"))
STEP = Step(
    kind="search", text="s", query="q", hits=(HIT,), token_ids=(1, 2), logprob=-1.5, verdict=VERDICT
)
ANSWER = Answer(text="a", citations=(Citation(number=1, passage_id="p", title="t"),), score=0.1)

FULL = State(
    question=Question(id="q", text="who", metadata={"hops": 2}),
    seed=7,
    query="q",
    queries=["a", "b"],
    item="a",
    evidence={"p": Evidence(hit=HIT, keep=False, excerpt="x")},
    sufficiency=VERDICT,
    notes=["n"],
    findings=["Who?: Edda Quill"],
    trajectory=Trajectory(steps=(STEP, STEP)),
    draft="d",
    in_prompt=["p"],
    answer=ANSWER,
    confidence=0.75,
    difficulty=0.25,
    usage=Usage(prompt_tokens=3, cached_tokens=None, calls=1),
    steps=2,
    elapsed_s=1.25,
    counts={"a->b": 2},
    forced="budget of tokens",
    dropped=["p"],
)
REASON = ReasonState(
    question=Question(id="q", text="who"),
    seed=7,
    tree=[
        Asked(node=0, n=2),
        Added(parent=0, step=STEP),
        Added(parent=0, step=None, reason="cut"),
        Judged(node=1, verdict=VERDICT, outcome=True),
    ],
    evidence={"p": Evidence(hit=HIT)},
    usage=Usage(cached_tokens=1),
    steps=1,
    elapsed_s=0.5,
    forced="",
    dropped=[],
    wanted=[(0, 2), (1, 1)],
    best=[(1, 0.5)],
)


def shape(value: Any) -> Any:
    """The value with the type of everything in it."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value), [shape(item) for item in value]
    if hasattr(value, "model_fields_set"):
        return type(value), {n: shape(getattr(value, n)) for n in type(value).model_fields}
    return type(value), value


@pytest.mark.parametrize(("state", "kind"), [(FULL, State), (REASON, ReasonState)])
def test_every_state_key_comes_back_equal_and_of_the_same_type(state: Any, kind: Any) -> None:
    assert set(state) == set(kind.__annotations__), "the sample covers every key"
    serializer = Serializer()
    for key, value in state.items():
        back = serializer.loads_typed(serializer.dumps_typed(value))
        assert back == value, key
        assert shape(back) == shape(value), key


def test_every_value_type_is_allowed() -> None:
    assert {Question, Evidence, Trajectory, Answer, Asked, Added, Judged} <= set(STORED)
    serializer = Serializer()
    request = Request(messages=(Message(role="user", content="x"),), stop=("a",))
    assert serializer.loads_typed(serializer.dumps_typed(request)) == request


def test_other_types_are_not_rebuilt() -> None:
    class Own(Question):
        pass

    serializer = Serializer()
    packed = serializer.dumps_typed(Own(id="q", text="t"))
    assert not isinstance(serializer.loads_typed(packed), Question)


def test_tuples_stay_tuples_and_lists_lists() -> None:
    value = {"a": [(1, [2, (3,)])], "b": (), "c": [[]]}
    serializer = Serializer()
    assert shape(serializer.loads_typed(serializer.dumps_typed(value))) == shape(value)


GRAPH = """
version: 1
name: fan
paradigm: reasoning_enhanced_retrieval
nodes:
  split: {use: split}
  solve: {use: note}
  find: {use: find}
  answer: {use: reply}
edges:
  - [START, split]
  - {from: split, each: queries, to: solve}
  - [solve, find]
  - [find, answer]
  - [answer, END]
"""


async def test_a_run_goes_on_where_it_stopped(
    tmp_path: Path, parts: Parts, engine: Any, search: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    config: Any = {"configurable": {"thread_id": "t"}}
    async with open_checkpoints(tmp_path / "runs" / "c.sqlite") as saver:
        graph = load_graph(parse_graph(GRAPH), parts=parts, checkpointer=saver)

        async def fail(*_: Any) -> Any:
            raise OSError("killed")

        with monkeypatch.context() as broken:
            broken.setattr(type(search), "retrieve", fail)
            with pytest.raises(OSError, match="killed"):
                await graph.ainvoke({"question": "a b,c"}, config, durability="sync")
        assert engine.calls == ["a b", "c"]
    async with open_checkpoints(tmp_path / "runs" / "c.sqlite") as saver:
        graph = load_graph(parse_graph(GRAPH), parts=parts, checkpointer=saver)
        done = await graph.ainvoke(None, config, durability="sync")
    assert engine.calls == ["a b", "c"], "finished branches do not run again"
    assert done["answer"].text == "a b -> b; c -> c"
    assert done["usage"].calls == 2
    assert done["question"] == Question(id="a b,c", text="a b,c")


async def test_a_run_in_another_process_reads_the_same_state(tmp_path: Path, parts: Parts) -> None:
    config: Any = {"configurable": {"thread_id": "t"}}
    async with open_checkpoints(tmp_path / "c.sqlite") as saver:
        graph = load_graph(parse_graph(GRAPH), parts=parts, checkpointer=saver)
        done = await graph.ainvoke({"question": "a,b"}, config)
    async with open_checkpoints(tmp_path / "c.sqlite") as saver:
        graph = load_graph(parse_graph(GRAPH), parts=parts, checkpointer=saver)
        saved = await graph.aget_state(config)
    assert shape(dict(saved.values)) == shape(dict(done))
