import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from ragreason.text.passages import paragraph_text
from ragreason.text.sentences import Span, sentences


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["Dr. No left.", "He ran."],
        ["In the U.S. Senate, J. K. Rowling paid $3.5 million.", '"Why?" he asked.', "It rained."],
        ["It was 5 p.m. on Jan. 5.", "See No. 7 and vol. 2, e.g. Smith et al. (2001)."],
        ["She lives in the U.S.", "He does not."],
        ["He works for Acme Inc. in Ohio.", "It pays well!", "Really?!", "Yes…"],
        ["George Bush (b. 1946) won.", "(He said so.)", "“Good.”", "Then he left."],
        ["version 2.0 of x.y.z is out.", "Get it at example.org."],
        ["Washington, D.C. was cold.", "The end."],
    ],
)
def test_english_sentences(expected: list[str]) -> None:
    assert split(" ".join(expected)) == expected


@pytest.mark.parametrize(
    "expected",
    [
        ["今天天气很好。", "我们去公园吧！", "你来吗？", "好……", "那就走吧。"],
        ["他说：“你好。”", "然后走了。"],
        ["“真的吗？”她问道。", "没有人回答。"],
        ["气温是3.5度。", "比昨天高。"],
        ["他在Apple Inc.工作。", "工资不错。"],
    ],
)
def test_chinese_sentences(expected: list[str]) -> None:
    assert split("".join(expected)) == expected


def test_empty_lines_and_list_items_end_a_sentence() -> None:
    text = "A heading\n\nSome text that\ngoes on.\n- first item\n- second item\n1. third"
    assert split(text) == [
        "A heading",
        "Some text that\ngoes on.",
        "- first item",
        "- second item",
        "1. third",
    ]


def test_nothing_gives_no_sentence() -> None:
    assert sentences("") == []
    assert sentences(" \n\n\t") == []


def test_offsets_point_into_the_text() -> None:
    assert sentences("  Hi.  Yo. ") == [Span(2, 5), Span(7, 10)]


@given(st.text(alphabet="ab AZ.!?\n\"'()。！”…-1我说", max_size=80))
def test_spans_are_trimmed_ordered_and_hold_all_that_is_not_space(text: str) -> None:
    spans = sentences(text)
    assert all(text[a:b] == text[a:b].strip() != "" for a, b in spans)
    assert all(left.end <= right.start for left, right in pairwise(spans))
    assert "".join("".join(split(text)).split()) == "".join(text.split())


def test_a_long_text_without_spaces_takes_linear_time() -> None:
    assert len(sentences("a." * 200_000)) == 1
    assert len(sentences("e.g. " * 50_000)) == 1


@pytest.mark.data
def test_agrees_with_the_sentences_of_hotpotqa(data: Path) -> None:
    rows = json.loads((data / "hotpotqa/train_sample.json").read_text(encoding="utf-8"))
    found = expected = common = 0
    for row in rows:
        for _, parts in row["context"]:
            text = paragraph_text(parts)
            if text != "".join(parts).strip():
                continue  # blanks were put in: the file's offsets don't hold
            lead = len("".join(parts)) - len("".join(parts).lstrip())
            ends, position = set(), 0
            for part in parts:
                position += len(part)
                ends.add(len(text[: position - lead].rstrip()))
            ours = {span.end for span in sentences(text)}
            found, expected = found + len(ours), expected + len(ends)
            common += len(ours & ends)
    assert common / expected > 0.97
    assert common / found > 0.97
