"""Searches that are made at the same time become one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ragreason.concurrency import Coalescer, all_or_none
from ragreason.embedding.coalesce import BATCH
from ragreason.protocols import Retriever, Where
from ragreason.retrieval.hits import check_k
from ragreason.types import Hit, Scalar


@dataclass(frozen=True)
class _Asked:
    queries: tuple[str, ...]
    k: int
    where: Where | None
    together: tuple[int, str]
    """Searches in which this is equal go into one call."""


class CoalescingRetriever:
    """A retriever whose concurrent searches go together, at most `batch` queries in one call.

    Searches with another `k` or filter are calls of their own, made at the same time. First in,
    first out; nobody waits while nothing runs; a call with more queries than `batch` goes alone,
    whole. Hits are those of the retriever alone: it must not look from one query at another.
    """

    def __init__(self, retriever: Retriever, batch: Annotated[int, Field(ge=1)] = BATCH) -> None:
        self.name = retriever.name
        self._retriever = retriever
        self._calls = Coalescer(self._retrieve, batch)

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        """As the retriever. What a query raises alone, its callers get; their neighbours do not."""
        check_k(k)
        where = _as_it_is_now(where)
        together = k, json.dumps(where, sort_keys=True, ensure_ascii=False, default=repr)
        return await self._calls.submit(_Asked(tuple(queries), k, where, together), len(queries))

    async def _retrieve(self, asked: list[_Asked]) -> list[list[list[Hit]]]:
        groups: dict[tuple[int, str], list[int]] = {}
        for place, one in enumerate(asked):
            groups.setdefault(one.together, []).append(place)
        results: list[list[list[Hit]]] = [[] for _ in asked]
        parts = [[asked[place] for place in places] for places in groups.values()]
        found = await all_or_none(self._retrieve_alike(part) for part in parts)
        for places, hits in zip(groups.values(), found, strict=True):
            for place, own in zip(places, hits, strict=True):
                results[place] = own
        return results

    async def _retrieve_alike(self, asked: list[_Asked]) -> list[list[list[Hit]]]:
        queries = [query for one in asked for query in one.queries]
        hits = await self._retriever.retrieve(queries, asked[0].k, asked[0].where)
        if len(hits) != len(queries):
            raise ValueError(f"{self.name} gave {len(hits)} lists for {len(queries)} queries")
        rest = iter(hits)
        return [[next(rest) for _ in one.queries] for one in asked]


def _as_it_is_now(where: Where | None) -> Mapping[str, Scalar | tuple[Scalar, ...]] | None:
    """A copy: the caller may change its own while the search waits."""
    return {
        key: value if isinstance(value, str | int | float | bool) else tuple(value)
        for key, value in (where or {}).items()
    } or None
