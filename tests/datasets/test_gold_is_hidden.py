"""What gives the answer away stays in Gold, by name and by value."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from ragreason.datasets import LOADERS, Example, load_dataset

HIDDEN_NAMES = {
    "Answer",
    "answer",
    "answerable",
    "answers",
    "aliases",
    "possible_answers",
    "obj",
    "o_aliases",
    "positive_ctxs",
    "question_type",
    "supporting",
    "target_scores",
    "type",
    "answer_aliases",
    "supporting_facts",
    "is_supporting",
    "evidence",
    "evidences",
    "decomposition",
    "question_decomposition",
    "facts",
    "hasanswer",
    "isgold",
}
CANARY = "canary-7f3a"
SAMPLES = [
    "hotpotqa/train_sample.json",
    "hotpotqa/dev_sample_hf_layout.json",
    "2wikimultihopqa/train_sample.json",
    "musique/train_sample.jsonl",
    "strategyqa/dev_sample.json",
    "bamboogle/sample.csv",
    "multihop_rag/sample.json",
    "popqa/sample.json",
    "nq/sample.jsonl",
    "vaswani",
]


def seen_by_the_answering_side(example: Example) -> list[Any]:
    return [
        example.question.model_dump(mode="json"),
        *(p.model_dump(mode="json") for p in example.passages),
    ]


def names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names(inner)


@pytest.mark.data
@pytest.mark.parametrize("sample", SAMPLES)
def test_no_hidden_name_is_seen(data: Path, sample: str) -> None:
    for example in load_dataset(str(data / sample)).examples:
        assert HIDDEN_NAMES.isdisjoint(names(seen_by_the_answering_side(example)))


@pytest.mark.data
@pytest.mark.parametrize("sample", SAMPLES)
def test_a_question_is_its_id_and_text_and_nothing_else(data: Path, sample: str) -> None:
    place = data / sample
    source = (place / "query-text.trec" if place.is_dir() else place).read_text(encoding="utf-8")
    for example in load_dataset(str(place)).examples:
        assert example.question.metadata == {}
        plain = json.dumps(example.question.text, ensure_ascii=False)[1:-1]
        ascii_only = json.dumps(example.question.text)[1:-1]
        texts = (plain, ascii_only, example.question.text)
        assert any(text in source or text in source.replace('""', '"') for text in texts)


def marked(value: Any, hidden: bool = False) -> Any:
    """The record with a canary in every text that lies under a hidden name."""
    if isinstance(value, dict):
        return {k: marked(v, hidden or k in HIDDEN_NAMES) for k, v in value.items()}
    if isinstance(value, list):
        return [marked(v, hidden) for v in value]
    if not hidden or not isinstance(value, str):
        return value
    if value.startswith("["):
        return json.dumps(marked(json.loads(value), hidden=True))
    return f"{value} {CANARY}"


@pytest.mark.data
@pytest.mark.parametrize(
    "sample", [s for s in SAMPLES if s.endswith(("json", "jsonl")) and "strategyqa" not in s]
)
def test_no_hidden_value_is_seen(data: Path, tmp_path: Path, sample: str) -> None:
    text = (data / sample).read_text(encoding="utf-8")
    records = json.loads(text) if text.startswith("[") else map(json.loads, text.splitlines()[:20])
    changed = marked(list(records)[:20])
    (tmp_path / "x.json").write_text(json.dumps(changed), encoding="utf-8")
    name = sample.partition("/")[0]
    for example in load_dataset(f"{name}:{tmp_path / 'x.json'}").examples:
        assert CANARY in example.gold.model_dump_json()
        assert CANARY not in json.dumps(seen_by_the_answering_side(example))


PARAGRAPH = {"title": "A", "text": "b", "paragraph_text": "b", "isgold": True}
PAIRS: dict[str, Any] = {"supporting_facts": [["A", 0]], "context": [["A", ["b"]]]}
COLUMNS: dict[str, Any] = {
    "supporting_facts": {"title": ["A"], "sent_id": [0]},
    "context": {"title": ["A"], "sentences": [["b"]]},
}
STRUCTURES: dict[str, dict[str, Any]] = {
    "hotpotqa": PAIRS,
    "hotpotqa in columns": COLUMNS,
    "2wikimultihopqa": {**PAIRS, "evidences": [[CANARY, CANARY, CANARY]]},
    "2wikimultihopqa in columns": {
        **COLUMNS,
        "evidences": {"fact": [CANARY], "relation": [CANARY], "entity": [CANARY]},
    },
    "musique": {
        "paragraphs": [PARAGRAPH | {"is_supporting": True}],
        "question_decomposition": [{"question": CANARY, "answer": CANARY}],
    },
    "popqa": {"paragraphs": [PARAGRAPH | {"is_supporting": True}], "possible_answers": [CANARY]},
    "nq": {"ctxs": [PARAGRAPH | {"hasanswer": True}]},
    "nq of DPR": {"positive_ctxs": [PARAGRAPH], "negative_ctxs": [PARAGRAPH | {"text": "c"}]},
    "triviaqa": {"answer": {"value": CANARY, "aliases": [CANARY]}},
    "multihop_rag": {"evidence_list": [{"title": "A", "fact": "b", "source": CANARY}]},
    "strategyqa": {"answer": True, "evidence": [[[[CANARY]]]], "decomposition": [CANARY]},
    "generic": {},
    "bamboogle": {},
}


@pytest.mark.parametrize("layout", STRUCTURES)
def test_no_loader_lets_a_hidden_value_through(tmp_path: Path, layout: str) -> None:
    """Every hidden name is in the record, whether this layout knows it or not."""
    structure = STRUCTURES[layout]
    # what a name holds that this layout gives no structure of its own
    usual: dict[str, Any] = dict.fromkeys(HIDDEN_NAMES - {"is_supporting", "answerable"}, CANARY)
    lists = ("answer_aliases", "aliases", "answers", "decomposition", "question_decomposition")
    usual |= {name: [CANARY] for name in lists} | {"evidence": [], "evidences": []}
    usual |= {"supporting_facts": [], "positive_ctxs": [], "target_scores": {}}
    usual["possible_answers"] = [CANARY]
    record = {"id": "1", "question": "Who?", "query": "Who?", **usual, **structure}
    (tmp_path / "x.json").write_text(json.dumps([record]), encoding="utf-8")
    (example,) = load_dataset(f"{layout.partition(' ')[0]}:{tmp_path / 'x.json'}").examples
    seen = seen_by_the_answering_side(example)
    assert CANARY not in json.dumps(seen)
    assert HIDDEN_NAMES.isdisjoint(names(seen))
    assert CANARY in example.gold.model_dump_json() or layout == "strategyqa"


def test_every_loader_is_among_these() -> None:
    """A world's questions have no paragraphs of their own, a collection's topics no answer."""
    tried = {layout.partition(" ")[0] for layout in STRUCTURES}
    assert tried | {"world", "trec"} == set(LOADERS)


def test_a_hidden_value_of_a_world_is_not_seen(tmp_path: Path) -> None:
    write_world(tmp_path)
    (example,) = load_dataset(f"world:{tmp_path}").examples
    assert CANARY in example.gold.model_dump_json()
    assert CANARY not in json.dumps(seen_by_the_answering_side(example))


def write_world(folder: Path) -> None:
    (folder / "documents").mkdir()
    (folder / "documents/a.md").write_text("# A\n\nb", encoding="utf-8")
    record = {"id": "1", "question": "Who?", "answer": CANARY, "type": CANARY, "supporting": ["A"]}
    (folder / "questions.jsonl").write_text(json.dumps(record), encoding="utf-8")


def test_columns_and_saved_folders_hide_the_same(tmp_path: Path) -> None:
    record = {"id": "1", "question": "Who?", "answer": CANARY, "type": CANARY, **COLUMNS}
    table = pyarrow.Table.from_pylist([record])
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet")
    (example,) = load_dataset(f"hotpotqa:{tmp_path / 'x.parquet'}").examples
    assert CANARY in example.gold.model_dump_json()
    assert CANARY not in json.dumps(seen_by_the_answering_side(example))


def test_what_a_table_calls_otherwise_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"Q,G,why\nWho?,Ilse,{CANARY}\n", encoding="utf-8")
    fields = {"question": "Q", "answer": "G"}
    (example,) = load_dataset(f"csv:{tmp_path / 'x.csv'}", fields).examples
    assert CANARY not in example.model_dump_json()
