"""The answer as it grows, on a terminal and off it."""

import io
import sys

import pytest

from ragreason.cli.growing import Growing
from ragreason.cli.scores import print_scores
from ragreason.cli.show import cost
from ragreason.evaluation.compare import Recorded
from ragreason.types import Usage
from tests.cli.test_scores import summary


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_the_text_so_far_and_takes_it_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with Growing() as growing:
        growing.add("In")
        growing.add(" 18\x1b[2J74")
        shown = terminal.getvalue()
        growing.clear()
        assert "\x1b[2K" in terminal.getvalue()[len(shown) :], "the line is erased"
        growing.clear()
    assert "answer   In\n" in shown.replace("\r", "\n") or "answer   In" in shown
    assert "answer   In 18" in shown
    assert "\x1b[2J" not in shown, "a model can't command the terminal"


def test_a_pipe_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Growing() as growing:
        growing.add("In 1874")
    assert capsys.readouterr().out == ""


def test_thinking_and_the_first_token_are_in_the_cost() -> None:
    usage = Usage(prompt_tokens=9, completion_tokens=30, reasoning_tokens=25, calls=2)
    assert cost(usage, 3.0, 1.25) == (
        "9 prompt + 30 generated (25 thinking) tokens, 2 calls, 0 searches, "
        "3.0 s (1.2 s to the first token)"
    )
    assert "thinking" not in cost(Usage(), 1.0)


def test_a_table_tells_thinking_and_times_where_they_were_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain = summary()
    usage = {"per_question": {**plain["usage"]["per_question"], "reasoning_tokens": 25.4}}
    thought = {**plain, "usage": usage, "first_token_s": {"p50": 1.25, "p95": 2.0}}
    name = "a_graph_with_a_long_name"
    print_scores([Recorded(name, thought, {}), Recorded("b", plain, {})], [])
    lines = capsys.readouterr().out.splitlines()
    at = next(i for i, line in enumerate(lines) if "first token" in line)
    assert lines[at + 1].split()[1:] == ["25", "1.25", "2.00", "123.45", "234.50"]
    assert lines[at + 2].split()[1:] == ["0", "-", "-", "123.45", "234.50"]
    assert max(map(len, lines)) <= 80
    print_scores([Recorded("b", plain, {})], [])
    assert "first token" not in capsys.readouterr().out
