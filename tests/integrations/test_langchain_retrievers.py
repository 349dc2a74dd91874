"""Retrievers of LangChain as ours, and ours as theirs."""

import asyncio

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import InMemoryVectorStore

from ragreason.errors import ConfigError
from ragreason.generation.scripted import Scripted
from ragreason.integrations.langchain_retrievers import (
    LangChainRetriever,
    document_of,
    langchain_retriever,
    passage_of,
)
from ragreason.protocols import Retriever
from ragreason.runner import open_runner
from ragreason.settings import Settings
from ragreason.text.passages import passage_id

QUERY = "the Sallow Bridge on the Morn"


class Plain(BaseRetriever):
    """Takes no arguments, and repeats itself."""

    def _get_relevant_documents(self, query: str, *, run_manager: object) -> list[Document]:
        quill = Document("Edda Quill, born in 1874.", metadata={"title": "Edda Quill", "n": [1]})
        bridge = Document("It crosses the Morn.", metadata={"source": "bridge.md", "year": 1901})
        return [quill, quill, bridge, Document(query)]


async def test_ours_is_a_retriever_of_langchain(retriever: Retriever) -> None:
    theirs = langchain_retriever(retriever, k=2)
    assert isinstance(theirs, BaseRetriever)
    documents = await theirs.ainvoke(QUERY)
    (hits,) = await retriever.retrieve([QUERY], 2)
    assert [d.id for d in documents] == [hit.passage.id for hit in hits]
    assert documents[0].page_content == hits[0].passage.text
    assert documents[0].metadata["title"] == "Sallow Bridge"
    assert documents[0].metadata["rank"] == 1
    assert await asyncio.to_thread(theirs.invoke, QUERY) == documents
    assert theirs.invoke(QUERY) == documents, "inside a running loop too"
    assert len(await theirs.ainvoke(QUERY, k=1)) == 1
    assert await (theirs | len).ainvoke(QUERY) == 2


async def test_filters_go_through(retriever: Retriever) -> None:
    theirs = langchain_retriever(retriever, where={"nothing": 1})
    assert await theirs.ainvoke(QUERY) == []


async def test_theirs_is_a_retriever_of_ours() -> None:
    ours = LangChainRetriever(Plain(), name="plain")
    assert isinstance(ours, Retriever)
    (hits, none) = await ours.retrieve([QUERY, "?!"], 2)
    assert [(hit.passage.title, hit.rank, hit.score) for hit in hits] == [
        ("Edda Quill", 1, 1.0),
        ("", 2, 0.5),
    ]
    assert hits[0].passage.id == passage_id("Edda Quill", "Edda Quill, born in 1874.")
    assert hits[1].passage.document == "bridge.md"
    assert hits[1].passage.metadata == {"year": 1901}
    assert {hit.source for hit in hits} == {"plain"}
    assert none == []
    assert len((await ours.retrieve([QUERY], 9))[0]) == 3
    with pytest.raises(ConfigError, match="expected 1 or more"):
        await ours.retrieve([QUERY], 0)
    with pytest.raises(ConfigError, match="can't filter"):
        await ours.retrieve([QUERY], 1, {"year": 1901})


async def test_a_vector_store_is_asked_for_as_many_as_are_wanted() -> None:
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=8))
    await store.aadd_documents([Document(f"text {n}") for n in range(20)])
    ours = LangChainRetriever(store.as_retriever())
    assert len((await ours.retrieve(["text"], 12))[0]) == 12


async def test_there_and_back_again_passages_are_what_they_were(retriever: Retriever) -> None:
    (hits,) = await retriever.retrieve([QUERY], 3)
    for hit in hits:
        assert passage_of(document_of(hit)) == hit.passage
    (again,) = await LangChainRetriever(langchain_retriever(retriever)).retrieve([QUERY], 3)
    assert [hit.passage for hit in again] == [hit.passage for hit in hits]


async def test_a_graph_answers_from_a_retriever_of_langchain() -> None:
    async with open_runner(
        "naive_rag",
        model=Scripted(default="1874"),
        index=LangChainRetriever(Plain()),
        settings=Settings(embedder="hashing"),
    ) as runner:
        answer = (await runner.answer("When was Edda Quill born?")).answer
    assert (answer.text, answer.citations[0].title) == ("1874", "Edda Quill")
