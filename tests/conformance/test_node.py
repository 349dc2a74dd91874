"""What every registered node kind declares."""

import inspect
from typing import Any

import pytest

from ragreason import registry
from ragreason.state import State


@pytest.fixture(params=registry.known("nodes"))
def kind(request: pytest.FixtureRequest) -> Any:
    return registry.load("nodes", request.param)


def test_it_reads_and_writes_declared_state_keys(kind: Any) -> None:
    keys = {*State.__annotations__, *getattr(kind, "keys", {})}
    declared = {*kind.reads, *kind.writes, *getattr(kind, "optional_reads", ())}
    assert declared <= keys
    assert "usage" not in kind.writes, "the wrapper counts usage"


def test_it_is_an_async_callable_of_the_state_with_a_docstring(kind: Any) -> None:
    assert inspect.iscoroutinefunction(kind.__call__)
    assert list(inspect.signature(kind.__call__).parameters) == ["self", "state"]
    assert kind.__doc__
    assert "(" not in kind.__doc__.split("\n")[0][: len(kind.__name__) + 1]


def test_its_parameters_have_checkable_types_and_only_defaults(kind: Any) -> None:
    model = registry.parameters(kind)
    assert all(not field.is_required() for field in model.model_fields.values())
    assert model().model_dump() is not None
