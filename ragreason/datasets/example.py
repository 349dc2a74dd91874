"""The values of a dataset: what is asked, what is known to be right, what was given to read."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ragreason.text.passages import mended, passage_id
from ragreason.types import Passage, Question, Value

_HASH_DIGITS = 16


class Gold(Value):
    """What the answering side must never see.

    `answers`: the answer first, then its aliases; never empty. `support_ids`: ids of the passages
    that are needed, empty where the dataset says nothing about them. `support_idxs`: the same as
    positions in the example's passages. `supporting_facts`: (title, sentence from 0).
    `evidences`: (subject, relation, object). `hops`: 0 where unknown.
    """

    answers: Annotated[tuple[str, ...], Field(min_length=1)]
    support_ids: tuple[str, ...] = ()
    support_idxs: tuple[int, ...] = ()
    supporting_facts: tuple[tuple[str, int], ...] = ()
    evidences: tuple[tuple[str, str, str], ...] = ()
    type: str = ""
    hops: int = 0
    answerable: bool = True


class Example(Value):
    """One question with its gold and its own paragraphs, in file order, repetitions kept."""

    question: Question
    gold: Gold
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """A dataset file, read. `extra` is the dataset's own corpus file, if it has one."""

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
                example.gold.model_dump(mode="json"),
                [p.id for p in example.passages],
            ]
            digest.update(json.dumps(row, sort_keys=True, ensure_ascii=True).encode())
        digest.update("".join(p.id for p in self.extra).encode())
        return digest.hexdigest()[:_HASH_DIGITS]


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
