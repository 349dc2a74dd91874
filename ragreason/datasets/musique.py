"""MuSiQue, answerable and full: JSON lines, paragraphs with `is_supporting`, aliases.

Source: github.com/StonyBrookNLP/musique. In the full version a question can come twice under one
id, once without its evidence; the second in the file gets the id's suffix "/2", whichever it is:
an id never tells which one can be answered.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ragreason.datasets.example import Dataset, Example, Gold, paragraph
from ragreason.datasets.files import Origin
from ragreason.datasets.records import Record, said
from ragreason.types import Passage, Question


def load_musique(origin: Origin) -> Dataset:
    """MuSiQue-Ans or MuSiQue-Full. Hops are the steps of the decomposition."""
    seen: Counter[str] = Counter()
    return Dataset("musique", origin.path, tuple(_example(r, seen) for r in origin.records))


def _example(record: Record, seen: Counter[str]) -> Example:
    passages, supports = _paragraphs(record)
    answerable = record.flag("answerable", default=True)
    steps = record.optional("question_decomposition")
    gold = Gold(
        answers=(record.text("answer"), *record.texts("answer_aliases")),
        support_ids=tuple(dict.fromkeys(passages[i].id for i in supports)),
        support_idxs=supports,
        type=f"{len(steps)}hop" if steps else "",
        hops=len(steps) or len(supports),
        answerable=answerable,
    )
    name = record.text("id")
    seen[name] += 1
    name += f"/{seen[name]}" if seen[name] > 1 else ""
    question = Question(id=name, text=record.text("question"))
    return Example(question=question, gold=gold, passages=passages)


def _paragraphs(record: Record) -> tuple[tuple[Passage, ...], tuple[int, ...]]:
    values = record.list("paragraphs")
    passages = tuple(_passage(record, value) for value in values)
    supports = tuple(i for i, value in enumerate(values) if said(value.get("is_supporting")))
    return passages, supports


def _passage(record: Record, value: Mapping[str, Any]) -> Passage:
    if not isinstance(value, dict):
        raise record.error("expected each of 'paragraphs' as an object")
    title, text = value.get("title"), value.get("paragraph_text")
    if not isinstance(title, str) or not isinstance(text, str):
        raise record.error("expected texts 'title' and 'paragraph_text' in each of 'paragraphs'")
    return paragraph(title, text.strip())
