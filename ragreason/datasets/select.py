"""A part of a dataset's questions: by type, by hops, or drawn by a seed."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ragreason.datasets.example import Dataset, Example
from ragreason.errors import DataError


@dataclass(frozen=True)
class Selection:
    """Questions of these `types` and `hops` (empty: of any), and `sample` of them (None: all)."""

    types: Collection[str] = ()
    hops: Collection[int] = ()
    sample: int | None = None
    seed: int = 0

    def of(self, dataset: Dataset) -> Dataset:
        """The dataset with these questions only, in file order; the corpus stays what it is.

        Which questions a sample holds depends on the seed and on what they ask, not on their order
        in the file, and a larger sample holds a smaller one. Raises DataError for a type or a
        number of hops that no question has, and for a sample larger than what there is.
        """
        chosen = self._filtered(dataset)
        if self.sample is not None:
            if self.sample > len(chosen):
                raise DataError(
                    f"a sample of {self.sample} was asked for, {dataset.path} has {len(chosen)} "
                    "such questions"
                )
            chosen = drawn(chosen, self.sample, self.seed)
        if len(chosen) == len(dataset.examples):
            return dataset
        return replace(dataset, examples=tuple(chosen), extra=dataset.passages)

    def _filtered(self, dataset: Dataset) -> Sequence[Example]:
        golds = [example.gold for example in dataset.examples]
        _check(self.types, {gold.type for gold in golds}, "type", dataset)
        _check(self.hops, {gold.hops for gold in golds}, "number of hops", dataset)
        chosen = [e for e in dataset.examples if self._fits(e)]
        if not chosen:
            raise DataError(f"{dataset.path}: no question has such a type and number of hops both")
        return chosen

    def _fits(self, example: Example) -> bool:
        gold = example.gold
        return (not self.types or gold.type in self.types) and (
            not self.hops or gold.hops in self.hops
        )


def drawn(examples: Sequence[Example], count: int, seed: int) -> Sequence[Example]:
    """`count` of the examples, in their order: those whose questions have the smallest hashes."""
    ranked = sorted(examples, key=lambda e: (_draw(e, seed), e.question.id))
    ids = {example.question.id for example in ranked[:count]}
    return [example for example in examples if example.question.id in ids]


def _draw(example: Example, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\n{example.question.text}".encode()).digest()


def _check(wanted: Collection[Any], known: Collection[Any], what: str, dataset: Dataset) -> None:
    unknown = next((value for value in wanted if value not in known), None)
    if unknown is not None:
        offer = ", ".join(str(value) for value in sorted(known) if value not in ("", 0))
        raise DataError(
            f"{dataset.path}: no question has the {what} '{unknown}'; known: {offer or 'none'}"
        )
