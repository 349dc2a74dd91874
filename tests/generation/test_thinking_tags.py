"""Thinking is told apart from the answer, whatever the pieces in which a text comes."""

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest

from ragreason.generation.thinking_tags import KNOWN, Split, Splitter, Tags, split_thinking


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("plain", "", "plain"),
        (" Known.\nAnswer: 1874\n", "", " Known.\nAnswer: 1874\n"),
        ("<think>a</think>b", "a", "b"),
        ("\n<think>\na\n</think>\n\nb\n", "a", "b\n"),
        ("<think>\n\n</think>\n\nb", "", "b"),
        ("a</think>b", "a", "b"),
        ("<think>a", "a", ""),
        ("<think>a</thin", "a</thin", ""),
        ("<think>a<think>b</think>c</think>d", "abc", "d"),
        ("<think>a<think>b</think> c", "ab", "c"),
        ("x <think>a</think> y", "a", "x y"),
        ("<think>a</think>b<think>c</think>d", "a\nc", "bd"),
        ("<think>a</think>b</think>c", "a", "bc"),
        ("[THINK]a <think>[/THINK]b", "a <think>", "b"),
        ("◁think▷想◁/think▷答", "想", "答"),
        ("1 < 2 and <thing>", "", "1 < 2 and <thing>"),
        ("<", "", "<"),
        ("", "", ""),
        ("<think>", "", ""),
        ("</think>", "", ""),
    ],
)
def test_a_whole_text_is_split(text: str, reasoning: str, answer: str) -> None:
    assert split_thinking(text) == Split(reasoning, answer)


@pytest.mark.parametrize(("begun", "expected"), [(True, ("a", "b")), (False, ("", "ab"))])
def test_a_template_that_opened_the_thinking_is_told(
    begun: bool, expected: tuple[str, str]
) -> None:
    assert split_thinking("a</think>b", begun=begun) == expected
    assert split_thinking("a", begun=begun) == (("a", "") if begun else ("", "a"))


def test_other_tags_can_be_given() -> None:
    known = [Tags("(", ")")]
    assert split_thinking("(a(b)c)d<think>", known=known) == ("abc", "d<think>")


def test_an_answer_is_given_out_as_it_comes() -> None:
    splitter = Splitter()
    pieces = ["<th", "ink>a</thi", "nk>", "\n\n", "one", " ", "two <", "b", " </thin", "k>3"]
    given = [splitter.feed(piece) for piece in pieces]
    assert given == ["", "", "", "", "one", "", " two", " <b", "", " 3"]
    assert (splitter.finish(), splitter.reasoning) == ("", "a")


PARTS = [
    "<think>",
    "</think>",
    "[THINK]",
    "[/THINK]",
    "<thi",
    "nk>",
    "<",
    ">",
    "a",
    "b c",
    " ",
    "\n",
]


def adversarial(count: int) -> Iterator[str]:
    drawn = random.Random(7)
    for _ in range(count):
        yield "".join(drawn.choice(PARTS) for _ in range(drawn.randint(0, 9)))


@pytest.mark.parametrize("begun", [True, False, None])
def test_the_pieces_make_no_difference(begun: bool | None) -> None:
    drawn = random.Random(8)
    for text in adversarial(400):
        whole = split_thinking(text, begun=begun)
        for width in (1, 2, 3, 5):
            pieces = [text[i : i + width] for i in range(0, len(text), width)]
            assert fed(pieces, begun) == whole, text
        cuts = sorted(drawn.sample(range(len(text) + 1), min(4, len(text))))
        ends = [0, *cuts, len(text)]
        assert fed([text[a:b] for a, b in pairwise(ends)], begun) == whole, text


def fed(pieces: list[str], begun: bool | None) -> Split:
    splitter = Splitter(begun=begun)
    answer = "".join(splitter.feed(piece) for piece in pieces) + splitter.finish()
    return Split(splitter.reasoning, answer)


@pytest.mark.parametrize("begun", [True, False, None])
def test_a_slow_reading_of_the_whole_text_agrees(begun: bool | None) -> None:
    for text in adversarial(400):
        found = split_thinking(text, begun=begun)
        reasoning, answer = slowly(text, begun)
        assert squeezed(found.answer) == squeezed(answer), text
        assert squeezed(found.reasoning) == squeezed(reasoning), text


def squeezed(text: str) -> str:
    return "".join(text.split())


def slowly(text: str, begun: bool | None) -> tuple[str, str]:
    """The rules read off a list of tags and texts, white space aside."""
    pieces: list[str] = [""]
    tags = [tag for pair in KNOWN for tag in pair]
    while text:
        tag = next((t for t in tags if text.startswith(t)), "")
        pieces += [tag, ""] if tag else []
        pieces[-1] += "" if tag else text[0]
        text = text[len(tag) or 1 :]
    inside = [KNOWN[0]] if begun else []
    first = next((p for p in pieces if p in tags), "")
    if begun is None and first in {pair.closing for pair in KNOWN}:
        inside = [next(pair for pair in KNOWN if pair.closing == first)]
    reasoning, answer, tail = "", "", None
    for piece in pieces:
        if not inside:
            opened = [pair for pair in KNOWN if pair.opening == piece]
            inside += opened
            answer += piece if piece not in tags else ""
        elif piece in inside[0]:
            inside = [*inside, inside[0]] if piece == inside[0].opening else inside[1:]
            tail = "" if inside and piece == inside[0].closing else None
        else:
            reasoning += piece
            tail = None if tail is None else tail + piece
    if tail is not None:
        return reasoning[: len(reasoning) - len(tail)], answer + tail
    return reasoning, answer
