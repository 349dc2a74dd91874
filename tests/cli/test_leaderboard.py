import json
from pathlib import Path

import pytest

from ragreason.cli.main import invoke


def test_long_names_and_large_numbers_fit_80_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metric = {"value": 0.3599, "low": 0.2712, "high": 0.4567, "n": 7_405}
    usage = {"prompt_tokens": 123_456.7, "completion_tokens": 1_234.0, "verifier_tokens": 9_876.0}
    summary = {
        "graph": "a_graph_with_a_very_long_name_indeed",
        "dataset": "2wikimultihopqa",
        "data_hash": "0" * 16,
        "offset": 0,
        "n": 12_576,
        "errors": 0,
        "metrics": {"em": metric, "f1": metric},
        "usage": {"per_question": {**usage, "calls": 12.0, "retrievals": 10.0}},
        "latency_s": {"p50": 1.0, "p95": 2.0},
    }
    for number in range(12):
        (tmp_path / f"run{number}").mkdir()
        text = json.dumps({**summary, "graph": f"{number}{summary['graph']}"})
        (tmp_path / f"run{number}/summary.json").write_text(text, encoding="utf-8")
    assert invoke(["leaderboard", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 14
    assert max(map(len, lines)) <= 80
    assert "0.360 [.271, .457]" in lines[2]
    assert "134567" in lines[2]
