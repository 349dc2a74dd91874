"""The error tree."""

import re

import pytest

import ragreason
from ragreason import errors
from ragreason.errors import (
    BudgetReachedError,
    ContextOverflowError,
    EngineError,
    GraphError,
    RagreasonError,
    UnknownNameError,
    nearest,
)


def drawn_tree() -> dict[str, str | None]:
    """Class to parent, as the module's docstring draws it."""
    parents: dict[str, str | None] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ([│├└─ ]*)(\w+Error)\b", line)
        if found:
            level = len(found[1]) // 4
            del above[level:]
            parents[found[2]] = above[-1] if above else None
            above.append(found[2])
    return parents


def classes() -> list[type[RagreasonError]]:
    found = [RagreasonError]
    for parent in found:
        found += [c for c in parent.__subclasses__() if c.__module__ == errors.__name__]
    return found


def test_the_docstring_draws_the_real_tree() -> None:
    real = {c.__name__: c.__bases__[0].__name__ for c in classes()}
    assert drawn_tree() == {**real, "RagreasonError": None}


def test_every_error_is_public() -> None:
    assert {c.__name__ for c in classes()} <= set(ragreason.__all__)


def test_exit_codes_and_retries_are_as_drawn() -> None:
    bad_input = {c.__name__ for c in classes() if c.exit_code == 2}
    assert {name for name in bad_input if drawn_tree()[name] == "RagreasonError"} == {"ConfigError"}
    assert all(drawn_tree()[n] in {"RagreasonError", "ConfigError"} for n in bad_input)
    drawn = re.findall(r"(\w+Error) .*`retryable`", errors.__doc__ or "")
    assert {c.__name__ for c in classes() if c.retryable} == set(drawn) != set()


def test_unknown_name_offers_the_nearest() -> None:
    error = UnknownNameError("retriever", "bm2", ["dense", "bm25"], "or give 'module:attr'")
    assert error.nearest == "bm25"
    assert str(error) == (
        "unknown retriever 'bm2'; did you mean 'bm25'? known: bm25, dense; or give 'module:attr'"
    )


def test_unknown_name_offers_nothing_when_nothing_is_near() -> None:
    error = UnknownNameError("retriever", "zzz", ["dense", "bm25"])
    assert error.nearest is None
    assert "did you mean" not in str(error)


def test_unknown_name_with_nothing_known_says_so() -> None:
    assert str(UnknownNameError("graph", "x", [])) == "unknown graph 'x'; known: none"


@pytest.mark.parametrize(
    ("path", "line", "text"),
    [
        ("a.yaml", 3, "a.yaml:3: no"),
        (None, 3, "<graph>:3: no"),
        ("a.yaml", None, "a.yaml: no"),
        (None, None, "no"),
    ],
)
def test_graph_error_names_the_place(path: str | None, line: int | None, text: str) -> None:
    error = GraphError("no", path=path, line=line)
    assert (str(error), error.message, error.path, error.line) == (text, "no", path, line)


def test_overflow_says_by_how_much() -> None:
    error = ContextOverflowError(9000, 8192)
    assert (error.prompt_tokens, error.limit) == (9000, 8192)
    assert "9000" in str(error)
    assert "8192" in str(error)
    assert isinstance(error, EngineError)


def test_budget_error_names_the_limit() -> None:
    assert BudgetReachedError("tokens").limit == "tokens"


def test_nearest_is_none_without_candidates() -> None:
    assert nearest("react", []) is None
