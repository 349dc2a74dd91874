"""What gives the answer away stays in Gold, by name and by value."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ragreason.datasets import Example, load_dataset

HIDDEN_NAMES = {
    "answer",
    "answers",
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
    source = (data / sample).read_text(encoding="utf-8")
    for example in load_dataset(str(data / sample)).examples:
        assert example.question.metadata == {}
        plain = json.dumps(example.question.text, ensure_ascii=False)[1:-1]
        assert plain in source or example.question.text in source.replace('""', '"')


def marked(value: Any, hidden: bool = False) -> Any:
    """The record with a canary in every text that lies under a hidden name."""
    if isinstance(value, dict):
        return {k: marked(v, hidden or k in HIDDEN_NAMES) for k, v in value.items()}
    if isinstance(value, list):
        return [marked(v, hidden) for v in value]
    return f"{value} {CANARY}" if hidden and isinstance(value, str) else value


@pytest.mark.data
@pytest.mark.parametrize("sample", [s for s in SAMPLES if s.endswith("json")])
def test_no_hidden_value_is_seen(data: Path, tmp_path: Path, sample: str) -> None:
    records = json.loads((data / sample).read_text(encoding="utf-8"))[:20]
    (tmp_path / "x.json").write_text(json.dumps(marked(records)), encoding="utf-8")
    name = sample.partition("/")[0]
    for example in load_dataset(f"{name}:{tmp_path / 'x.json'}").examples:
        assert CANARY in example.gold.model_dump_json() or name == "strategyqa"
        assert CANARY not in json.dumps(seen_by_the_answering_side(example))


def test_no_hidden_value_of_musique_or_a_table_is_seen(tmp_path: Path) -> None:
    paragraph = {"title": "A", "paragraph_text": "b", "is_supporting": True}
    record = {"id": "1", "question": "Who?", "paragraphs": [paragraph]}
    hidden = {name: [CANARY] for name in HIDDEN_NAMES - {"is_supporting"}} | {"answer": CANARY}
    (tmp_path / "x.json").write_text(json.dumps([record | hidden]), encoding="utf-8")
    for name in ("musique", "generic"):
        (example,) = load_dataset(f"{name}:{tmp_path / 'x.json'}").examples
        assert CANARY in example.gold.answers
        assert CANARY not in json.dumps(seen_by_the_answering_side(example))
