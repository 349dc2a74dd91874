"""`ragreason cache` and `--no-cache`, on a scripted engine that says what determines replies."""

import json
from pathlib import Path
from typing import Any

import pytest

from ragreason.cli.main import invoke
from ragreason.generation.scripted import Scripted
from ragreason.settings import settings

VESSMARK = Path(__file__).parents[2] / "corpora/vessmark"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "s.yaml").write_text("default: Tessing\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAGREASON_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(Scripted, "identity", "script", raising=False)
    settings.cache_clear()
    return tmp_path


def evaluated(out: str, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    """The summary of an evaluation of `direct`."""
    data = ["--data", f"world:{VESSMARK}", "--limit", "3", "--out", out]
    assert invoke(["eval", "direct", *data, "--model", "scripted:s.yaml", *more]) == 0
    capsys.readouterr()
    found: dict[str, Any] = json.loads(Path(out, "summary.json").read_text(encoding="utf-8"))
    return found


def info(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert invoke(["cache", "info", "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_second_evaluation_is_answered_by_the_first_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = evaluated("one", capsys)
    second = evaluated("two", capsys)
    assert first["cache"]["hits"] == 0
    assert second["cache"] == {
        "hits": 3,
        "calls": 3,
        "hit_rate": 1.0,
        "tokens": first["usage"]["prompt_tokens"] + first["usage"]["completion_tokens"],
        "questions": 3,
    }
    assert second["metrics"] == first["metrics"]
    assert second["usage"]["prompt_tokens"] == first["usage"]["prompt_tokens"] > 0
    assert second["latency_s"]["p50"] is None
    assert invoke(["compare", "one", "two"]) == 0
    assert "3 of 3 calls (100%) came from the response cache" in capsys.readouterr().out


def test_no_cache_asks_anew_and_keeps_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    evaluated("one", capsys, "--no-cache")
    assert info(capsys)["replies"] == 0
    evaluated("two", capsys)
    assert evaluated("three", capsys, "--no-cache")["cache"]["hits"] == 0


def test_the_setting_turns_it_off_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAGREASON_CACHE", "false")
    settings.cache_clear()
    evaluated("one", capsys)
    assert info(capsys)["replies"] == 0


def test_another_seed_is_another_request(capsys: pytest.CaptureFixture[str]) -> None:
    evaluated("one", capsys)
    assert evaluated("two", capsys, "--seed", "1")["cache"]["hits"] == 0


def test_run_says_how_many_calls_were_kept(capsys: pytest.CaptureFixture[str]) -> None:
    for times in range(2):
        assert invoke(["run", "direct", "Where is it?", "--model", "scripted:s.yaml"]) == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert ("(1 from the response cache)" in shown) == bool(times)


def test_info_and_clear(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert info(capsys)["engines"] == {}
    evaluated("one", capsys)
    found = info(capsys)
    assert found["engines"] == {"scripted:s": found["replies"]}
    assert found["size_bytes"] > 0
    assert invoke(["cache", "info"]) == 0
    assert "scripted:s" in capsys.readouterr().out
    assert invoke(["cache", "clear"]) == 0
    assert f"{found['replies']} replies forgotten" in capsys.readouterr().out
    assert info(capsys)["replies"] == 0


def test_a_damaged_cache_is_one_line_with_what_to_do(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    evaluated("one", capsys)
    path = Path(info(capsys)["path"])
    path.write_bytes(b"nothing of the kind" * 500)
    args = ["run", "direct", "Where is it?", "--model", "scripted:s.yaml"]
    assert invoke(args) == 2
    assert "ragreason cache clear" in capsys.readouterr().err
    assert invoke([*args, "--no-cache"]) == 0
    assert invoke(["cache", "clear"]) == 0
    assert invoke(args) == 0
