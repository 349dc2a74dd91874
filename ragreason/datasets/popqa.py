"""PopQA: questions about one relation of an entity, any of `possible_answers` being right.

`possible_answers` is a JSON list inside a text. The official table has no passages; copies may give
`paragraphs` with `is_supporting`. Source: github.com/AlexTMallen/adaptive-retrieval.
"""

from ragreason.datasets.example import Dataset, Example, Gold
from ragreason.datasets.files import Origin
from ragreason.datasets.marked import Marks, marked_paragraphs
from ragreason.datasets.records import Record
from ragreason.types import Question

_MARKS = Marks("paragraphs", ("text", "paragraph_text"), ("is_supporting",))


def load_popqa(origin: Origin) -> Dataset:
    """PopQA, JSON or the official table. The type is the relation, the first answer the object."""
    return Dataset("popqa", origin.path, tuple(map(_example, origin.records)))


def _example(record: Record) -> Example:
    answers = record.texts("possible_answers")
    if not answers or not all(answer.strip() for answer in answers):
        raise record.error("expected texts in the list under 'possible_answers'")
    passages, supports = marked_paragraphs(record, _MARKS)
    gold = Gold(
        answers=answers,
        support_ids=tuple(dict.fromkeys(passages[i].id for i in supports)),
        support_idxs=supports,
        type=str(record.fields.get("prop") or ""),
        hops=1,
    )
    question = Question(id=record.text("id"), text=record.text("question"))
    return Example(question=question, gold=gold, passages=passages)
