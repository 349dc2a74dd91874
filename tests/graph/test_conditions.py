"""Conditions: what may be asked of which state key, and the answers."""

from typing import Any

import pytest

from ragreason.graph.conditions import INITIAL, complaint, holds, shape, state_keys
from ragreason.graph.definition import Condition
from ragreason.state import initial
from ragreason.types import (
    Answer,
    Evidence,
    Hit,
    Passage,
    Question,
    Step,
    Trajectory,
    Usage,
    Verdict,
)

HIT = Hit(passage=Passage(id="p", title="", text=""), score=1, rank=1, source="x")
THOUGHT = Trajectory(steps=(Step(kind="thought", text="x"),))
STATE: dict[str, Any] = {
    "evidence": {"p": Evidence(hit=HIT)},
    "sufficiency": Verdict(score=0.5, label="partial"),
    "queries": ["a", "b"],
    "query": "a",
    "steps": 3,
    "notes": [],
    "draft": "",
    "trajectory": THOUGHT,
    "answer": Answer(text="", abstained=True),
    "usage": Usage(prompt_tokens=10, completion_tokens=5),
}


def asked(**condition: Any) -> Condition:
    return Condition.model_validate(condition)


def test_the_initial_keys_are_those_of_the_state() -> None:
    assert set(initial(Question(id="q", text="t"))) == INITIAL


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"field": "evidence", "is": "partial"}, True),
        ({"field": "evidence", "is": "sufficient"}, False),
        ({"field": "sufficiency", "is": "partial"}, True),
        ({"field": "evidence", "is": "not_empty"}, True),
        ({"field": "notes", "is": "empty"}, True),
        ({"field": "draft", "is": "empty"}, True),
        ({"field": "item", "is": "empty"}, True),
        ({"field": "item", "is": "not_empty"}, False),
        ({"field": "trajectory", "is": "not_empty"}, True),
        ({"field": "answer", "is": "empty"}, True),
        ({"field": "query", "is": "a"}, True),
        ({"field": "query", "equals": "a"}, True),
        ({"field": "query", "equals": "b"}, False),
        ({"field": "steps", "equals": 3}, True),
        ({"field": "steps", "at_least": 3}, True),
        ({"field": "steps", "at_least": 4}, False),
        ({"field": "steps", "at_most": 3}, True),
        ({"field": "steps", "at_most": 2}, False),
        ({"field": "sufficiency", "at_least": 0.5}, True),
        ({"field": "queries", "at_least": 2}, True),
        ({"field": "queries", "at_most": 1}, False),
        ({"field": "evidence", "at_most": 1}, True),
        ({"field": "usage", "at_least": 15}, True),
        ({"field": "elapsed_s", "at_least": 0}, False),
    ],
)
def test_conditions_on_a_state(condition: dict[str, Any], expected: bool) -> None:
    made = asked(**condition)
    assert complaint(made, state_keys()) is None
    assert holds(made, STATE) is expected


def test_evidence_without_a_verdict_has_no_label() -> None:
    assert not holds(asked(field="evidence", **{"is": "none"}), {"evidence": {}})


def test_true_is_not_one() -> None:
    assert not holds(asked(field="steps", equals=True), {"steps": 1})
    assert not holds(asked(field="steps", equals=1), {"steps": True})


def test_every_state_key_has_a_shape_that_conditions_know() -> None:
    shapes = {key: shape(kind) for key, kind in state_keys().items()}
    assert shapes["question"] == "value"
    assert {key for key, found in shapes.items() if found == "value"} == {"question", "in_prompt"}
