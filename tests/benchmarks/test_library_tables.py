"""The tables of docs/library.md are narrow enough to read, and tell what was measured on what."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return import_module("library_tables")


def rows_of(text: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]


@pytest.mark.parametrize("name", ["table", "test", "headline", "second"])
def test_no_table_is_wider_than_ten_columns(tables: Any, name: str) -> None:
    rules = [line for line in getattr(tables, name)().splitlines() if line.startswith("|---")]
    assert rules
    assert max(rule.count("---") for rule in rules) <= 10


def test_graphs_on_all_questions_and_on_half_of_them_are_apart(tables: Any) -> None:
    _, whole, half = tables.table().split("### ")
    assert {row[1] for row in rows_of(whole.partition("EM")[0])} == {"40"}
    assert {row[1] for row in rows_of(half.partition("EM")[0])} == {"20"}


def test_every_measured_graph_is_in_the_tables_as_often_as_there_are_tables(tables: Any) -> None:
    kept = json.loads(tables.RESULT.read_text("utf-8"))
    for name in ("table", "half"):
        shown = [row[0] for row in rows_of(tables._figures(name))]
        assert sorted(shown) == sorted([f"`{graph}`" for graph in kept[name]["graphs"]] * 3)


def test_a_small_p_value_is_not_shown_as_zero(tables: Any) -> None:
    assert tables._p({"p_holm": 0.0004}) == "<0.001"
    assert tables._p({"p_holm": 0.0224}) == "0.022"
