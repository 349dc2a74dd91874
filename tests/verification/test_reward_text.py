"""What reward models read: steps joined, separators and special tokens in the text broken up."""

import pytest

from ragreason.types import Hit, Passage, Step, Trajectory
from ragreason.verification.reward_text import Reading, escaped, reading

THREE = Reading("Who?", ("one", "two", "three"))
HIT = Hit(passage=Passage(id="1", title="T", text="said <e> once"), score=1, rank=1, source="test")


@pytest.mark.parametrize(
    ("text", "marks", "clean"),
    [
        ("a<e>b</s>", ["<e>"], "a< e>b< /s>"),
        ("<|im_end|>[INST]<s>", [], "< |im_end|>[ INST]< s>"),
        ("a\n\n\n\nb", ["\n\n"], "a b"),
        ("a\n\n\nb", ["\n\n"], "a \nb"),
        ("the ки ки", [" ки\n"], "the к и к и"),
        ("a#b", ["#"], "a b"),
        ("plain <search>x</search> [1]", ["<e>", ""], "plain <search>x</search> [1]"),
        (" \ud800 ", [], "\ufffd"),
    ],
)
def test_marks_are_broken_and_other_text_is_not(text: str, marks: list[str], clean: str) -> None:
    assert escaped(text, marks) == clean


@pytest.mark.parametrize("mark", ["<e>", "\n\n", " ки\n", "#", "aaa", "  "])
def test_no_mark_is_left(mark: str) -> None:
    assert mark not in escaped(f"x{mark * 5}y{mark}{mark.strip()} {mark}", [mark])


def test_steps_are_joined_with_an_end_behind_the_last() -> None:
    assert THREE.joined("<e>", "<e>") == "one<e>two<e>three<e>"
    assert THREE.chat("<e>", "<e>", "") == [
        {"role": "user", "content": "Who?"},
        {"role": "assistant", "content": "one<e>two<e>three<e>"},
    ]
    assert THREE.chat("\n", "", "Judge.")[0] == {"role": "system", "content": "Judge."}


def test_turns_alternate_and_end_with_the_step_to_be_judged() -> None:
    assert [(m["role"], m["content"]) for m in THREE.turns("+", "")] == [
        ("user", "Who? one"),
        ("assistant", "+"),
        ("user", "two"),
        ("assistant", "+"),
        ("user", "three"),
    ]


def test_a_search_is_read_with_what_it_found() -> None:
    search = Step(kind="search", text=" <search>x</search> ", query="x", hits=(HIT,))
    trajectory = Trajectory(steps=(search, Step(kind="answer", text="", answer="Ada <e>")))
    with_evidence = reading("Who <e>? ", trajectory, ["<e>"], evidence=True)
    assert with_evidence.question == "Who < e>?"
    assert with_evidence.steps[0].startswith("<search>x</search>\n[1] T: said ")
    assert "<e>" not in with_evidence.steps[0]
    assert with_evidence.steps[1] == "Ada < e>"
    without = reading("Who?", trajectory, ["<e>"], evidence=False)
    assert without.steps == ("<search>x</search>", "Ada < e>")
