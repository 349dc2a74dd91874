"""NQ, TriviaQA and PopQA, in the layouts that are about."""

import json
from pathlib import Path
from typing import Any

import pytest

from ragreason.datasets import Dataset, load_dataset
from ragreason.errors import DataError


def load(folder: Path, name: str, value: Any) -> Dataset:
    (folder / "x.json").write_text(json.dumps(value), encoding="utf-8")
    return load_dataset(f"{name}:{folder / 'x.json'}")


def test_nq_open_has_answers_and_no_passages(tmp_path: Path) -> None:
    row = {"question": "who rows", "answer": ["Ilse", "Ilsa", "Ilse"]}
    (example,) = load(tmp_path, "nq", [row]).examples
    assert (example.question.id, example.gold.answers) == ("1", ("Ilse", "Ilsa"))
    assert (example.passages, example.gold.support_ids) == ((), ())


def test_a_gold_passage_is_a_support_and_one_with_the_answers_letters_is_not(
    tmp_path: Path,
) -> None:
    ctxs = [
        {"title": "A", "text": "Ilse is a name.", "hasanswer": True, "isgold": False},
        {"title": "B", "text": "Ilse rows.", "hasanswer": True, "isgold": "True"},
        {"title": "C", "text": " "},
    ]
    row = {"question": "who rows", "answers": ["Ilse"], "ctxs": ctxs}
    (tmp_path / "x.json").write_text(json.dumps([row]), encoding="utf-8")
    dataset = load_dataset(str(tmp_path / "x.json"))
    (example,) = dataset.examples
    assert dataset.name == "nq"
    assert [p.title for p in example.passages] == ["A", "B"]
    assert example.gold.support_ids == (example.passages[1].id,)


def test_of_dprs_positives_the_first_is_gold_and_its_place_tells_nothing(tmp_path: Path) -> None:
    def ctx(name: str) -> dict[str, str]:
        return {"title": name, "text": f"About {name}."}

    firsts = set()
    for number in range(8):
        row = {
            "question": "who rows",
            "answers": ["Ilse"],
            "positive_ctxs": [ctx(f"P{number}"), ctx("P")],
            "hard_negative_ctxs": [ctx("H")],
            "negative_ctxs": [ctx("N")],
        }
        (example,) = load(tmp_path, "nq", [row]).examples
        (place,) = example.gold.support_idxs
        assert example.passages[place].title == f"P{number}"
        firsts.add(place)
    assert len(firsts) > 1


def test_triviaqa_official_and_hugging_face_layouts_agree(tmp_path: Path) -> None:
    official = {
        "Data": [
            {
                "Question": "Who rows?",
                "QuestionId": "tc_1",
                "Answer": {"Value": "Ilse", "Aliases": ["Ilse", "Ilsa"], "Type": "W"},
                "EntityPages": [{"Filename": "Ilse.txt"}],
            }
        ],
        "Version": 1,
    }
    columns = {
        "question": "Who rows?",
        "question_id": "tc_1",
        "answer": {"value": "Ilse", "aliases": ["Ilse", "Ilsa"], "type": "W"},
        "entity_pages": {"title": []},
    }
    one = load(tmp_path, "triviaqa", official).examples
    two = load(tmp_path, "triviaqa", [columns]).examples
    assert one == two
    assert one[0].gold.answers == ("Ilse", "Ilsa")
    (tmp_path / "y.json").write_text(json.dumps(official), encoding="utf-8")
    assert load_dataset(str(tmp_path / "y.json")).name == "triviaqa"


POPQA: dict[str, Any] = {
    "id": 4,
    "question": "What is Ilse's occupation?",
    "prop": "occupation",
    "possible_answers": '["rower", "oarswoman"]',
}


def test_popqa_answers_stand_inside_a_text(tmp_path: Path) -> None:
    paragraphs = [
        {"title": "Ilse", "text": "Ilse rows.", "is_supporting": True},
        {"title": "Otto", "text": "Otto sings.", "is_supporting": False},
    ]
    (example,) = load(tmp_path, "popqa", [{**POPQA, "paragraphs": paragraphs}]).examples
    assert example.gold.answers == ("rower", "oarswoman")
    assert (example.question.id, example.gold.type) == ("4", "occupation")
    assert example.gold.support_ids == (example.passages[0].id,)


def test_popqa_official_table_gives_the_same_question(tmp_path: Path) -> None:
    quoted = POPQA["possible_answers"].replace('"', '""')
    table = (
        f'id\tquestion\tprop\tpossible_answers\n4\t{POPQA["question"]}\toccupation\t"{quoted}"\n'
    )
    (tmp_path / "x.tsv").write_text(table, encoding="utf-8")
    dataset = load_dataset(str(tmp_path / "x.tsv"))
    assert dataset.name == "popqa"
    assert dataset.examples == load(tmp_path, "popqa", [POPQA]).examples


@pytest.mark.parametrize(
    ("name", "row", "message"),
    [
        ("popqa", {**POPQA, "possible_answers": "rower"}, "list of texts under 'possible_answers'"),
        ("popqa", {**POPQA, "possible_answers": "[]"}, "texts in the list"),
        ("popqa", {**POPQA, "paragraphs": ["x"]}, "each of 'paragraphs' as an object"),
        ("nq", {"question": "who", "answer": [""]}, "expected texts in the list under 'answers'"),
        ("nq", {"question": "who", "answer": {"value": None}}, "expected texts in the list"),
        ("nq", {"question": "who"}, "expected a field 'answers' or 'answer' or 'Answer'"),
    ],
)
def test_odd_rows_are_refused(tmp_path: Path, name: str, row: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(tmp_path, name, [row])
