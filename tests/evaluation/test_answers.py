"""The scores against the official evaluator's, and against a naive second implementation."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from ragreason.evaluation.answers import AnswerScore, rule_for, score_answer

WORDS = [
    "the",
    "a",
    "an",
    "yes",
    "no",
    "noanswer",
    "Nile",
    "nile.",
    "no,",
    "“no”",
    "1,000",
    "東京",
    "",
]
PHRASES = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join) | st.text(max_size=12)


@pytest.mark.data
def test_every_official_case_is_reproduced_exactly(data: Path) -> None:
    lines = (data / "metrics/answer_cases.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    assert len(cases) == 675
    for case in cases:
        score = score_answer(case["prediction"], [case["gold"]])
        expected = AnswerScore(case["em"], case["f1"], case["precision"], case["recall"])
        assert score == expected, case


def naive_words(text: str) -> list[str]:
    """Character by character, no regex: lower, drop ASCII punctuation, drop articles as words.

    A word is a maximal run of characters that `\\b` takes as one, so articles inside a run of
    other signs ("“the”") go too.
    """
    kept = "".join(c for c in text.lower() if not (33 <= ord(c) <= 126 and not c.isalnum()))
    runs: list[str] = []
    for c in kept:
        inside = c.isalnum() or c == "_"
        if runs and inside == (runs[-1][0].isalnum()):
            runs[-1] += c
        else:
            runs.append(c)
    return "".join(" " if run in ("a", "an", "the") else run for run in runs).split()


def naive_score(prediction: str, gold: str, *, closed: bool) -> AnswerScore:
    guess, truth = naive_words(prediction), naive_words(gold)
    same_text = " ".join(guess) == " ".join(truth)
    if closed:
        for word in ("yes", "no", "noanswer"):
            if not same_text and word in (" ".join(guess), " ".join(truth)):
                return AnswerScore(0.0, 0.0, 0.0, 0.0)
    elif not guess or not truth:
        value = float(same_text)
        return AnswerScore(value, value, value, value)
    left = list(truth)
    for word in guess:
        if word in left:
            left.remove(word)
    same = len(truth) - len(left)
    if not same:
        return AnswerScore(float(same_text), 0.0, 0.0, 0.0)
    precision, recall = same / len(guess), same / len(truth)
    f1 = (2 * precision * recall) / (precision + recall)
    return AnswerScore(float(same_text), f1, precision, recall)


@given(PHRASES, PHRASES)
def test_hotpotqa_rule_equals_the_naive_one(prediction: str, gold: str) -> None:
    assert score_answer(prediction, [gold]) == naive_score(prediction, gold, closed=True)


@given(PHRASES, PHRASES)
def test_musique_rule_equals_the_naive_one(prediction: str, gold: str) -> None:
    expected = naive_score(prediction, gold, closed=False)
    assert score_answer(prediction, [gold], "musique") == expected


@given(PHRASES, st.lists(PHRASES, min_size=1, max_size=4))
def test_aliases_give_the_best_of_each(prediction: str, golds: list[str]) -> None:
    score = score_answer(prediction, golds)
    singles = [naive_score(prediction, g, closed=True) for g in golds]
    assert score.em == max(s.em for s in singles)
    assert score.f1 == max(s.f1 for s in singles)


def test_closed_answers_get_no_credit_for_overlap() -> None:
    assert score_answer("no one", ["no"]).f1 == 0.0
    assert score_answer("no one", ["no"], "musique").f1 == pytest.approx(2 / 3)


def test_precision_and_recall_belong_to_the_best_gold() -> None:
    score = score_answer("the Nile river", ["Amazon", "Nile"])
    assert (score.em, score.precision, score.recall) == (0.0, 0.5, 1.0)


def test_two_empty_answers_differ_by_rule() -> None:
    assert score_answer("the", [""]) == AnswerScore(1.0, 0.0, 0.0, 0.0)
    assert score_answer("the", [""], "musique") == AnswerScore(1.0, 1.0, 1.0, 1.0)


def test_chinese_answers_are_counted_in_characters() -> None:
    score = score_answer("《北京市》", ["北京"], "chinese")
    assert (score.em, score.precision, score.recall) == (0.0, 2 / 3, 1.0)
    assert score_answer("“北京”。", ["北京"], "chinese").em == 1.0
    assert score_answer("不是", ["是"], "chinese").f1 == 0.0


HAN = st.text(st.sampled_from("北京市是否《》「」，。 ２a１"), max_size=8)


def naive_chinese(prediction: str, gold: str) -> AnswerScore:
    """Full-width digits by hand, no Unicode tables: the punctuation of these texts spelled out."""
    folded = [text.translate(str.maketrans("２１，", "21,")) for text in (prediction, gold)]
    marked = ["".join(" " if c in "《》「」。," else c for c in text) for text in folded]
    guess, truth = ("".join(text.split()) for text in marked)
    if guess != truth and {"是", "否"} & {guess, truth}:
        return AnswerScore(0.0, 0.0, 0.0, 0.0)
    counts = []
    for text in marked:
        tokens: list[str] = []
        for c in text:
            if c == " ":
                tokens.append("")
            elif c in "12a" and tokens and tokens[-1] and tokens[-1][-1] in "12a":
                tokens[-1] += c
            else:
                tokens.append(c)
        counts.append([token for token in tokens if token])
    left = list(counts[1])
    for token in counts[0]:
        if token in left:
            left.remove(token)
    same = len(counts[1]) - len(left)
    em = float(guess == truth)
    if not same:
        return AnswerScore(em, 0.0, 0.0, 0.0)
    precision, recall = same / len(counts[0]), same / len(counts[1])
    return AnswerScore(em, 2 * precision * recall / (precision + recall), precision, recall)


@settings(derandomize=True, deadline=None)
@given(HAN, HAN)
def test_chinese_rule_equals_the_naive_one(prediction: str, gold: str) -> None:
    assert score_answer(prediction, [gold], "chinese") == naive_chinese(prediction, gold)


@pytest.mark.parametrize(
    "text", ["２００８年", "2008年", "「2008年」", "『２００８』年", "２００８年。"]
)
def test_full_width_digits_and_traditional_quotation_marks_do_not_matter(text: str) -> None:
    assert score_answer(text, ["2008年"], "chinese").em == 1.0


def test_rule_follows_dataset_and_script() -> None:
    assert rule_for("hotpotqa", ["Nile"]) == "hotpotqa"
    assert rule_for("musique", ["Nile"]) == "musique"
    assert rule_for("musique", ["长江"]) == "chinese"
