"""The tables of docs/library.md: every method with its paper, and what it scores."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ragreason.graph.definition import Definition
from ragreason.graph.library import by_paradigm

Run = Mapping[str, Any]
Part = Mapping[str, Any]
CHOICE = "n", "F1", "all support", "prompt tokens"
COSTS = "read anew", "cached", "written", "verifying", "calls", "searches", "s", "forced", "errors"
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
    """The graphs on all of the table's questions, best F1 first, then those on its first half."""
    parts = {"All 40 questions": "table", "20 of them: the first half of each part": "half"}
    return "\n\n".join(f"### {title}\n\n{_figures(name)}" for title, name in parts.items())


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
    return _grid(columns, ((graph, _short_cells(graph, run, part)) for graph, run in _best(part)))


def _short_cells(graph: str, run: Run, part: Part) -> Sequence[str]:
    over = part["over_baseline"].get(graph)
    return (
        _number(run["em"]["value"], 2),
        _interval(run["f1"]),
        _interval(over, sign="+"),
        _p(over),
        _number(run["support_all"]["value"], 2),
        _number(run["prompt_tokens"], 0),
        _number(run["uncached_tokens"], 0),
    )


def _figures(name: str) -> str:
    part = _kept(name)
    if part is None:
        return "Not measured yet."
    scores = ["EM", "over naive_rag", "p (Holm)", *part["datasets"], "support"]
    return "\n\n".join(
        _grid(columns, ((graph, cells(graph, run, part)) for graph, run in _best(part)))
        for columns, cells in ((CHOICE, _choice), (scores, _scores), (COSTS, _costs))
    )


def _choice(_: str, run: Run, __: Part) -> Sequence[str]:
    return (
        str(run["n"]),
        _interval(run["f1"]),
        _number(run["support_all"]["value"], 2),
        _number(run["prompt_tokens"], 0),
    )


def _scores(graph: str, run: Run, part: Part) -> Sequence[str]:
    over = part["over_baseline"].get(graph)
    return (
        _number(run["em"]["value"], 2),
        _interval(over, sign="+"),
        _p(over),
        *(_number(values.get(graph), 2) for values in part["datasets"].values()),
        _number(run["support_recall"]["value"], 2),
    )


def _costs(_: str, run: Run, __: Part) -> Sequence[str]:
    return (
        *(_number(run[key], 0) for key in ("uncached_tokens", "cached_tokens")),
        *(_number(run[key], 0) for key in ("completion_tokens", "verifier_tokens")),
        *(_number(run[key], 1) for key in ("calls", "retrievals")),
        _number(run["latency_s"]["p50"], 1),
        str(run["forced"]),
        str(run["errors"]),
    )


def _grid(columns: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    head = [f"| graph | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    return "\n".join([*head, *(f"| `{graph}` | {' | '.join(cells)} |" for graph, cells in rows)])


def _kept(name: str) -> Part | None:
    found: Mapping[str, Any] = json.loads(RESULT.read_text("utf-8")) if RESULT.exists() else {}
    return found.get(name)


def _best(part: Part) -> list[tuple[str, Any]]:
    return sorted(part["graphs"].items(), key=lambda item: -(item[1]["f1"]["value"] or 0))


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _p(over: Run | None) -> str:
    if over is None:
        return ""
    return "<0.001" if over["p_holm"] < 0.001 else f"{over['p_holm']:.3f}"


def _interval(figure: Run | None, sign: str = "") -> str:
    if figure is None or figure["value"] is None:
        return ""
    value, low, high = (f"{figure[key]:{sign}.2f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def _source(definition: Definition) -> str:
    link = re.fullmatch(r"https://arxiv\.org/abs/(.+)", definition.source)
    return f"[{link[1]}]({definition.source})" if link else definition.source
