"""Entities and passages of an index as a graph, made without a language model.

An entity is a title, or a name that at least two passages mention. A passage is linked to the
entities that it mentions and to those that it is titled by: so passages hang together by the titles
that they name, as pages of an encyclopedia do, and by the rare names that they share.
Source: HippoRAG, arXiv 2405.14831, which has a language model write out entities and relations.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ragreason.index.links_names import Finder, Key, frequent, own_names, title_keys

MENTIONED = 1
TITLED = 2
Kinds = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]
_SHARED_BY = 2


@dataclass(frozen=True)
class Links:
    """The graph. Passages are rows of the index; entities are numbered as `names` has them.

    The links of passage p are `entities[starts[p]:starts[p + 1]]`, ascending, and of the same
    places of `kinds`, MENTIONED or TITLED; what a passage is titled by counts as that only.
    """

    names: tuple[Key, ...]
    starts: Numbers  # (passages + 1,)
    entities: Numbers  # (links,)
    kinds: Kinds  # (links,)

    @property
    def passages(self) -> int:
        """How many passages there are."""
        return len(self.starts) - 1

    @cached_property
    def matrix(self) -> Any:
        """(passages, entities) sparse: MENTIONED, TITLED, or nothing."""
        from scipy.sparse import csr_array

        shape = (self.passages, len(self.names))
        return csr_array((self.kinds.astype(np.float64), self.entities, self.starts), shape=shape)

    @cached_property
    def by_entity(self) -> Any:
        """The same, (entities, passages)."""
        return self.matrix.T.tocsr()

    @cached_property
    def idf(self) -> Weights:
        """(entities,) log(1 + passages / passages that are linked to it): what is rare counts."""
        linked = np.bincount(self.entities, minlength=len(self.names))
        weights: Weights = np.log1p(self.passages / np.maximum(linked, 1))
        return weights

    @cached_property
    def finder(self) -> Finder:
        """Finds the entities in a text."""
        return Finder({name: number for number, name in enumerate(self.names)})

    def named_in(self, text: str) -> list[int]:
        """Entities that a text names, each once, in order."""
        return list(dict.fromkeys(self.finder.find(text)))

    def titled_by(self, entity: int) -> list[int]:
        """Passages with this entity as their title, in corpus order."""
        return self._passages(entity, TITLED)

    def mentioning(self, entity: int) -> list[int]:
        """Passages that mention the entity, those titled by it left out, in corpus order."""
        return self._passages(entity, MENTIONED)

    def mentions(self, passage: int) -> list[int]:
        """Entities that the passage mentions and is not titled by."""
        return self._entities(passage, MENTIONED)

    def titles(self, passage: int) -> list[int]:
        """Entities that the passage is titled by."""
        return self._entities(passage, TITLED)

    def _entities(self, passage: int, kind: int) -> list[int]:
        span = slice(int(self.starts[passage]), int(self.starts[passage + 1]))
        found: list[int] = self.entities[span][self.kinds[span] == kind].tolist()
        return found

    def _passages(self, entity: int, kind: int) -> list[int]:
        rows = self.by_entity
        span = slice(int(rows.indptr[entity]), int(rows.indptr[entity + 1]))
        found: list[int] = rows.indices[span][rows.data[span] == kind].tolist()
        return sorted(found)


def make_links(passages: Iterable[tuple[str, str]]) -> Links:
    """The graph over (title, text) in corpus order. Time grows as the texts' total length."""
    given = list(passages)
    titled = [title_keys(title) for title, _ in given]
    known = dict.fromkeys(key for keys in titled for key in keys)
    for key in frequent((own_names(text) for _, text in given), _SHARED_BY):
        known.setdefault(key)
    numbers = {key: number for number, key in enumerate(known)}
    finder = Finder(numbers)
    kinds = [
        dict.fromkeys(finder.find(text), MENTIONED) | {numbers[key]: TITLED for key in keys}
        for (_, text), keys in zip(given, titled, strict=True)
    ]
    return _packed(tuple(known), kinds)


def _packed(names: tuple[Key, ...], kinds: Sequence[dict[int, int]]) -> Links:
    starts = np.cumsum([0, *(len(found) for found in kinds)], dtype=np.int64)
    pairs = [pair for found in kinds for pair in sorted(found.items())]
    flat = np.array(pairs, dtype=np.int64).reshape(len(pairs), 2)
    return Links(names, starts, flat[:, 0].copy(), flat[:, 1].astype(np.uint8))
