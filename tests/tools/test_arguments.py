"""What a model gave as arguments, held against what the tool takes."""

import json
from typing import Any

import pytest

from ragreason.errors import ToolError
from ragreason.tools.arguments import read_arguments

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "minLength": 1, "maxLength": 10},
        "k": {"type": "integer", "minimum": 1, "maximum": 5},
        "kind": {"type": "string", "enum": ["dense", "bm25"]},
        "exact": {"type": "boolean"},
    },
    "required": ["query"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"query": "Edda"}, {"query": "Edda"}),
        ({"query": "Edda", "k": 3, "kind": "bm25", "exact": True}, None),
        ({"query": 1874}, {"query": "1874"}),
        ({"query": True}, {"query": "true"}),
    ],
)
def test_fitting_arguments_are_read(given: dict[str, Any], read: dict[str, Any] | None) -> None:
    assert read_arguments(json.dumps(given), SCHEMA) == (read or given)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", 'no JSON; expected {"query": string'),
        ("[]", "no JSON object"),
        ("{}", "'query' is missing"),
        ('{"query": "x", "q": 1}', "no argument 'q'"),
        ('{"query": ["x"]}', "'query' is no string"),
        ('{"query": null}', "'query' is no string"),
        ('{"query": ""}', "'query' is too short"),
        ('{"query": "12345678901"}', "'query' is too long"),
        ('{"query": "x", "k": 0}', "'k' is too small"),
        ('{"query": "x", "k": 6}', "'k' is too big"),
        ('{"query": "x", "k": true}', "'k' is no integer"),
        ('{"query": "x", "kind": "sparse"}', "none of: dense, bm25"),
        ('{"query": "x", "exact": 1}', "'exact' is no boolean"),
    ],
)
def test_what_does_not_fit_is_told(text: str, told: str) -> None:
    with pytest.raises(ToolError) as caught:
        read_arguments(text, SCHEMA)
    assert told in str(caught.value)


def test_a_schema_that_says_nothing_takes_any_object() -> None:
    assert read_arguments('{"a": [1]}', {}) == {"a": [1]}


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ('{"a": null}', {"type": ["integer", "null"], "minimum": 0}),
        ('{"a": {}}', {"minimum": 0}),
        ('{"a": "7"}', {"minimum": 9}),
        ('{"a": 7}', {"minLength": 9}),
    ],
)
def test_bounds_hold_for_values_of_their_type_only(text: str, schema: dict[str, Any]) -> None:
    assert read_arguments(text, {"properties": {"a": schema}}) == json.loads(text)


def test_brackets_without_end_are_told_of() -> None:
    with pytest.raises(ToolError, match="no JSON"):
        read_arguments('{"query": ' + "[" * 100_000, SCHEMA)
