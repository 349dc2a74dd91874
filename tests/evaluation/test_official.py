"""Whole prediction files against what the official scripts print for them."""

import json
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from ragreason.datasets import Example, Gold, load_dataset
from ragreason.errors import DataError
from ragreason.evaluation.answers import AnswerScore
from ragreason.evaluation.official import (
    hotpotqa_metrics,
    hotpotqa_scores,
    joint,
    musique_metrics,
    musique_scores,
    wikimultihop_metrics,
    wikimultihop_scores,
)
from ragreason.types import Question

Score = Callable[[Any, Sequence[Example]], dict[str, float]]


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "sample", "count", "score"),
    [
        ("hotpotqa", "train_sample.json", 100, hotpotqa_metrics),
        ("2wikimultihopqa", "train_sample.json", 120, wikimultihop_metrics),
        ("musique", "train_sample.jsonl", 100, musique_metrics),
    ],
)
def test_whole_files_are_reproduced_exactly(
    data: Path, name: str, sample: str, count: int, score: Score
) -> None:
    recorded = json.loads((data / f"metrics/{name}_file.json").read_text(encoding="utf-8"))
    examples = load_dataset(f"{name}:{data / name / sample}").examples[:count]
    assert score(recorded["predictions"], examples) == recorded["expected"]


def test_joint_multiplies_precision_and_recall_before_f1() -> None:
    half, full = AnswerScore(0.0, 0.5, 0.5, 0.5), AnswerScore(1.0, 1.0, 1.0, 1.0)
    assert joint(half, full) == AnswerScore(0.0, 0.5, 0.5, 0.5)
    assert joint(half, half) == AnswerScore(0.0, 0.25, 0.25, 0.25)
    assert joint(AnswerScore(0.0, 0.0, 0.0, 0.0), full).f1 == 0.0


@pytest.mark.data
def test_a_question_without_prediction_scores_zero_but_counts(data: Path) -> None:
    examples = load_dataset(f"hotpotqa:{data / 'hotpotqa/train_sample.json'}").examples[:4]
    first = examples[0]
    predictions = {"answer": {first.question.id: first.gold.answers[0]}, "sp": {}}
    metrics = hotpotqa_metrics(predictions, examples)
    assert (metrics["em"], metrics["sp_f1"], metrics["joint_f1"]) == (0.25, 0.0, 0.0)


@pytest.mark.data
def test_musique_refuses_missing_rows(data: Path) -> None:
    examples = load_dataset(f"musique:{data / 'musique/train_sample.jsonl'}").examples[:1]
    with pytest.raises(DataError, match="no prediction for question"):
        musique_metrics([], examples)


def twins(answer: str = "Ilse") -> list[Example]:
    """A question that can be answered, and the same one without its evidence."""
    gold = Gold(answers=(answer,), support_idxs=(0, 2))
    bare = Gold(answers=(answer,), support_idxs=(1,), answerable=False)
    return [
        Example(question=Question(id="q", text="Who?"), gold=gold),
        Example(question=Question(id="q/2", text="Who?"), gold=bare),
    ]


def row(told: bool, answer: str = "Ilse", idxs: tuple[int, ...] = (0, 2)) -> dict[str, Any]:
    return {
        "id": "q",
        "predicted_answer": answer,
        "predicted_support_idxs": list(idxs),
        "predicted_answerable": told,
    }


@pytest.mark.parametrize(
    ("told", "answer", "expected"),
    [
        ((True, False), "Ilse", (1.0, 1.0)),
        ((True, False), "Ilse rows", (0.667, 1.0)),
        ((True, True), "Ilse", (0.0, 0.0)),
        ((False, False), "Ilse", (0.0, 0.0)),
        ((False, True), "Ilse", (0.0, 0.0)),
    ],
)
def test_sufficiency_must_be_told_of_both_twins(
    told: tuple[bool, bool], answer: str, expected: tuple[float, float]
) -> None:
    rows = [row(told[0], answer), row(told[1], "nothing", ())]
    metrics = musique_metrics(rows, twins())
    groups = ("group_answer_sufficiency_f1", "group_support_sufficiency_f1")
    assert tuple(metrics[name] for name in groups) == expected


def test_twins_take_their_rows_in_order_whichever_comes_first() -> None:
    one, two = twins()
    first = Example(question=Question(id="q", text="Who?"), gold=two.gold)
    second = Example(question=Question(id="q/2", text="Who?"), gold=one.gold)
    rows = [row(False, "nothing", ()), row(True)]
    assert musique_metrics(rows, [first, second])["group_answer_sufficiency_f1"] == 1.0
    assert musique_metrics(rows, [first, second])["answer_em"] == 1.0


def test_answerable_musique_has_no_sufficiency_and_a_lacking_field_is_named() -> None:
    assert set(musique_scores([row(True)], twins()[:1])) == {
        "answer_f1",
        "answer_em",
        "support_f1",
    }
    lacking = {k: v for k, v in row(True).items() if k != "predicted_answerable"}
    with pytest.raises(DataError, match="prediction for 'q' has no 'predicted_answerable'"):
        musique_scores([row(True), lacking], twins())


TITLES = st.sampled_from(["A", "B", "a", "é"])
FACTS = st.lists(st.tuples(TITLES, st.integers(0, 2)), max_size=4)
TRIPLES = st.lists(st.tuples(*[st.sampled_from(["A.", "a", "the b", ""])] * 3), max_size=3)
TEXTS = st.sampled_from(["yes", "no", "the Nile", "Nile", "nile river", "", "“no”", "東京", "a"])


@st.composite
def predicted(draw: st.DrawFn) -> tuple[list[Example], dict[str, Any]]:
    """A few questions and a file that predicts something for some of them."""
    examples, file = [], {"answer": {}, "sp": {}, "evidence": {}}  # type: ignore[var-annotated]
    for number in range(draw(st.integers(1, 4))):
        name = str(number)
        gold = Gold(
            answers=(draw(TEXTS),),
            supporting_facts=tuple(draw(FACTS)),
            evidences=tuple(draw(TRIPLES)),
        )
        examples.append(Example(question=Question(id=name, text="Who?"), gold=gold))
        for part, values in (("answer", TEXTS), ("sp", FACTS), ("evidence", TRIPLES)):
            if draw(st.booleans()):
                file[part][name] = draw(values)
    return examples, file


def words(text: str) -> list[str]:
    kept = "".join(c for c in text.lower() if c not in string.punctuation)
    return [w for w in kept.split() if w not in ("a", "an", "the")]


def naive_answer(guess: str, truth: str) -> list[float]:
    """EM, F1, precision, recall."""
    one, two = words(guess), words(truth)
    em = float(one == two)
    closed = {"yes", "no", "noanswer"}
    if one != two and closed & {" ".join(one), " ".join(two)}:
        return [0.0] * 4
    left = list(two)
    for word in one:
        if word in left:
            left.remove(word)
    same = len(two) - len(left)
    return [em, *naive_ratio(same, len(one), len(two))]


def naive_ratio(same: int, named: int, needed: int) -> list[float]:
    if not same:
        return [0.0] * 3
    precision, recall = same / named, same / needed
    return [2 * precision * recall / (precision + recall), precision, recall]


def naive_set(named: Sequence[Any], needed: Sequence[Any]) -> list[float]:
    one, two = list(dict.fromkeys(named)), list(dict.fromkeys(needed))
    same = sum(1 for x in one if x in two)
    return [float(same == len(one) == len(two)), *naive_ratio(same, len(one), len(two))]


def naive_joint(parts: list[list[float] | None]) -> list[float]:
    if None in parts:
        return [0.0] * 4
    em = precision = recall = 1.0
    for part in parts:
        assert part is not None
        em, precision, recall = em * part[0], precision * part[2], recall * part[3]
    both = precision + recall
    return [em, 2 * precision * recall / both if both else 0.0, precision, recall]


@settings(derandomize=True, deadline=None)
@given(predicted())
def test_whole_files_equal_a_naive_evaluator(case: tuple[list[Example], dict[str, Any]]) -> None:
    examples, file = case
    hotpotqa, wiki = hotpotqa_scores(file, examples), wikimultihop_scores(file, examples)
    for place, example in enumerate(examples):
        name, gold = example.question.id, example.gold
        answer, facts, evidence = (file[p].get(name) for p in ("answer", "sp", "evidence"))
        parts: dict[str, list[float] | None] = {
            "": None if answer is None else naive_answer(answer, gold.answers[0]),
            "sp_": None if facts is None else naive_set(facts, gold.supporting_facts),
            "evi_": None
            if evidence is None
            else naive_set(triples(evidence), triples(gold.evidences)),
        }
        both = naive_joint([parts[""], parts["sp_"]])
        everything = naive_joint(list(parts.values()))
        check(hotpotqa, place, {"": parts[""], "sp_": parts["sp_"], "joint_": both})
        check(wiki, place, {**parts, "joint_": everything})


def triples(given: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    return [tuple(bare(part) for part in triple) for triple in given]


def bare(text: str) -> str:
    return "".join(c for c in text.lower() if c != ".").strip()


def check(
    found: dict[str, list[float]], place: int, expected: dict[str, list[float] | None]
) -> None:
    for prefix, values in expected.items():
        names = [prefix + short for short in ("em", "f1", "prec", "recall")]
        assert [found[n][place] for n in names] == pytest.approx(values or [0.0] * 4)
