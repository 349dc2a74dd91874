"""Retrievers of LangChain as ours, and ours as LangChain's."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from ragreason.errors import ConfigError
from ragreason.graph.door import Door
from ragreason.protocols import Retriever, Where
from ragreason.text.passages import passage_id
from ragreason.types import Hit, Passage

if TYPE_CHECKING:
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

_OWN = ("title", "document", "page", "start", "end", "score", "rank", "source")


def langchain_retriever(
    retriever: Retriever, k: int = 4, *, where: Where | None = None
) -> "BaseRetriever":
    """The retriever as a `BaseRetriever` of LangChain, synchronous and not.

    A document's `id` is the passage's; its metadata are the passage's own and, before those,
    `title`, `document`, `page`, `start`, `end`, `score`, `rank` and `source`. `invoke(query, k=8)`
    asks for another number.
    """
    made: BaseRetriever = _retriever_class()(retriever=retriever, k=k, where=where, door=Door())
    return made


@dataclass(frozen=True)
class LangChainRetriever:
    """A `BaseRetriever` of LangChain as a retriever.

    `k` is passed on as the argument `k_argument`, which LangChain leaves out for retrievers that
    take no arguments; of more documents than asked for, the first are taken. Scores are 1 / rank,
    as LangChain's documents have none. A passage's title is the document's `title`, its document
    `document` or `source`. It can't filter: ConfigError where `where` is given.
    """

    retriever: "BaseRetriever"
    name: str = "langchain"
    k_argument: str = "k"

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        """At most `k` hits a query, best first. Raises ConfigError."""
        if k < 1:
            raise ConfigError(f"k is {k}; expected 1 or more")
        if where:
            raise ConfigError(f"the retriever '{self.name}' can't filter; leave `where` out")
        return list(await asyncio.gather(*(self._found(query, k) for query in queries)))

    async def _found(self, query: str, k: int) -> list[Hit]:
        if not any(letter.isalnum() for letter in query):
            return []
        arguments: dict[str, Any] = {self.k_argument: k}
        documents = await self.retriever.ainvoke(query, **arguments)
        passages = {found.id: found for found in map(passage_of, documents)}
        return [
            Hit(passage=passage, score=1 / rank, rank=rank, source=self.name, query=query)
            for rank, passage in enumerate(list(passages.values())[:k], start=1)
        ]


def passage_of(document: "Document") -> Passage:
    """A document of LangChain as a passage. Its id is made of title and text, as everywhere."""
    metadata: Mapping[str, Any] = document.metadata
    title = str(metadata.get("title") or "")
    start = metadata.get("start")
    start = start if isinstance(start, int) else 0
    page = metadata.get("page")
    return Passage(
        id=passage_id(title, document.page_content),
        title=title,
        text=document.page_content,
        document=str(metadata.get("document") or metadata.get("source") or ""),
        page=page if isinstance(page, int) else None,
        start=start,
        end=start + len(document.page_content),
        metadata={
            key: value
            for key, value in metadata.items()
            if key not in _OWN and isinstance(value, str | int | float | bool)
        },
    )


def document_of(hit: Hit) -> "Document":
    """A hit as a document of LangChain."""
    from langchain_core.documents import Document

    passage = hit.passage
    own = {
        "title": passage.title,
        "document": passage.document,
        "page": passage.page,
        "start": passage.start,
        "end": passage.end,
        "score": hit.score,
        "rank": hit.rank,
        "source": hit.source,
    }
    return Document(id=passage.id, page_content=passage.text, metadata={**passage.metadata, **own})


@cache
def _retriever_class() -> Any:
    from langchain_core.retrievers import BaseRetriever

    class RagreasonRetriever(BaseRetriever):
        """See `langchain_retriever`."""

        retriever: Any
        k: int
        where: Any
        door: Any

        async def _aget_relevant_documents(
            self,
            query: str,
            *,
            run_manager: Any,  # noqa: ARG002 - LangChain gives it by name
            k: int | None = None,
        ) -> list["Document"]:
            (hits,) = await self.retriever.retrieve([query], k or self.k, self.where)
            return [document_of(hit) for hit in hits]

        def _get_relevant_documents(
            self, query: str, *, run_manager: Any, k: int | None = None
        ) -> list["Document"]:
            found: list[Document] = self.door.run(
                self._aget_relevant_documents(query, run_manager=run_manager, k=k)
            )
            return found

    return RagreasonRetriever
