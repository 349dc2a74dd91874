"""docs/simulation.md shows what benchmarks/simulation.py has kept."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "benchmarks/simulation.py"


@pytest.fixture(scope="module")
def bench() -> dict[str, Any]:
    return runpy.run_path(str(BENCH))


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    text = (ROOT / "benchmarks/results/simulation.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_page_shows_the_figures_that_were_kept(
    bench: dict[str, Any], kept: dict[str, Any]
) -> None:
    page = (ROOT / "docs/simulation.md").read_text(encoding="utf-8")
    assert bench["theory_table"](kept["theory"]) in page
    assert bench["tokens_table"](kept["equal_tokens"]) in page
    assert f"{kept['questions']:,} questions" in page
    assert f"{kept['questions'] // 4} questions" in page


def test_the_bench_gives_what_was_kept(bench: dict[str, Any], kept: dict[str, Any]) -> None:
    questions = bench["simulated_questions"](kept["questions"])
    (row,) = [r for r in kept["theory"] if r["strategy"] == "majority"]
    part = bench["Majority"](n=bench["N"])
    exact = bench["majority_accuracy"]
    again = bench["_compared"]("majority", "none", part, exact, questions, kept["seed"])
    assert bench["rounded"](again) == row
