"""graph_walk and think_on_graph take their papers' courses: a scripted engine, real links."""

import asyncio
import json
from pathlib import Path

import pytest

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.generation.scripted import Scripted
from ragreason.retrieval.build import build_index
from ragreason.retrieval.open import open_retriever
from ragreason.types import Question
from tests.graphs.courses import QUESTION, Course, told

CHOICE = "linked pages"


async def test_graph_walk_ranks_what_the_named_passage_links_to_and_reads_once(
    course: Course,
) -> None:
    engine = Scripted(["1874"])
    run = await course.run("graph_walk", engine, "retrieve.k=2")
    assert told(run) == ["retrieve", f"? {QUESTION.text}", "answer"]
    (request,) = engine.requests
    shown = request.messages[0].content
    assert shown.index("[1] Sallow Bridge") < shown.index("[2] Edda Quill")
    assert "Harrowby is" not in shown
    assert (run.answer.text, run.answer.usage.retrievals) == ("1874", 1)


async def test_think_on_graph_goes_where_the_model_says_and_reads_what_lay_on_the_way(
    course: Course,
) -> None:
    engine = Scripted(rules=[(CHOICE, "Harrowby"), ("Answer the", "1874")])
    run = await course.run("think_on_graph", engine, "start.k=1", "walk.beam=1")
    hops = ["walk", "? Harrowby", "grade", "walk", "? Edda Quill"]
    start = ["start", f"? {QUESTION.text}", "grade"]
    assert told(run) == [*start, *hops, "forced", "answer"]
    choice, reading = [request.messages[0].content for request in engine.requests]
    assert "- Edda Quill\n- Harrowby" in choice, "the more alike first"
    assert "designed by" not in choice, "titles only"
    order = [reading.index(title) for title in ("[1] Sallow", "[2] Harrowby", "[3] Edda")]
    assert order == sorted(order)
    assert run.answer.forced_by == "loop bound of walk->grade"
    assert (run.answer.usage.calls, run.answer.usage.retrievals) == (2, 3)


@pytest.mark.parametrize("reply", ["", "Nowhere Hill", "</search>", "- \n- \n-", "the the the"])
async def test_whatever_the_model_says_think_on_graph_goes_to_the_neighbours_most_alike(
    course: Course, reply: str
) -> None:
    engine = Scripted(rules=[(CHOICE, reply), ("Answer the", "1874")])
    run = await course.run("think_on_graph", engine, "start.k=1", "walk.beam=1")
    assert told(run)[3:5] == ["walk", "? Edda Quill"]
    assert run.answer.text == "1874"


async def test_think_on_graph_stops_where_the_evidence_suffices(course: Course) -> None:
    engine = Scripted(["1874"])
    enough = "grade.verifier={use: relevance, enough: 0.0}"
    run = await course.run("think_on_graph", engine, enough)
    assert told(run) == ["start", f"? {QUESTION.text}", "grade", "answer"]
    assert (run.answer.status, engine.calls) == ("ok", 1)


async def test_think_on_graph_stops_where_no_link_leads_on(course: Course) -> None:
    engine = Scripted(default="1874")
    question = Question(id="q", text="Who ignores what the Trap says?")
    run = await course.run("think_on_graph", engine, "start.k=1", question=question)
    words = told(run)
    assert words == ["start", f"? {question.text}", "grade", "walk", "answer"]
    assert (run.answer.status, engine.calls) == ("ok", 1)


PAGES = [
    {"title": "夜航", "text": "《夜航》出版于1931年，由陈青写成，周远配图。"},
    {"title": "陈青", "text": "出生于北方小镇柳溪。"},
    {"title": "周远", "text": "一位画家。"},
    {"title": "柳溪", "text": "以茶叶闻名。"},
]


async def test_think_on_graph_walks_chinese_passages(tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    path.write_text("\n".join(json.dumps(page) for page in PAGES), encoding="utf-8")
    embedder = HashingEmbedder()
    await build_index([path], tmp_path / "index", embedder=embedder)
    retriever = open_retriever(tmp_path / "index", "bm25")
    course = await asyncio.to_thread(Course, retriever, tmp_path / "index")
    engine = Scripted(rules=[("链接页面", "陈青"), ("柳溪", "柳溪")])
    question = Question(id="q", text="《夜航》的作者出生于哪里？")
    run = await course.run("think_on_graph", engine, "start.k=1", "walk.beam=1", question=question)
    assert told(run)[:5] == ["start", f"? {question.text}", "grade", "walk", "? 陈青"]
    assert engine.requests[0].prefill == "接下来读的链接页面："
    assert run.answer.text == "柳溪"
