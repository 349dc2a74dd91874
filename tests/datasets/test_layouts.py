"""Each layout, read from small files of our own."""

import json
from pathlib import Path
from typing import Any

import pytest

from ragreason.datasets import Example, load_dataset
from ragreason.errors import DataError, UnknownNameError
from ragreason.evaluation.official import musique_metrics
from ragreason.text.passages import passage_id

HOTPOT: dict[str, Any] = {
    "_id": "q1",
    "question": "Where was the rower's brother born?",
    "answer": "Sirel",
    "type": "bridge",
    "supporting_facts": [["Ilse", 1], ["Otto", 0]],
    "context": [
        ["Ada", ["Ada reads."]],
        ["Ilse", ["Ilse rows.", " Her brother is Otto."]],
        ["Otto", ["Otto comes from Sirel."]],
    ],
}
MUSIQUE: dict[str, Any] = {
    "id": "2hop__1_2",
    "question": "Where was the rower's brother born?",
    "question_decomposition": [{"question": "a"}, {"question": "b"}],
    "answer": "Sirel",
    "answer_aliases": ["Old Sirel"],
    "answerable": True,
    "paragraphs": [
        {"idx": 0, "title": "Ada", "paragraph_text": "Ada reads.", "is_supporting": False},
        {"idx": 1, "title": "Otto", "paragraph_text": " In Sirel.\n", "is_supporting": True},
    ],
}


def load_one(folder: Path, spec: str, value: Any) -> Example:
    (folder / "x.json").write_text(json.dumps(value), encoding="utf-8")
    (example,) = load_dataset(spec.format(folder / "x.json")).examples
    return example


def test_hotpotqa_official(tmp_path: Path) -> None:
    example = load_one(tmp_path, "hotpotqa:{}", [HOTPOT])
    assert example.question.model_dump() == {
        "id": "q1",
        "text": HOTPOT["question"],
        "metadata": {},
        "history": (),
    }
    assert [p.text for p in example.passages][1] == "Ilse rows. Her brother is Otto."
    assert example.gold.answers == ("Sirel",)
    assert example.gold.support_ids == tuple(p.id for p in example.passages[1:])
    assert example.gold.support_idxs == (1, 2)
    assert example.gold.supporting_facts == (("Ilse", 1), ("Otto", 0))
    assert (example.gold.type, example.gold.hops) == ("bridge", 2)


def test_hugging_face_layout_gives_the_same_example(tmp_path: Path) -> None:
    columns = {
        **HOTPOT,
        "supporting_facts": {"title": ["Ilse", "Otto"], "sent_id": [1, 0]},
        "context": {
            "title": [title for title, _ in HOTPOT["context"]],
            "sentences": [sentences for _, sentences in HOTPOT["context"]],
        },
    }
    columns["id"] = columns.pop("_id")
    official = load_one(tmp_path, "hotpotqa:{}", [HOTPOT])
    assert load_one(tmp_path, "hotpotqa:{}", [columns]) == official


def test_2wikimultihopqa_has_evidence_and_counts_hops(tmp_path: Path) -> None:
    triples = [["rower", "brother", "Otto"], ["Otto", "born in", "Sirel"]]
    example = load_one(tmp_path, "2wiki:{}", [{**HOTPOT, "evidences": triples}])
    assert example.gold.evidences == tuple(tuple(t) for t in triples)
    assert example.gold.hops == 2


def test_2wikimultihopqa_in_columns_or_as_json_in_texts_is_the_same(tmp_path: Path) -> None:
    triples = [["rower", "brother", "Otto"], ["Otto", "born in", "Sirel"]]
    plain = {**HOTPOT, "evidences": triples}
    official = load_one(tmp_path, "2wiki:{}", [plain])
    for first, third in (("subject", "object"), ("fact", "entity")):
        names = (first, "relation", third)
        columns = {name: [t[i] for t in triples] for i, name in enumerate(names)}
        rows = [dict(zip(names, t, strict=True)) for t in triples]
        for evidences in (columns, rows, json.dumps(triples)):
            assert load_one(tmp_path, "2wiki:{}", [{**plain, "evidences": evidences}]) == official
    packed = {
        k: json.dumps(v) if k in ("context", "supporting_facts", "evidences") else v
        for k, v in plain.items()
    }
    assert load_one(tmp_path, "2wiki:{}", [packed]) == official


def test_sentences_stay_as_the_file_cuts_them(tmp_path: Path) -> None:
    example = load_one(tmp_path, "hotpotqa:{}", [HOTPOT])
    assert example.sentences[1] == ("Ilse rows.", " Her brother is Otto.")
    assert len(example.sentences) == len(example.passages)


def test_fullwiki_may_lack_all_paragraphs(tmp_path: Path) -> None:
    example = load_one(tmp_path, "hotpotqa:{}", [{**HOTPOT, "context": []}])
    assert example.passages == ()
    assert example.gold.support_ids == (passage_id("Ilse", ""), passage_id("Otto", ""))


def test_a_gold_paragraph_that_is_not_there_counts_as_missed(tmp_path: Path) -> None:
    record = {**HOTPOT, "context": HOTPOT["context"][:2]}
    example = load_one(tmp_path, "hotpotqa:{}", [record])
    assert example.gold.support_ids == (example.passages[1].id, passage_id("Otto", ""))


def test_musique(tmp_path: Path) -> None:
    example = load_one(tmp_path, "musique:{}", MUSIQUE)
    assert example.passages[1].text == "In Sirel."
    assert example.gold.answers == ("Sirel", "Old Sirel")
    assert example.gold.support_ids == (example.passages[1].id,)
    assert example.gold.support_idxs == (1,)
    assert (example.gold.type, example.gold.hops, example.gold.answerable) == ("2hop", 2, True)


def test_a_copy_of_musique_may_say_true_and_false_as_texts(tmp_path: Path) -> None:
    paragraphs = [{**p, "is_supporting": str(p["is_supporting"])} for p in MUSIQUE["paragraphs"]]
    record = {**MUSIQUE, "paragraphs": paragraphs, "answerable": "False"}
    gold = load_one(tmp_path, "musique:{}", record).gold
    assert (gold.support_idxs, gold.answerable) == ((1,), False)


def test_ids_of_musique_full_do_not_tell_what_is_answerable(tmp_path: Path) -> None:
    twin = {**MUSIQUE, "answerable": False, "paragraphs": MUSIQUE["paragraphs"][:1]}
    lines = "\n".join(json.dumps(r) for r in (MUSIQUE, twin))
    (tmp_path / "x.jsonl").write_text(lines, encoding="utf-8")
    ids = [e.question.id for e in load_dataset(f"musique:{tmp_path / 'x.jsonl'}").examples]
    assert ids == ["2hop__1_2", "2hop__1_2/2"]


def test_strategyqa_takes_the_first_annotator_with_paragraphs(tmp_path: Path) -> None:
    lines = [{"id": f"{t}-1", "title": t, "text": f"About {t}."} for t in ("A", "B", "C")]
    text = "\n".join(json.dumps(line) for line in lines)
    (tmp_path / "paragraphs.jsonl").write_text(text, encoding="utf-8")
    record = {
        "qid": "s1",
        "question": "Is A bigger than B?",
        "answer": False,
        "decomposition": ["How big is A?", "Is #1 bigger?"],
        "evidence": [[["no_evidence"]], [[["A-1"]], ["operation"]], [[["B-1", "A-1"]]]],
    }
    (tmp_path / "x.json").write_text(json.dumps([record]), encoding="utf-8")
    dataset = load_dataset(str(tmp_path / "x.json"))
    (example,) = dataset.examples
    assert dataset.name == "strategyqa"
    assert example.gold.answers == ("no",)
    assert example.gold.support_ids == (passage_id("A", "About A."),)
    assert [p.title for p in example.passages] == ["A", "B"]
    assert [p.title for p in dataset.passages] == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        ({"question": "Is it?", "answer": "true"}, "yes"),
        ({"question": "Is it?", "answer": "No"}, "no"),
        ({"input": "Is it?", "target_scores": {"Yes": 0, "No": 1}}, "no"),
        ({"input": "Is it?", "target_scores": '{"Yes": 1, "No": 0}'}, "yes"),
    ],
)
def test_strategyqa_as_copies_have_it(tmp_path: Path, row: dict[str, Any], answer: str) -> None:
    example = load_one(tmp_path, "strategyqa:{}", [row])
    assert (example.question.id, example.question.text) == ("1", "Is it?")
    assert example.gold.answers == (answer,)


def test_strategyqa_official_paragraph_file(tmp_path: Path) -> None:
    paragraphs = {"A-1": {"title": "A", "section": "", "para_index": 1, "content": "About A."}}
    path = tmp_path / "strategyqa_train_paragraphs.json"
    path.write_text(json.dumps(paragraphs), encoding="utf-8")
    record = {"qid": "s", "question": "Is it?", "answer": True, "evidence": [[[["A-1"]]]]}
    example = load_one(tmp_path, "strategyqa:{}", [record])
    assert example.gold.answers == ("yes",)
    assert example.gold.support_ids == (passage_id("A", "About A."),)


def test_bamboogle_csv(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("Question,Answer\nWho rows?,Ilse\n", encoding="utf-8")
    dataset = load_dataset(str(tmp_path / "b.csv"))
    (example,) = dataset.examples
    assert (dataset.name, example.question.id, example.question.text) == (
        "bamboogle",
        "1",
        "Who rows?",
    )
    assert (example.gold.answers, example.gold.hops, example.passages) == (("Ilse",), 2, ())


def test_generic_takes_lists_booleans_aliases_and_numbers(tmp_path: Path) -> None:
    records = [
        {"id": 7, "question": "a?", "answer": ["x", "y"], "aliases": ["z"]},
        {"id": 8, "question": "b?", "answer": True, "hops": 3, "type": "closed"},
        {"id": 9, "question": "c?", "answer": 1887},
    ]
    (tmp_path / "x.json").write_text(json.dumps(records), encoding="utf-8")
    examples = load_dataset(f"json:{tmp_path / 'x.json'}").examples
    assert [e.question.id for e in examples] == ["7", "8", "9"]
    assert [e.gold.answers for e in examples] == [("x", "y", "z"), ("yes",), ("1887",)]
    assert (examples[1].gold.hops, examples[1].gold.type) == (3, "closed")


def test_a_question_that_cannot_be_answered_needs_no_answer(tmp_path: Path) -> None:
    records = [
        {"question": "a?", "answer": "", "answerable": False},
        {"question": "b?", "answer": "x", "answerable": "no"},
        {"question": "c?", "answer": '["x", "y"]', "answerable": "1"},
    ]
    (tmp_path / "x.json").write_text(json.dumps(records), encoding="utf-8")
    golds = [e.gold for e in load_dataset(f"generic:{tmp_path / 'x.json'}").examples]
    assert [(g.answers, g.answerable) for g in golds] == [
        ((), False),
        (("x",), False),
        (("x", "y"), True),
    ]
    for wrong in ({"answer": ""}, {"answer": "x", "answerable": "maybe"}, {"hops": "²"}):
        with pytest.raises(DataError, match="record 1: expected"):
            load_one(tmp_path, "generic:{}", [{"question": "a?", "answer": "x", **wrong}])


def test_generic_field_map(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("Q,G,more\nWho?,Ilse,Ilse|Ilsa\n", encoding="utf-8")
    fields = {"question": "Q", "answer": "G", "aliases": "more"}
    (example,) = load_dataset(f"csv:{tmp_path / 'x.csv'}", fields).examples
    assert (example.question.text, example.gold.answers) == ("Who?", ("Ilse", "Ilse", "Ilsa"))
    with pytest.raises(UnknownNameError, match="unknown dataset field 'anser'; did you mean"):
        load_dataset(f"csv:{tmp_path / 'x.csv'}", {"anser": "G"})
    with pytest.raises(DataError, match="expected a field 'Query'; it has Q, G, more"):
        load_dataset(f"csv:{tmp_path / 'x.csv'}", {"question": "Query", "answer": "G"})


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("hotpotqa", {"answer": None}, "record 1: expected a text under 'answer', found None"),
        ("hotpotqa", {"context": "x"}, "expected 'context' as a list of pairs"),
        ("hotpotqa", {"context": [["Ada", "Ada reads."]]}, "a title and its sentences"),
        ("hotpotqa", {"context": {"title": ["Ada"]}}, "lists 'title' and 'sentences'"),
        ("hotpotqa", {"supporting_facts": [["Ilse", "1"]]}, "a title and a number"),
        ("2wiki", {"evidences": [["a", "b"]]}, "three texts each"),
        ("musique", {}, "expected a field 'paragraphs'"),
        ("strategyqa", {}, "expected true or false under 'answer', found 'Sirel'"),
    ],
)
def test_a_malformed_record_is_one_clear_line(
    tmp_path: Path, name: str, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load_one(tmp_path, name + ":{}", [{**HOTPOT, **change}])


@pytest.mark.parametrize("answerable_first", [True, False])
def test_official_predictions_find_the_answerable_twin(
    tmp_path: Path, answerable_first: bool
) -> None:
    twin = {**MUSIQUE, "answerable": False, "paragraphs": MUSIQUE["paragraphs"][:1]}
    records = [MUSIQUE, twin] if answerable_first else [twin, MUSIQUE]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    examples = load_dataset(f"musique:{tmp_path / 'x.jsonl'}").examples
    assert [e.question.id for e in examples] == ["2hop__1_2", "2hop__1_2/2"]
    row = {"id": "2hop__1_2", "predicted_answer": "Sirel", "predicted_support_idxs": [1]}
    assert musique_metrics([row], examples)["answer_em"] == 1.0


BOOLE: dict[str, Any] = {
    "qid": "s1",
    "question": "Can Ilse row?",
    "answer": True,
    "evidence": [[[["Ada-1"], "operation"]]],
    "decomposition": ["Who is Ilse?"],
}
CTXS: dict[str, Any] = {"ctxs": [{"title": "Ilse", "text": "Ilse rows.", "isgold": True}]}
POPQA: dict[str, Any] = {
    "id": 1,
    "question": "Who?",
    "prop": "occupation",
    "possible_answers": '["rower"]',
    "paragraphs": [{"title": "Ilse", "text": "Ilse rows.", "is_supporting": True}],
}
NEWS: dict[str, Any] = {
    "query": "Who rows?",
    "answer": "Ilse",
    "question_type": "inference_query",
    "evidence_list": [{"title": "Rowing", "fact": "Ilse rows."}],
}
WORLD: dict[str, Any] = {
    "id": "w1",
    "question": "Who rows?",
    "answer": "Ilse",
    "aliases": [],
    "hops": 2,
    "supporting": ["Ilse"],
}


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("hotpotqa", HOTPOT),
        ("2wiki", {**HOTPOT, "evidences": [["a", "b", "c"]]}),
        ("musique", MUSIQUE),
        ("strategyqa", BOOLE),
        ("world", WORLD),
        ("popqa", POPQA),
        ("nq", {**CTXS, "question": "Who?", "answers": ["Ilse"]}),
        ("triviaqa", {"Question": "Who?", "QuestionId": "1", "Answer": {"Value": "Ilse"}}),
        ("multihop_rag", NEWS),
        (
            "generic",
            {"id": "1", "question": "Who?", "answer": "Ilse", "aliases": "a|b", "hops": "2"},
        ),
    ],
)
def test_no_odd_value_gets_past_as_another_error(
    tmp_path: Path, name: str, record: dict[str, Any]
) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents/ilse.md").write_text("# Ilse\n\nIlse rows.", encoding="utf-8")
    load_one(tmp_path, name + ":{}", [record])
    odd: list[Any] = [None, 3, -1, 2.5, True, "", "x", [], {}, [None], [[]], [3], ["a"], {"a": 1}]
    refused = 0
    for field in record:
        for value in odd:
            try:
                load_one(tmp_path, name + ":{}", [{**record, field: value}])
            except DataError:
                refused += 1
    assert refused > len(odd)
