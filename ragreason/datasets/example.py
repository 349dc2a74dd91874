"""The values of a dataset: what is asked, what is known to be right, what was given to read."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragreason.text.passages import mended, passage_id
from ragreason.types import Passage, Question, Value

_HASH_DIGITS = 16


class Gold(Value):
    """What the answering side must never see.

    `answers`: the answer first, then its aliases; empty where none is known, as of a collection
    that only says what is relevant. `support_ids`: ids of the passages that are needed, empty where
    the dataset says nothing about them. `support_idxs`: the same as positions in the example's
    passages. `grades`: (support's id, how relevant it is from 1), where that was graded.
    `supporting_facts`: (title, sentence from 0). `evidences`: (subject, relation, object). `hops`:
    0 where unknown. `answerable`: whether what is given to read holds the answer.
    """

    answers: tuple[str, ...] = ()
    support_ids: tuple[str, ...] = ()
    grades: tuple[tuple[str, int], ...] = ()
    support_idxs: tuple[int, ...] = ()
    supporting_facts: tuple[tuple[str, int], ...] = ()
    evidences: tuple[tuple[str, str, str], ...] = ()
    type: str = ""
    hops: int = 0
    answerable: bool = True


class Example(Value):
    """One question with its gold and its own paragraphs, in file order, repetitions kept.

    `sentences` are those of each paragraph, as the file cuts them, where supports are sentences.
    """

    question: Question
    gold: Gold
    passages: tuple[Passage, ...] = ()
    sentences: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Dataset:
    """A dataset file, read. `extra` is the dataset's own corpus file, if it has one; of a part of
    the questions it is the whole dataset's corpus.
    """

    name: str
    path: Path
    examples: tuple[Example, ...]
    extra: tuple[Passage, ...] = ()

    @property
    def passages(self) -> tuple[Passage, ...]:
        """The union of all paragraphs, each once, first seen first: the closed corpus.

        `extra` leads, in its own order: supports must not stand first, where ties would favour
        them.
        """
        return distinct([*self.extra, *(p for e in self.examples for p in e.passages)])

    @property
    def data_hash(self) -> str:
        """16 hex digits over name, questions, gold and passage ids; the layout doesn't matter."""
        digest = hashlib.sha256(self.name.encode())
        for example in self.examples:
            row = [
                example.question.model_dump(mode="json"),
                example.gold.model_dump(mode="json", exclude=_unhashed(example.gold)),
                [p.id for p in example.passages],
            ]
            digest.update(json.dumps(row, sort_keys=True, ensure_ascii=True).encode())
        digest.update("".join(p.id for p in self.extra).encode())
        return digest.hexdigest()[:_HASH_DIGITS]


def _unhashed(gold: Gold) -> set[str]:
    """Fields that came later: without them, hashes of older runs would not be found again."""
    return set() if gold.grades else {"grades"}


def paragraph(title: str, text: str) -> Passage:
    """A dataset's paragraph as a passage; its document is its title.

    Lone surrogates become U+FFFD, as in an index, so that ids agree with those of one.
    """
    title, text = mended(title), mended(text)
    return Passage(
        id=passage_id(title, text), title=title, text=text, document=title, end=len(text)
    )


def distinct(passages: Iterable[Passage]) -> tuple[Passage, ...]:
    """Each passage once, first seen first."""
    found: dict[str, Passage] = {}
    for passage in passages:
        found.setdefault(passage.id, passage)
    return tuple(found.values())


def ids_of(passages: Sequence[Passage], titles: Iterable[str]) -> tuple[str, ...]:
    """The ids of the passages under these titles, each once, titles in the given order.

    A title that no passage has stands in with the id of its empty paragraph, which is never
    retrieved, so that recall counts it as missed.
    """
    found: dict[str, None] = {}
    for title in titles:
        ids = [p.id for p in passages if p.title == title] or [passage_id(title, "")]
        found.update(dict.fromkeys(ids))
    return tuple(found)
