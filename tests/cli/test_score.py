"""`ragreason score` and `ragreason data show`."""

import json
from pathlib import Path
from typing import Any

import pytest

from ragreason.cli.main import invoke


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dataset of three questions, and predictions for one of them and for another one."""
    monkeypatch.chdir(tmp_path)
    rows = [
        {"id": f"q{i}", "question": f"Who is number {i}?", "answer": "Ilse", "hops": 1 + i % 2}
        for i in range(3)
    ]
    (tmp_path / "data.json").write_text(json.dumps(rows), encoding="utf-8")
    predictions = {"q0": "Ilse", **{f"elsewhere-{i}": "x" for i in range(30)}}
    (tmp_path / "predictions.json").write_text(json.dumps(predictions), encoding="utf-8")
    return tmp_path


def said(capfd: pytest.CaptureFixture[str], *args: str) -> tuple[str, str]:
    assert invoke(args) == 0
    return capfd.readouterr()


def document(capfd: pytest.CaptureFixture[str], *args: str) -> Any:
    return json.loads(said(capfd, *args, "--json")[0])


SCORE = ("score", "predictions.json", "--data", "generic:data.json")


def test_scores_and_what_is_missing_fit_80_columns(
    files: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out, err = said(capfd, *SCORE)
    assert "em         0.333  [0.000, 1.000]  3" in out
    assert "2 of 3 questions have no prediction and score 0:\n  q1, q2\n" in err
    assert "30 predictions are for other questions:\n  elsewhere-0, " in err
    assert err.rstrip().endswith(", ...")
    assert max(map(len, (out + err).splitlines())) <= 80


def test_json_has_figures_and_all_ids(files: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = document(capfd, *SCORE)
    assert found["metrics"]["em"]["value"] == pytest.approx(1 / 3)
    assert (found["missing"], len(found["unknown"])) == (["q1", "q2"], 30)


def test_a_part_can_be_chosen(files: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert document(capfd, *SCORE, "--hops", "1")["n"] == 2
    assert document(capfd, *SCORE, "--limit", "1")["missing"] == []
    drawn = document(capfd, *SCORE, "--sample", "2", "--sample-seed", "0")
    assert drawn["n"] == 2
    assert drawn == document(capfd, *SCORE, "--sample", "2")
    assert invoke([*SCORE, "--hops", "7"]) == 2
    assert "no question has the number of hops '7'; known: 1, 2" in capfd.readouterr().err


def test_a_judge_tells_its_agreement_with_em(
    files: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    script = files / "judge.yaml"
    script.write_text('default: \'{"verdict": "correct"}\'\n', encoding="utf-8")
    out, _ = said(capfd, *SCORE, "--judge", f"scripted:{script}")
    assert "judge      0.333" in out
    assert "judge and EM agree on 100.0% of 3 answers (kappa 1.000);" in out
    found = document(capfd, *SCORE, "--judge", f"scripted:{script}")["judge"]
    assert (found["n"], found["agreement_with_em"]["accuracy"]) == (3, 1.0)


def test_what_cannot_be_scored_is_one_line(files: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (files / "other.json").write_text('{"zz": "x"}', encoding="utf-8")
    assert invoke(["score", "other.json", "--data", "generic:data.json"]) == 2
    assert capfd.readouterr().err.startswith("error: other.json predicts nothing for")


def test_show_says_what_a_dataset_holds(files: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capfd, "data", "show", "generic:data.json")
    assert "questions                3\n" in out
    found = document(capfd, "data", "show", "generic:data.json", "--hops", "1")
    assert (found["questions"], found["hops"]) == (2, {"1": 2})
