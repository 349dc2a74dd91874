"""StrategyQA: yes/no questions with evidence paragraph ids by several annotators.

The paragraphs lie beside the questions, in `paragraphs.jsonl` (id, title, text) or in the official
`strategyqa_train_paragraphs.json` ({id: {title, content}}). Copies on hubs write the answer as
true, "true" or "yes" and may lack evidence and id; BIG-bench's has `input` and `target_scores`.
Source: allenai.org/data/strategyqa.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ragreason.datasets.example import Dataset, Example, Gold, paragraph
from ragreason.datasets.files import Origin
from ragreason.datasets.records import Record, read_json, unpacked
from ragreason.text.passages import passage_id
from ragreason.types import Passage, Question

_LINES = "paragraphs.jsonl"
_IDS = ("qid", "id")
_SAID = {"true": True, "yes": True, "false": False, "no": False}
_OFFICIAL = "strategyqa_train_paragraphs.json"


def load_strategyqa(origin: Origin) -> Dataset:
    """Questions, and the paragraphs beside their file (none if there are none).

    Supports are those of the first annotator who named any paragraph; the example's passages are
    those of all annotators, and the corpus is the whole paragraph file.
    """
    paragraphs = {} if origin.given is not None else _paragraphs(origin.folder)
    examples = tuple(_example(r, i, paragraphs) for i, r in enumerate(origin.records, 1))
    return Dataset("strategyqa", origin.path, examples, tuple(paragraphs.values()))


def _paragraphs(folder: Path) -> dict[str, Passage]:
    if (folder / _LINES).is_file():
        records = read_json(folder / _LINES)
        return {r.text("id"): paragraph(r.text("title"), r.text("text").strip()) for r in records}
    if (folder / _OFFICIAL).is_file():
        (whole,) = read_json(folder / _OFFICIAL)
        found = {key: Record(f"{whole.where}, '{key}'", v) for key, v in whole.fields.items()}
        return {
            key: paragraph(r.text("title"), r.text("content", "text").strip())
            for key, r in found.items()
        }
    return {}


def _example(record: Record, number: int, paragraphs: dict[str, Passage]) -> Example:
    answer = _answer(record)
    annotators = [list(dict.fromkeys(_ids(a))) for a in record.optional("evidence")]
    first = next((ids for ids in annotators if ids), [])
    everything = dict.fromkeys(i for ids in annotators for i in ids)
    passages = tuple(paragraphs[i] for i in everything if i in paragraphs)
    gold = Gold(
        answers=("yes" if answer else "no",),
        support_ids=_support_ids(first, paragraphs),
        type="yes_no",
        hops=len(record.texts("decomposition")),
    )
    named = any(name in record.fields for name in _IDS)
    question = Question(
        id=record.text(*_IDS) if named else str(number), text=record.text("question", "input")
    )
    return Example(question=question, gold=gold, passages=passages)


def _answer(record: Record) -> bool:
    scores = unpacked(record.fields.get("target_scores"))
    if isinstance(scores, dict) and set(scores) == {"Yes", "No"}:
        return bool(scores["Yes"])
    answer = record.get("answer")
    told = answer if isinstance(answer, bool) else _SAID.get(str(answer).strip().lower())
    if told is None:
        raise record.error(f"expected true or false under 'answer', found {answer!r}")
    return told


def _support_ids(names: list[str], paragraphs: dict[str, Passage]) -> tuple[str, ...]:
    if not paragraphs:
        return ()
    ids = [paragraphs[n].id if n in paragraphs else passage_id(n, "") for n in names]
    return tuple(dict.fromkeys(ids))


def _ids(value: Any) -> Iterator[str]:
    """Paragraph ids anywhere in an annotator's nested lists, marks like "operation" left out."""
    if isinstance(value, str) and value not in ("operation", "no_evidence"):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _ids(part)
