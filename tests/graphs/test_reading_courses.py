"""Graphs that read and weigh evidence take their papers' courses."""

import asyncio
import dataclasses
from collections.abc import Callable

import pytest

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.generation.scripted import Scripted
from ragreason.graph.load import load_graph
from ragreason.retrieval.build import build_index
from ragreason.retrieval.open import open_retriever
from ragreason.runner import Run, Runner
from ragreason.types import Question, Request
from tests.graphs.courses import QUESTION, Course, told

BUILT = Question(id="b", text="When was the Sallow Bridge built?")
GUIDES = {
    "Bridges of the Morn": "The Sallow Bridge was built in 1874. It has four arches.",
    "Morn Guide": "The Sallow Bridge was built in 1874 and is open to walkers.",
    "Parish Book": "The Sallow Bridge was built in 1871. The vicar opened it.",
}


@pytest.fixture(scope="module")
def guides(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Three documents, one of which disagrees with the others."""
    folder, index = tmp_path_factory.mktemp("guides"), tmp_path_factory.mktemp("index") / "index"
    for title, text in GUIDES.items():
        (folder / f"{title}.md").write_text(f"# {title}\n\n{text}\n", encoding="utf-8")
    asyncio.run(build_index([folder], index, embedder=HashingEmbedder()))
    return Course(open_retriever(index, kind="bm25"), index)


def prompts(engine: Scripted) -> list[str]:
    return [request.messages[0].content for request in engine.requests]


async def test_compress_reads_only_the_sentences_that_are_evidence(guides: Course) -> None:
    engine = Scripted(["1874"])
    run = await guides.run("compress", engine, "compress.sentences=2", question=BUILT)
    assert told(run) == ["retrieve", f"? {BUILT.text}", "compress", "answer"]
    (prompt,) = prompts(engine)
    assert prompt.count("The Sallow Bridge was built in") == 2
    assert "[3]" not in prompt
    assert "arches" not in prompt
    assert "vicar" not in prompt
    assert len(run.answer.retrieved) == 3


async def test_chain_of_note_answers_from_notes_and_drops_what_is_irrelevant(
    guides: Course,
) -> None:
    notes = {
        "Bridges of the Morn": " say: the bridge was built in 1874.",
        "Morn Guide": " is irrelevant.",
        "Parish Book": " says: built in 1871.",
    }
    engine = Scripted(
        rules=[("Write one sentence", of_passage(notes))], default="1874", latency_s=0.01
    )
    run = await guides.run("chain_of_note", engine, "note.keep_least=0", question=BUILT)
    assert told(run) == ["retrieve", f"? {BUILT.text}", "note", "answer"]
    *_, final = prompts(engine)
    assert (engine.calls, engine.peak) == (4, 3)
    assert "Bridges of the Morn: Bridges of the Morn say: the bridge was built in 1874.\n" in final
    assert "Parish Book: Parish Book says: built in 1871.\n" in final
    assert "Morn Guide" not in final
    assert run.answer.text == "1874"
    assert "Morn Guide" not in {citation.title for citation in run.answer.citations}


async def test_chain_of_note_reads_passages_whose_notes_are_of_no_use(course: Course) -> None:
    engine = Scripted(
        rules=[("Write one sentence", " is of Zanzibar and Lord Tumbrel.")], default="1874"
    )
    await course.run("chain_of_note", engine)
    assert "Edda Quill, an architect, was born in Harrowby in 1874." in prompts(engine)[-1]
    assert "Zanzibar" not in prompts(engine)[-1]


def of_passage(replies: dict[str, str]) -> Callable[[Request], str]:
    """A reply by the title of the prompt's first passage."""
    return lambda request: replies[request.messages[0].content.split("[1] ")[1].split(":")[0]]


def as_the_passages_say(together: str) -> Scripted:
    """Each guide alone gives its own year, all of them `together` another one."""
    alone = {"Bridges of the Morn": "1874", "Morn Guide": "in 1874", "Parish Book": "1871"}
    return Scripted(rules=[("[2]", together)], default=of_passage(alone), latency_s=0.01)


async def test_conflict_shows_what_other_evidence_says(guides: Course) -> None:
    engine = as_the_passages_say(together="1874")
    run = await guides.run("conflict", engine, question=BUILT)
    assert told(run) == ["retrieve", f"? {BUILT.text}", "answer", "conflict"]
    assert (engine.calls, engine.peak) == (4, 3)
    answer = run.answer
    assert answer.text == "1874"
    (other,) = answer.alternatives
    assert (other.text, other.documents) == ("1871", 1)
    assert 0 < other.weight < 0.5
    (number,) = other.citations
    assert answer.citations[number - 1].title == "Parish Book"
    assert answer.citations[number - 1].quote == "The Sallow Bridge was built in 1871."
    assert answer.cited.endswith(f"(other evidence says: 1871 [{number}])")
    assert [citation.number for citation in answer.citations] == [1, 2, 3][: len(answer.citations)]


async def test_conflict_goes_by_the_better_supported_answer(guides: Course) -> None:
    run = await guides.run("conflict", as_the_passages_say(together="1871"), question=BUILT)
    assert run.answer.text == "1874"
    assert run.answer.citations[0].title in {"Bridges of the Morn", "Morn Guide"}
    assert [other.text for other in run.answer.alternatives] == ["1871"]


async def test_conflict_shows_nothing_where_the_evidence_agrees(guides: Course) -> None:
    run = await guides.run("conflict", Scripted(default="four arches"), question=BUILT)
    assert run.answer.alternatives == ()
    assert "other evidence" not in run.answer.cited


async def test_self_rag_takes_the_segment_that_its_passage_supports(guides: Course) -> None:
    engine = as_the_passages_say(together="unused")
    run = await guides.run("self_rag", engine, question=BUILT)
    assert told(run) == ["retrieve", f"? {BUILT.text}", "critique", "answer"]
    assert (engine.calls, engine.peak) == (3, 3)
    (verdict,) = [event.verdict for event in run.events if event.verdict is not None]
    assert verdict.label == "sufficient"
    assert verdict.reason.startswith("relevance")


async def test_self_rag_searches_again_and_then_reads_everything(course: Course) -> None:
    engine = Scripted(default="Zanzibar")
    run = await course.run("self_rag", engine, "retrieve.k=1", "again.k=2")
    words = told(run)
    assert words[:4] == ["retrieve", f"? {QUESTION.text}", "critique", "again"]
    assert words[4].startswith(f"? {QUESTION.text} Sallow Bridge The Sallow Bridge crosses")
    assert words[5:] == ["second", "read"]
    *alone, together = prompts(engine)
    assert len(alone) == len(set(alone)), "no passage is read alone twice"
    assert "[2]" in together
    assert (run.answer.text, run.answer.status) == ("Zanzibar", "ok")


async def cascade(course: Course, small: Scripted, large: Scripted) -> Run:
    parts = course.parts(small)
    given = dataclasses.replace(parts, engines={"small": small, "large": large, "main": small})
    return await Runner(load_graph("cascade", parts=given), {}).answer(QUESTION, seed=1)


async def test_cascade_leaves_the_large_model_alone_where_the_small_one_is_trusted(
    course: Course,
) -> None:
    small, large = Scripted(["1874"]), Scripted(["1492"], model="large")
    run = await cascade(course, small, large)
    assert told(run) == ["retrieve", f"? {QUESTION.text}", "small", "check"]
    assert (run.answer.text, small.calls, large.calls) == ("1874", 1, 0)


@pytest.mark.parametrize("doubtful", ["", "Zanzibar", "1492"])
async def test_cascade_asks_the_large_model_where_the_small_one_is_not(
    course: Course, doubtful: str
) -> None:
    small, large = Scripted([doubtful]), Scripted(["1874"], model="large")
    run = await cascade(course, small, large)
    words = told(run)
    assert words[-4:] == ["more", f"? {QUESTION.text}", "compress", "large"]
    assert (run.answer.text, small.calls, large.calls) == ("1874", 1, 1)
    assert run.answer.status == "ok"


async def test_cascade_with_one_model_reads_something_else_the_second_time(course: Course) -> None:
    engine = Scripted(["Zanzibar", "1874"])
    run = await course.run("cascade", engine, "retrieve.k=1")
    first, second = prompts(engine)
    assert first != second
    assert "Edda Quill, an architect" in second
    assert run.answer.text == "1874"


async def test_abstain_does_not_read_what_says_nothing_of_the_question(course: Course) -> None:
    engine = Scripted(default="1874")
    asked = Question(id="z", text="Which volcano near Harrowby did Tumbrel Vask climb?")
    run = await course.run("abstain", engine, question=asked)
    assert told(run)[2:] == ["grade", "abstain"]
    assert engine.calls == 0
    assert run.answer.abstained
    assert any("Tumbrel Vask" in part for part in run.answer.missing)


async def test_corrective_reads_only_relevant_sentences(course: Course) -> None:
    engine = Scripted(rules=[("Write one short", "Edda Quill born"), ("Answer the", "1874")])
    await course.run("corrective", engine, "refine.sentences=2")
    assert "cattle fair" not in prompts(engine)[-1]
