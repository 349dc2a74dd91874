"""Calls read out of what a model wrote as plain text."""

import json

import pytest

from ragreason.generation.constraints import check_json_schema
from ragreason.policies.tool_calls import (
    call_schema,
    canonical,
    read_answer,
    read_call,
    show_call,
)
from ragreason.protocols import Tool
from ragreason.tools.calculate import Calculate
from ragreason.tools.search import Search
from tests.policies.tools import NoRetriever

TOOLS: tuple[Tool, ...] = (Search(NoRetriever()), Calculate())
EDDA = {"query": "Edda Quill"}


@pytest.mark.parametrize(
    "text",
    [
        ' {"tool": "search", "arguments": {"query": "Edda Quill"}}',
        'I will look.\n```json\n{"name": "search", "parameters": {"query": "Edda Quill"}}\n```',
        '<tool_call>{"name": "search", "arguments": "{\\"query\\": \\"Edda Quill\\"}"}</tool_call>',
        '{"function": {"name": "search", "arguments": {"query": "Edda Quill"}}}',
        '{"tool": "search", "query": "Edda Quill"}',
        '{"search": {"query": "Edda Quill"}}',
        '{"search": "Edda Quill"}',
        '{"tool": "search", "arguments": "Edda Quill"}',
        "search: Edda Quill",
        "Search: Edda Quill",
        "搜索：Edda Quill",
        'search("Edda Quill")',
        '{"oops {"tool": "search", "arguments": {"query": "Edda Quill"}} and {"tool": "x"}',
    ],
)
def test_a_call_is_read_in_any_of_the_usual_forms(text: str) -> None:
    found = read_call(text, TOOLS)
    assert found is not None
    assert (found.name, json.loads(found.arguments)) == ("search", EDDA)


@pytest.mark.parametrize(
    "text", ["", "I wonder.", "{}", "[1, 2]", '{"a": 1}', "note: this", "{" * 5000, '{"tool": 1}']
)
def test_what_is_no_call_is_none(text: str) -> None:
    assert read_call(text, TOOLS) is None


def test_a_tool_that_is_not_there_is_read_too_so_that_the_model_can_be_told() -> None:
    found = read_call('{"tool": "browse", "arguments": {"url": "x"}}', TOOLS)
    assert found is not None
    assert found.name == "browse"


@pytest.mark.parametrize(
    "text",
    [
        '{"tool": "answer", "arguments": {"answer": "1874"}}',
        '{"answer": "1874"}',
        '{"tool": "answer", "arguments": "1874"}',
        '{"tool": "answer", "arguments": {"final": "1874"}}',
        "Answer: 1874",
        "答案：1874",
    ],
)
def test_an_answer_is_read_likewise(text: str) -> None:
    found = read_call(text, TOOLS)
    assert found is not None
    assert (found.name, read_answer(found.arguments)) == ("answer", "1874")


def test_the_same_call_is_the_same_however_it_is_written() -> None:
    assert canonical("t", '{"b": 1,"a":2}') == canonical("t", ' {"a": 2, "b": 1} ')
    assert canonical("t", '{"a": 1}') != canonical("t", '{"a": 2}')
    assert canonical("t", "x  y") == canonical("t", "x y")


def test_a_call_is_shown_as_json_whatever_its_arguments_are() -> None:
    assert json.loads(show_call("search", json.dumps(EDDA))) == {
        "tool": "search",
        "arguments": EDDA,
    }
    assert json.loads(show_call("a", 'no "json"'))["arguments"] == 'no "json"'


def test_the_schema_is_one_that_engines_take_and_names_every_tool_and_the_answer() -> None:
    schema = call_schema(TOOLS)
    check_json_schema(schema)
    options = json.loads(schema)["anyOf"]
    names = [option["properties"]["tool"]["const"] for option in options]
    assert names == ["search", "calculate", "answer"]
