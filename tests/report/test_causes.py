"""One cause a row, by the first rule that fits."""

from typing import Any

import pytest

from ragreason.report.causes import CAUSES, MEANINGS, diagnose, is_right
from tests.report.conftest import MakeRow

TITLES = {"s1": "Tower", "s2": "Hanna Roth (builder)", "x": "Other"}
CITES_OTHERS = [{"passage_id": "x", "title": "Other"}]
CITES_ONE = [{"passage_id": "s2", "title": "Hanna Roth"}]


@pytest.mark.parametrize(
    ("fields", "cause", "detail"),
    [
        ({"status": "error", "error": "Timeout: 600 s"}, "error", "Timeout: 600 s"),
        ({"abstained": True, "answer": ""}, "abstained", ""),
        ({"answer": " "}, "abstained", "the answer is empty"),
        ({"scores": {"abstention": 0.0}}, "overconfident", ""),
        ({"answer": "Ilse Brand of Tarn"}, "wrong_form", "the gold and more"),
        ({"status": "forced", "forced_by": "tokens"}, "forced", "tokens"),
        ({"retrieved": ["s1"]}, "not_retrieved", "1 of 2 were not found"),
        ({"retrieved": []}, "not_retrieved", "2 of 2 were not found"),
        ({"answer": "Hanna Roth"}, "wrong_hop", "the title of a needed passage"),
        ({"intermediates": ["otto  venn"]}, "wrong_hop", "the title of a needed passage"),
        ({"in_prompt": ["s1", "x"]}, "unused", "1 of 2 were not in the last prompt"),
        ({"citations": CITES_OTHERS}, "unused", "only other passages are cited"),
        ({"in_prompt": ["s2", "s1"], "citations": CITES_ONE}, "misread", ""),
        ({}, "misread", ""),
        ({"support_ids": []}, "unexplained", ""),
        ({"support_ids": [], "intermediates": ["Otto Venn"]}, "wrong_hop", "an entity"),
    ],
)
def test_the_cause(row: MakeRow, fields: dict[str, Any], cause: str, detail: str) -> None:
    found = diagnose(row(0, **fields), TITLES)
    assert found is not None
    assert (found.cause, found.detail[: len(detail)]) == (cause, detail)


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        # a forced answer with the right content has the wrong form, whatever ended the search
        ({"status": "forced", "answer": "Ilse Brand of Tarn"}, "wrong_form"),
        # of a search that was cut off, what was not found says nothing
        ({"status": "forced", "retrieved": []}, "forced"),
        # the bridge was answered because the next passage was never there
        ({"answer": "Hanna Roth", "retrieved": ["s2"]}, "not_retrieved"),
        ({"answer": "Hanna Roth", "in_prompt": ["s2"]}, "wrong_hop"),
    ],
)
def test_the_first_rule_counts(row: MakeRow, fields: dict[str, Any], cause: str) -> None:
    found = diagnose(row(0, **fields), TITLES)
    assert found is not None
    assert found.cause == cause


def test_right_answers_have_no_cause(row: MakeRow) -> None:
    assert diagnose(row(right=1.0, status="forced", retrieved=[]), TITLES) is None


def test_what_is_right_is_the_datasets_own_measure(row: MakeRow) -> None:
    assert is_right(row(scores={"accuracy": 1.0}))
    assert not is_right(row(right=1.0, scores={"accuracy": 0.0}))
    assert is_right(row(right=1.0, scores={"accuracy": None}))
    assert is_right(row(scores={"abstention": 1.0}, abstained=True))
    assert is_right(row(status="error", right=1.0)) is None


def test_without_golds_nothing_is_wrong(row: MakeRow) -> None:
    unjudged = row(gold=[], em=None, f1=None)
    assert is_right(unjudged) is None
    assert diagnose(unjudged, TITLES) is None


def test_an_entity_that_the_question_names_is_not_on_the_way(row: MakeRow) -> None:
    compared = row(question="Which is older, the Tower or Hanna Roth?", answer="Hanna Roth")
    found = diagnose(compared, TITLES)
    assert found is not None
    assert found.cause == "misread"


def test_the_gold_is_not_on_the_way_to_itself(row: MakeRow) -> None:
    wrong = row(gold=["Hanna Roth"], answer="Hanna  Roth!")  # scored wrong by whoever wrote it
    found = diagnose(wrong, TITLES)
    assert found is not None
    assert found.cause != "wrong_hop"


def test_old_rows_lack_what_came_later(row: MakeRow) -> None:
    old = row()
    for name in ("trace", "citations", "retrieved", "support_ids"):
        del old[name]
    found = diagnose(old, {})
    assert found is not None
    assert found.cause == "unexplained"


def test_every_cause_has_words() -> None:
    assert list(CAUSES) == list(MEANINGS)
