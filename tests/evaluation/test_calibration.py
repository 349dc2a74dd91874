"""From a sweep to the table of a compute-optimal search."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml

from ragreason.datasets import Dataset
from ragreason.errors import ConfigError
from ragreason.evaluation.calibration import (
    Probed,
    calibrated,
    check_choices,
    probe_graph,
    write_strategy,
)
from ragreason.evaluation.candidates import Candidate, Setting, all_settings, parse_candidate
from ragreason.evaluation.graphs import Plan
from ragreason.evaluation.points import Point
from ragreason.generation.scripted import Scripted
from ragreason.graph.library import read_nested
from ragreason.settings import load_settings
from ragreason.types import Request

EASY, HARD = ("e0", "e1", "e2"), ("h0", "h1", "h2")
PROBED = Probed(dict.fromkeys(EASY, 0.0) | dict.fromkeys(HARD, 0.75), probes=4, max_depth=6)


def point(n: int, scores: Sequence[float], ids: Sequence[str] = EASY + HARD) -> Point:
    """`n` votes, 100 tokens each."""
    return Point(
        strategy="majority",
        scales="n",
        budget=n,
        scores={"em": np.asarray(scores, dtype=np.float64)},
        costs={"tokens": np.full(len(ids), 100.0 * n)},
        ids=ids,
        use="majority",
        parameters={"max_depth": 6, "n": n},
    )


def votes(n: int) -> dict[str, object]:
    return {"use": "majority", "max_depth": 6, "n": n}


POINTS = [point(1, [1, 1, 1, 0, 0, 0]), point(8, [1, 1, 1, 0, 1, 1])]


def test_easy_questions_get_the_cheapest_that_is_as_good_and_hard_ones_what_helps() -> None:
    found = calibrated(POINTS, PROBED, "em", max_tokens=1000, bins=2)
    assert found == {
        "use": "compute_optimal",
        "probes": 4,
        "max_depth": 6,
        "choices": [
            {"at_most": pytest.approx(0.375), "strategy": votes(1)},
            {"at_most": 1.0, "strategy": votes(8)},
        ],
    }


def test_limits_are_rounded_up_to_four_digits_and_of_equal_ones_the_last_stays() -> None:
    hard = dict.fromkeys(EASY, 1 / 3) | dict.fromkeys(HARD, 1 / 3 + 1e-9)
    probed = Probed(hard | {"h2": 0.75}, probes=3)
    found = calibrated(
        [point(1, [1, 1, 1, 0, 0, 1]), POINTS[1]], probed, "em", max_tokens=1e4, bins=3
    )
    assert found["choices"] == [
        {"at_most": 0.3334, "strategy": votes(8)},
        {"at_most": 1.0, "strategy": votes(1)},
    ]


def test_what_is_too_dear_is_not_chosen() -> None:
    (only,) = calibrated(POINTS, PROBED, "em", max_tokens=100, bins=2)["choices"]
    assert only["strategy"]["n"] == 1


def test_questions_that_a_point_lacks_do_not_count() -> None:
    lacking = point(8, [0, 0, 1], ids=("e0", "e1", "h1"))
    found = calibrated([POINTS[0], lacking], PROBED, "em", max_tokens=1000, bins=2)
    assert [choice["strategy"]["n"] for choice in found["choices"]] == [1, 8]


def test_the_yaml_is_a_strategy_that_a_graph_takes(tmp_path: Path) -> None:
    found = calibrated(POINTS, PROBED, "em", max_tokens=1000, bins=2)
    write_strategy(tmp_path / "new" / "table.yaml", found, "react on own, 6 questions")
    text = (tmp_path / "new" / "table.yaml").read_text(encoding="utf-8")
    assert text.startswith("# react on own, 6 questions\n")
    graph = {
        "version": 1,
        "name": "g",
        "paradigm": "synergized",
        "nodes": {
            "solve": {
                "use": "reason",
                "policy": {"use": "cot", "temperature": 0.7},
                "strategy": yaml.safe_load(text),
            },
            "answer": {"use": "answer"},
        },
        "edges": [["START", "solve"], ["solve", "answer"], ["answer", "END"]],
    }
    (tmp_path / "g.yaml").write_text(yaml.safe_dump(graph), encoding="utf-8")
    strategy = read_nested(tmp_path / "g.yaml").definition.nodes["solve"].strategy
    assert strategy is not None
    assert strategy.parameters["choices"][1]["strategy"]["n"] == 8


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["greedy", "compute_optimal"], "'compute_optimal' chooses among strategies"),
        (["first=greedy", "second=majority"], "calibrated for one node"),
        (["majority:m=3"], "'majority' has no parameter 'm'"),
    ],
)
def test_what_can_not_be_in_a_table_is_refused(texts: Sequence[str], message: str) -> None:
    settings = all_settings([parse_candidate(text) for text in texts], (2,))
    with pytest.raises(ConfigError, match=message):
        check_choices(settings)
    check_choices([Setting(Candidate("greedy")), Setting(Candidate("majority"), "n", 2)])


def _reply(request: Request) -> Sequence[str]:
    """All samples agree on the town of river 1; of the others there are two opinions."""
    sure = "river 1?" in request.messages[-1].content
    return [f" So the answer is: town {i}." for i in ((1,) if sure else (1, 2))]


async def test_difficulty_is_what_the_search_itself_would_estimate(
    dataset: Dataset, tmp_path: Path
) -> None:
    plan = Plan(
        dataset,
        tmp_path,
        parts={"model": Scripted(default=_reply)},
        overrides=["think.policy.temperature=0.7"],
        limit=4,
        settings=load_settings(home=tmp_path / "home", embedder="hashing"),
    )
    probed = await probe_graph("cot", None, 4, plan)
    assert probed.difficulties == {"q0": 0.5, "q1": 0.0, "q2": 0.5, "q3": 0.5}
    assert (probed.probes, probed.max_depth) == (4, 2)
    kept = (tmp_path / "probes-4/results.jsonl").read_bytes()
    assert await probe_graph("cot", None, 4, plan) == probed
    assert (tmp_path / "probes-4/results.jsonl").read_bytes() == kept
