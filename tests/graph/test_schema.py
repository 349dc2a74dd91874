"""The JSON Schema, and the file to start from."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from ragreason.errors import ConfigError
from ragreason.graph.checks import check_graph
from ragreason.graph.read import parse_graph
from ragreason.graph.schema import graph_schema
from ragreason.graph.starter import starter


@pytest.fixture(autouse=True)
def registered() -> None:
    """The real node kinds, not those of the other tests."""


def option(schema: Any, definition: str, use: str) -> Any:
    found = schema["$defs"][definition]
    options = found.get("oneOf") or found["anyOf"][1]["oneOf"]
    return next(o for o in options if o["properties"]["use"].get("const") == use)


def test_the_schema_knows_parameters_and_their_ranges() -> None:
    schema = graph_schema()
    retrieve = option(schema, "NodeSpec", "retrieve")
    assert retrieve["properties"]["k"]["minimum"] == 1
    assert set(retrieve["properties"]) == {"use", "retriever", "k", "fused"}
    reason = option(schema, "NodeSpec", "reason")
    assert reason["properties"]["policy"] == {"$ref": "#/$defs/Policy"}
    assert option(schema, "Strategy", "best_of_n")["properties"]["n"]["default"] >= 1
    assert {"graph", "in", "out"} <= set(option(schema, "NodeSpec", "graph")["properties"])


def test_every_reference_of_the_schema_is_defined() -> None:
    schema = graph_schema()
    pending: list[Any] = [schema]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            reference = value.get("$ref", "#/$defs/Edge")
            assert reference.removeprefix("#/$defs/") in schema["$defs"]
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    TypeAdapter(dict[str, Any]).dump_json(schema)


def test_the_starter_is_a_valid_graph() -> None:
    definition = parse_graph(starter("my_graph-2"))
    assert definition.name == "my_graph-2"
    assert check_graph(definition) == []


@pytest.mark.parametrize("name", ["a b", "", "a: b", "1.5", "yes: no\nx", "../x", "null"])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="is no graph name"):
        starter(name)


def test_the_schema_knows_tools_and_policies_inside_policies() -> None:
    schema = graph_schema()
    agent = option(schema, "Policy", "agent")
    assert agent["properties"]["tools"]["items"] == {"$ref": "#/$defs/Tool"}
    assert option(schema, "Tool", "search")["properties"]["k"]["minimum"] == 1
    assert option(schema, "Policy", "reflect")["properties"]["policy"] == {"$ref": "#/$defs/Policy"}
    assert "tools" not in option(schema, "Policy", "react")["properties"]
