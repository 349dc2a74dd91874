"""StrategyQA: yes/no questions with evidence paragraph ids by several annotators.

The paragraphs lie beside the questions, in `paragraphs.jsonl` (id, title, text) or in the official
`strategyqa_train_paragraphs.json` ({id: {title, content}}). Source: allenai.org/data/strategyqa.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ragreason.datasets.example import Dataset, Example, Gold, paragraph
from ragreason.datasets.records import Record, read_json
from ragreason.text.passages import passage_id
from ragreason.types import Passage, Question

_LINES = "paragraphs.jsonl"
_OFFICIAL = "strategyqa_train_paragraphs.json"


def load_strategyqa(path: Path) -> Dataset:
    """Questions of `path` and the paragraphs beside it (none if there are none).

    Supports are those of the first annotator who named any paragraph; the example's passages are
    those of all annotators, and the corpus is the whole paragraph file.
    """
    paragraphs = _paragraphs(path.parent)
    examples = tuple(_example(r, paragraphs) for r in read_json(path))
    return Dataset("strategyqa", path, examples, tuple(paragraphs.values()))


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


def _example(record: Record, paragraphs: dict[str, Passage]) -> Example:
    answer = record.get("answer")
    if not isinstance(answer, bool):
        raise record.error(f"expected true or false under 'answer', found {answer!r}")
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
    question = Question(id=record.text("qid", "id"), text=record.text("question"))
    return Example(question=question, gold=gold, passages=passages)


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
