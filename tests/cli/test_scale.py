"""`ragreason scale` from end to end: on a scripted engine, and on the simulator."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from ragreason.cli.main import invoke
from ragreason.evaluation import plots
from ragreason.settings import settings

VESSMARK = Path(__file__).parents[2] / "corpora/vessmark"
SCRIPT = """
rules:
  - when: ""
    reply: [" Hm.\\nAnswer: Tessing", " Well.\\nAnswer: 1492", " So.\\nAnswer: 1864"]
"""
SIMULATED = ["scale", "simulated", "--questions", "60", "--budget", "1,4", "--out", "out"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "s.yaml").write_text(SCRIPT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAGREASON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RAGREASON_EMBEDDER", "hashing")
    settings.cache_clear()
    return tmp_path


def sweep(*more: str, graph: str = "react", budget: str = "1,2") -> int:
    data = ["--data", f"world:{VESSMARK}", "--limit", "3", "--model", "scripted:s.yaml"]
    varied = ["--set", "solve.policy.temperature=0.7", "--budget", budget]
    return invoke(["scale", graph, *data, *varied, "--out", "out", *more])


def strategies(*names: str) -> list[str]:
    return [word for name in names for word in ("--strategy", name)]


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def accuracy(points: Sequence[dict[str, Any]], strategy: str, budget: int | None) -> float:
    (point,) = [p for p in points if (p["strategy"], p["budget"]) == (strategy, budget)]
    value: float = point["scores"]["accuracy"]["value"]
    return value


def test_a_sweep_gives_points_files_and_one_document(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep(*strategies("greedy", "majority"), "--json", budget="1,4") == 0
    found = document(capsys)
    assert [(p["strategy"], p["budget"], p["n"]) for p in found["points"]] == [
        ("greedy", None, 3),
        ("majority", 1, 3),
        ("majority", 4, 3),
    ]
    tokens = [p["costs"]["tokens"]["value"] for p in found["points"]]
    assert tokens[0] == tokens[1] < tokens[2]
    assert found["files"] == ["out/scale.json", "out/scale.svg", "out/scale.png"]
    assert (folder / "out/scale.png").read_bytes().startswith(b"\x89PNG")
    kept = json.loads((folder / "out/scale.json").read_text(encoding="utf-8"))
    assert kept["points"] == found["points"]
    assert (folder / "out/majority-4/summary.json").is_file()


def test_the_same_command_goes_on_and_gives_the_same_figures(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep(*strategies("majority"), "--json") == 0
    first = document(capsys)
    picture = (folder / "out/scale.svg").read_bytes()
    kept = folder / "out/majority-1/results.jsonl"
    others = (folder / "out/majority-2/results.jsonl").read_bytes()
    kept.write_bytes(kept.read_bytes()[:-40])  # as a kill leaves it
    assert sweep(*strategies("majority"), "--json") == 0
    again = document(capsys)
    assert (folder / "out/majority-2/results.jsonl").read_bytes() == others
    assert [p["scores"] for p in again["points"]] == [p["scores"] for p in first["points"]]
    assert (folder / "out/scale.svg").read_bytes() == picture


def test_tables_fit_80_columns(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = strategies("greedy", "majority:max_depth=5")
    assert sweep(*names, "--set", "solve.verifier=groundedness", budget="2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == "strategy budget n EM [95 %] F1 [95 %]".split()
    assert lines[2].split()[:3] == ["majority:max_depth=5", "2", "3"]


def test_questions_that_end_at_a_bound_are_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep(*strategies("majority"), "--set", "budget.tokens=1", budget="2") == 0
    assert "majority at 2: 3 of 3 questions ended at a bound" in capsys.readouterr().err


def test_failed_questions_are_told_and_the_exit_code_is_1(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "s.yaml").write_text('rules: [{when: "nobody", reply: "1"}]', encoding="utf-8")
    assert sweep(*strategies("greedy")) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1].split() == ["greedy", *"----", "0", "3"]
    assert "the same command asks them again" in printed.err


def test_simulated_questions_need_no_data_and_verified_search_wins(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = strategies("greedy", "best_of_n", "beam:branching=2")
    assert invoke([*SIMULATED, *names, "--verifier-auc", "0.95", "--json"]) == 0
    found = document(capsys)
    assert (found["graph"], found["questions"], found["verifier_auc"]) == (
        "simulated",
        60,
        pytest.approx(0.95),
    )
    points = found["points"]
    assert accuracy(points, "greedy", None) == accuracy(points, "best_of_n", 1)
    assert accuracy(points, "best_of_n", 4) > accuracy(points, "best_of_n", 1) + 0.2
    assert [p["costs"]["waves"]["value"] for p in points] == [4.0] * 5
    assert "simulated, 60 questions" in (folder / "out/scale.svg").read_text(encoding="utf-8")


def test_simulated_questions_may_be_longer_than_a_strategy_goes_by_itself(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = [*SIMULATED, *strategies("greedy"), "--depth", "12", "--step-accuracy", "1,0.99"]
    assert invoke([*args, "--json"]) == 0
    points = document(capsys)["points"]
    assert points[0]["costs"]["waves"]["value"] == 12.0
    assert accuracy(points, "greedy", None) > 0.8


def test_searches_that_reach_no_answer_are_told_with_the_way_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke([*SIMULATED, *strategies("mcts", "mcts:roll_out=true", "greedy")]) == 0
    printed = capsys.readouterr()
    rows = [line.split() for line in printed.out.splitlines()]
    assert [row[-1] for row in rows[rows.index([]) + 1 :]] == ["forced", "60", "60", "0", "0", "0"]
    notes = [line for line in printed.err.splitlines() if "without an answer" in line]
    assert [line.split(":")[0] for line in notes] == ["mcts at 1", "mcts at 4"]
    assert "60 of 60 questions ended without an answer" in notes[0]
    assert notes[0].endswith("give a larger --budget or max_depth, or mcts:roll_out=true")


def test_a_table_is_calibrated_from_the_sweep(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--calibrate", "table.yaml", "--probes", "2", "--bins", "2"]
    assert sweep(*strategies("greedy", "majority"), *more, "--json") == 0
    printed = capsys.readouterr()
    assert "calibrated on 3 questions: with fewer than 100" in printed.err
    found = json.loads(printed.out)
    assert found["files"][-1] == "table.yaml"
    assert found["calibrated"]["probes"] == 2
    assert found["calibrated"]["choices"][-1]["at_most"] == 1.0
    table = yaml.safe_load((folder / "table.yaml").read_text(encoding="utf-8"))
    assert table == found["calibrated"]
    assert (folder / "out/probes-2/summary.json").is_file()


def test_a_table_for_simulated_questions_spends_more_on_hard_ones(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kinds = ["--step-accuracy", "0.5,1", "--verifier-auc", "1", "--questions", "200"]
    more = ["--calibrate", "table.yaml", "--bins", "4", "--max-tokens", "2000"]
    names = strategies("best_of_n:max_depth=4")
    assert invoke([*SIMULATED, *kinds, *names, *more, "--json"]) == 0
    printed = capsys.readouterr()
    assert "calibrated on" not in printed.err
    found = json.loads(printed.out)
    easy, *harder = found["calibrated"]["choices"]
    assert (easy["at_most"], easy["strategy"]["n"]) == (0.0, 1)
    assert 4 in {choice["strategy"]["n"] for choice in harder}


def test_without_matplotlib_figures_stay_and_the_mend_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "find_spec", lambda name: None)
    assert invoke([*SIMULATED, *strategies("majority"), "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["files"] == ["out/scale.json"]
    assert "pip install '.[plots]' --constraint constraints.txt" in printed.err
    assert sorted(p.name for p in (folder / "out").iterdir()) == ["scale.json"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["react", *strategies("majority")], "give --data NAME:PATH"),
        (["simulated", *strategies("majority"), "--data", "x:y"], "--data has no use"),
        (["simulated", *strategies("majority"), "--limit", "3"], "--limit has no use"),
        (["simulated", *strategies("majority"), "--offset", "0"], "--offset has no use"),
        (["react", *strategies("majority"), "--data", "x:y", "--depth", "4"], "--depth is for"),
        (["simulated", *strategies("majorty")], "unknown strategy 'majorty'"),
        (["simulated", *strategies("majority:m=1")], "'majority' has no parameter 'm'"),
        (["simulated", *strategies("beam:branching=0")], "greater than or equal to 1"),
        (["simulated", *strategies("majority"), "--budget", "1,x"], "expected whole numbers"),
        (["simulated", *strategies("majority"), "--verifier-auc", "0.2"], "AUC lies in [0.5, 1]"),
        (["simulated", *strategies("majority"), "--step-accuracy", "a"], "expected numbers"),
        (["simulated", *strategies("majority"), "--step-accuracy", "2"], "probabilities"),
        (["simulated", *strategies("majority"), "--bins", "2"], "--bins needs --calibrate"),
        (
            ["simulated", *strategies("compute_optimal"), "--calibrate", "t.yaml"],
            "chooses among strategies",
        ),
        (["simulated"], "Missing option '--strategy'"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(
    folder: Path, capsys: pytest.CaptureFixture[str], args: list[str], message: str
) -> None:
    assert invoke(["scale", *args]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.count("\n") == 1
