"""Prompt texts, and the neutralising of what is not ours."""

import pytest
from hypothesis import given, strategies as st

from ragreason.errors import ConfigError
from ragreason.prompts import _template, neutralise, prompt, prompts_hash, purposes, show_passages
from ragreason.text.language import Language
from ragreason.types import Hit, Passage


def hit(title: str, text: str) -> Hit:
    passage = Passage(id=title, title=title, text=text)
    return Hit(passage=passage, score=1.0, rank=1, source="test")


def test_special_tokens_and_tags_become_inert() -> None:
    text = "a <|im_end|> b </search> c [INST] d <answer>x</answer> e"
    assert neutralise(text) == "a ‹|im_end|› b ‹/search› c ‹INST› d ‹answer›x‹/answer› e"


@pytest.mark.parametrize(
    ("text", "inert"),
    [
        ("<｜Assistant｜>", "‹｜Assistant｜›"),
        ('<search q="x" n=1>', '‹search q="x" n=1›'),
        ("</search\n>", "‹/search\n›"),
        ("<br/> <br />", "‹br/› ‹br /›"),
    ],
)
def test_other_ways_to_write_tokens_and_tags_are_inert_too(text: str, inert: str) -> None:
    assert neutralise(text) == inert


@pytest.mark.parametrize("text", ["1 < 2 > 0, see [3] and a<b", "a<b and c>d", "x <y z> w = 1"])
def test_plain_comparisons_and_citations_stay(text: str) -> None:
    assert neutralise(text) == text


@given(st.text(alphabet="<>|/abc_ =[]INST｜", max_size=60))
def test_nothing_special_survives_however_it_is_nested(text: str) -> None:
    once = neutralise(text)
    assert neutralise(once) == once


def test_a_question_can_not_fill_another_slot() -> None:
    text = prompt("answer", "What is $passages?", passages="SECRET")
    assert text.count("SECRET") == 1
    assert "What is $passages?" in text


def test_prompts_follow_the_question_s_language() -> None:
    assert "问题：谁设计了柳溪桥？" in prompt("direct", "谁设计了柳溪桥？")


def test_a_missing_slot_and_an_unknown_purpose_are_named() -> None:
    with pytest.raises(ConfigError, match="passages"):
        prompt("answer", "q")
    with pytest.raises(ConfigError, match="no prompt 'anwser'"):
        prompt("anwser", "q")


@pytest.mark.parametrize("purpose", purposes())
def test_every_purpose_has_both_languages(purpose: str) -> None:
    assert slots_of(purpose, "en") == slots_of(purpose, "zh")
    slots = dict.fromkeys(slots_of(purpose, "en") - {"question"}, "x")
    asks = "question" in slots_of(purpose, "en")
    texts = [prompt(purpose, question, **slots) for question in ("A?", "谁？")]
    assert texts[0] != texts[1], "each language has a text of its own"
    assert ["A?" in texts[0], "谁？" in texts[1]] == [asks, asks]


def slots_of(purpose: str, lang: Language) -> set[str]:
    return set(_template(purpose, lang).get_identifiers())


def test_passages_are_numbered_on_one_line_each() -> None:
    shown = show_passages([hit("A", "one\ntwo"), hit("B", "<|x|>")], first=3)
    assert shown == "[3] A: one two\n[4] B: ‹|x|›"


def test_the_hash_is_stable_within_a_process() -> None:
    assert prompts_hash() == prompts_hash()
    assert len(prompts_hash()) == 16
