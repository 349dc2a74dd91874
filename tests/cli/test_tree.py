"""Search trees in a terminal of 80 columns."""

from collections.abc import Sequence
from typing import Any

import pytest
from rich.cells import cell_len

from ragreason.cli.tree import search_lines
from ragreason.events import TraceEvent
from ragreason.traces import searches
from ragreason.tree import Mark
from ragreason.types import Step, Verdict


def step(node: int, parent: int, kind: str, text: str, **more: Any) -> TraceEvent:
    words: dict[str, Any] = {"search": {"query": text}, "answer": {"answer": text}}.get(kind, {})
    made = Step.model_validate({"kind": kind, "text": text, **words, **more})
    return TraceEvent(kind="step", node="solve", tree_node=node, parent=parent, step=made)


def failed(node: int, parent: int, why: str) -> TraceEvent:
    return TraceEvent(kind="failed", node="solve", tree_node=node, parent=parent, text=why)


def judged(node: int, score: float, *, outcome: bool = False) -> TraceEvent:
    verdict = Verdict(score=score)
    return TraceEvent(
        kind="verdict", node="solve", tree_node=node, verdict=verdict, outcome=outcome
    )


def marked(node: int, weight: float | None = None, **mark: Any) -> TraceEvent:
    said = Mark(**mark) if mark else None
    return TraceEvent(kind="mark", node="solve", tree_node=node, mark=said, weight=weight)


GREEDY = [
    step(1, 0, "search", "Who designed the Sallow Bridge that crosses the Nave at Castellow?"),
    step(2, 1, "thought", "The bridge was designed by Edda Quill, an architect of Tessing."),
    step(3, 2, "search", "Edda Quill born"),
    step(4, 3, "answer", "1874"),
    marked(4, 0.0),
]
BEST_OF_N = [
    step(1, 0, "search", "designer of the Sallow Bridge"),
    step(2, 0, "answer", "1902"),
    failed(3, 0, "no proposal"),
    step(4, 1, "answer", "1874"),
    judged(2, 0.31, outcome=True),
    judged(4, 0.925, outcome=True),
    marked(4, 0.925),
    marked(2, 0.31),
]
BEAM = [
    step(1, 0, "search", "Sallow Bridge"),
    step(2, 0, "search", "bridges of Castellow"),
    judged(1, 0.8),
    judged(2, 0.15),
    step(3, 1, "thought", "Edda Quill designed it."),
    step(4, 1, "search", "Castellow"),
    judged(3, 0.7),
    judged(4, 0.2),
    step(5, 3, "answer", "1874"),
    step(6, 3, "answer", "She was born in 1874, as", truncated=True),
    judged(5, 0.9),
    judged(6, 0.4),
    marked(5, 0.9),
    marked(2, pruned=True),
    marked(4, pruned=True),
]
MCTS = [
    step(1, 0, "search", "Sallow Bridge"),
    step(2, 0, "search", "Castellow"),
    step(3, 1, "answer", "1874"),
    judged(3, 1.0, outcome=True),
    step(4, 2, "answer", "1902"),
    judged(4, 0.25, outcome=True),
    failed(5, 1, "the prompt would be the same again"),
    marked(3, 5.0, visits=5, value=1.0),
    marked(4, 2.0, visits=2, value=0.25),
    marked(0, visits=8, value=0.75),
    marked(1, visits=6, value=0.875),
    marked(2, visits=2, value=0.25),
]
PAGES = {
    "greedy": (
        GREEDY,
        """\
solve: 4 steps, 1 answer
* 1 └ search  Who designed the Sallow Bridge that crosses the Nave at Castellow?
* 2   └ think  The bridge was designed by Edda Quill, an architect of Tessing.
* 3     └ search  Edda Quill born
* 4       └ answer  1874
* chosen
""",
    ),
    "best_of_n": (
        BEST_OF_N,
        """\
solve: 3 steps, 2 answers, 1 failed                               outcome weight
* 1 ├ search  designer of the Sallow Bridge
* 4 │ └ answer  1874                                                 0.93   0.93
  2 ├ answer  1902                                                   0.31   0.31
! 3 └ failed  no proposal
* chosen, ! failed
""",
    ),
    "beam": (
        BEAM,
        """\
solve: 6 steps, 1 answer, 2 pruned                                   step weight
* 1 ├ search  Sallow Bridge                                          0.80
* 3 │ ├ think  Edda Quill designed it.                               0.70
* 5 │ │ ├ answer  1874                                               0.90   0.90
  6 │ │ └ answer (cut by the length limit)  She was born in 1874, as 0.40
x 4 │ └ search  Castellow                                            0.20
x 2 └ search  bridges of Castellow                                   0.15
* chosen, x pruned
""",
    ),
    "mcts": (
        MCTS,
        """\
solve: 4 steps, 2 answers, 1 failed                  outcome visits value weight
* 0 (start)                                                       8  0.75
* 1 ├ search  Sallow Bridge                                       6  0.88
* 3 │ ├ answer  1874                                    1.00      5  1.00   5.00
! 5 │ └ failed  the prompt would be the same again
  2 └ search  Castellow                                           2  0.25
  4   └ answer  1902                                    0.25      2  0.25   2.00
* chosen, ! failed
""",
    ),
}


def shown(events: Sequence[TraceEvent]) -> list[str]:
    (search,) = searches(events)
    return [line.text for line in search_lines(search)]


@pytest.mark.parametrize("name", PAGES)
def test_a_tree_looks_like_this(name: str) -> None:
    events, page = PAGES[name]
    assert shown(events) == page.splitlines()


def test_the_chosen_path_is_bold_and_what_was_given_up_is_dim() -> None:
    (search,) = searches(BEAM)
    styles = {line.text[:3]: line.style for line in search_lines(search)}
    assert {text: styles[text] for text in ("* 5", "  6", "x 4")} == {
        "* 5": "bold",
        "  6": "",
        "x 4": "dim",
    }


def test_deep_and_chinese_trees_fit_80_columns() -> None:
    query = "谁设计了横跨纳夫河的卡斯特洛的萨洛桥?" * 4
    chain = [step(n, n - 1, "search", query) for n in range(1, 101)]
    lines = shown([*chain, judged(100, -12.345)])
    assert len(lines) == 102
    assert max(map(cell_len, lines)) == 80
    assert "└ search  谁设计了横跨" in lines[-2]
    assert (lines[0][-6:], lines[-2][-6:]) == ("  step", "-12.35")


def test_figures_of_any_size_leave_room_for_the_text() -> None:
    marks = [marked(2, -1e40, visits=10**6, value=1e30)]
    lines = shown([*BEST_OF_N[:2], judged(1, -1e15), judged(2, 99_999.5, outcome=True), *marks])
    assert max(map(cell_len, lines)) == 80
    assert "answer  1902" in lines[2]
    assert lines[2].split()[-4:] == ["99999.50", "1000000", "1.0e+30", "-1.0e+40"]


def test_model_output_can_not_command_the_terminal() -> None:
    evil = "ok\x1b]0;owned\x07\x1b[2J\u202e\r\nend"
    lines = shown([step(1, 0, "thought", evil), step(2, 0, "answer", evil), failed(3, 0, evil)])
    assert len(lines) == 5
    assert all(line.isprintable() for line in lines)


def test_an_answer_left_to_the_answer_node_shows_its_thought() -> None:
    made = Step(kind="answer", text="That is enough.", answer="")
    event = TraceEvent(kind="step", node="solve", tree_node=1, parent=0, step=made)
    assert shown([event])[1] == "  1 └ answer  That is enough."
