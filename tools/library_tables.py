"""The tables of docs/library.md: every method with its paper, and what it scores."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ragreason.graph.definition import Definition
from ragreason.graph.library import by_paradigm

RESULT = Path(__file__).resolve().parents[1] / "benchmarks/results/library.json"


def methods() -> str:
    """One section a paradigm, one row a graph: what is kept of its paper, where it departs."""
    sections = []
    for paradigm, graphs in by_paradigm().items():
        rows = [f"| `{g.name}` | {_source(g)} | {g.keeps} | {g.departs} |" for g in graphs]
        head = ["| graph | paper | what is kept | where it departs |", "|---|---|---|---|"]
        title = paradigm.replace("_", " ").capitalize()
        sections.append("\n".join([f"### {title}", "", *head, *rows]))
    return "\n\n".join(sections)


def table() -> str:
    """Every graph on the table's questions, best F1 first."""
    return _figures("table")


def test() -> str:
    """The chosen graphs on the other questions, with their difference to naive_rag."""
    return _figures("test")


def headline() -> str:
    """The test in short: what a reader of the README wants to know."""
    return _short("test")


def second() -> str:
    """The test's questions that were added after a first look, alone, in short."""
    return _short("second")


def _short(name: str) -> str:
    part = _kept(name)
    if part is None:
        return "Not measured yet."
    columns = "EM", "F1", "over naive_rag", "p (Holm)", "all support", "prompt tokens", "read anew"
    rows = [_short_row(graph, run, part) for graph, run in _best_first(part)]
    return "\n".join(
        [f"| graph | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|", *rows]
    )


def _short_row(graph: str, run: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    over = part["over_baseline"].get(graph)
    cells = (
        _number(run["em"]["value"], 2),
        _interval(run["f1"]),
        _interval(over, sign="+"),
        f"{over['p_holm']:.3f}" if over else "",
        _number(run["support_all"]["value"], 2),
        _number(run["prompt_tokens"], 0),
        _number(run["uncached_tokens"], 0),
    )
    return f"| `{graph}` | {' | '.join(cells)} |"


def _kept(name: str) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] = json.loads(RESULT.read_text("utf-8")) if RESULT.exists() else {}
    return found.get(name)


def _best_first(part: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted(part["graphs"].items(), key=lambda item: -(item[1]["f1"]["value"] or 0))


def _figures(name: str) -> str:
    part = _kept(name)
    if part is None:
        return "Not measured yet."
    graphs = _best_first(part)
    columns = ["n", "EM", "F1", "over naive_rag", "p", *part["datasets"], "support", "all"]
    columns += ["read", "cached", "written", "verifying", "calls", "searches", "s", "forced"]
    columns += ["errors"]
    rows = [_row(graph, run, part) for graph, run in graphs]
    return "\n".join(
        [f"| graph | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|", *rows]
    )


def _row(graph: str, run: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    over = part["over_baseline"].get(graph)
    by_data = [_number(values.get(graph), 2) for values in part["datasets"].values()]
    cells = [
        str(run["n"]),
        _number(run["em"]["value"], 2),
        _interval(run["f1"]),
        _interval(over, sign="+"),
        f"{over['p_holm']:.3f}" if over else "",
        *by_data,
        _number(run["support_recall"]["value"], 2),
        _number(run["support_all"]["value"], 2),
        *(_number(run[key], 0) for key in ("uncached_tokens", "cached_tokens")),
        *(_number(run[key], 0) for key in ("completion_tokens", "verifier_tokens")),
        *(_number(run[key], 1) for key in ("calls", "retrievals")),
        _number(run["latency_s"]["p50"], 1),
        str(run["forced"]),
        str(run["errors"]),
    ]
    return f"| `{graph}` | {' | '.join(cells)} |"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _interval(figure: Mapping[str, Any] | None, sign: str = "") -> str:
    if figure is None or figure["value"] is None:
        return ""
    value, low, high = (f"{figure[key]:{sign}.2f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def _source(definition: Definition) -> str:
    link = re.fullmatch(r"https://arxiv\.org/abs/(.+)", definition.source)
    return f"[{link[1]}]({definition.source})" if link else definition.source
