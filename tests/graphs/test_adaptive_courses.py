"""Thinking only where it pays: the courses that `adaptive` and `adaptive_vote` take."""

from ragreason.generation.scripted import Scripted
from ragreason.types import Question
from tests.graphs.courses import QUESTION, Course, told
from tests.waiting import Waiting

NEVER = "ask->recall.when.at_most=0"
BY_DOUBT = [
    "judge.weights={doubt: 4.0}",
    "judge.intercept=-2.0",
    "judge->END.when.at_most=0.5",
]


async def test_adaptive_vote_stops_when_four_runs_agree(course: Course) -> None:
    engine = Waiting(4, default="1874")
    run = await course.run("adaptive_vote", engine)
    assert (run.answer.text, engine.calls, engine.met) == ("1874", 4, True)
    assert run.answer.usage.retrievals == 4
    assert {request.temperature for request in engine.requests} == {0.8}
    assert len({request.seed for request in engine.requests}) == 4


async def test_adaptive_vote_goes_on_while_runs_differ(course: Course) -> None:
    engine = Scripted(["1492", "1874", "1874", "1874", "1874", "1874", "9"])
    run = await course.run("adaptive_vote", engine)
    assert (run.answer.text, engine.calls) == ("1874", 6), "4:1 could still end in a tie"


async def test_adaptive_vote_ends_at_its_bound(course: Course) -> None:
    engine = Scripted([f"answer {i}" for i in range(8)])
    run = await course.run("adaptive_vote", engine)
    assert engine.calls == 8
    assert run.answer.status == "ok"


async def test_adaptive_answers_what_is_easy_without_a_search(course: Course) -> None:
    engine = Scripted(["yes"])
    run = await course.run("adaptive", engine, "ask->recall.when.at_most=1")
    assert told(run) == ["ask", "recall"]
    assert (run.answer.text, run.answer.usage.retrievals, engine.calls) == ("yes", 0, 1)


async def test_adaptive_reads_once_where_its_answer_is_sure(course: Course) -> None:
    engine = Scripted(default="1874")
    run = await course.run("adaptive", engine, NEVER, *BY_DOUBT)
    assert told(run) == ["ask", "retrieve", f"? {QUESTION.text}", "compress", "read", "judge"]
    assert (run.answer.text, engine.calls) == ("1874", 1)
    (hard,) = [event for event in run.events if (event.kind, event.node) == ("difficulty", "judge")]
    assert "doubt 0.4000" in hard.text, "the scripted engine gives 0.6 to what stands in the prompt"


async def test_adaptive_takes_the_full_loop_where_its_answer_is_not(course: Course) -> None:
    engine = Scripted(["Zanzibar"], default="1874")
    run = await course.run("adaptive", engine, NEVER, *BY_DOUBT)
    words = told(run)
    assert words[4:8] == ["read", "judge", "loop", "start"]
    assert words.count(f"? {QUESTION.text}") == 2, "the inner graph searches for itself"
    assert run.answer.text == "1874"
    assert run.answer.usage.calls == engine.calls > 1


async def test_adaptive_takes_another_loop(course: Course) -> None:
    engine = Scripted(default="1874")
    always = [NEVER, "judge->END.when.at_most=0", "loop.graph=naive_rag"]
    run = await course.run("adaptive", engine, *always)
    assert (run.answer.text, engine.calls, run.answer.usage.retrievals) == ("1874", 2, 2)


async def test_adaptive_asked_in_chinese_takes_the_same_course(course: Course) -> None:
    question = Question(id="zh", text="萨洛桥的设计者是哪一年出生的？")
    run = await course.run("adaptive", Scripted(default="1874年"), question=question)
    assert told(run)[:2] == ["ask", "retrieve"]
    assert run.answer.text


async def test_a_budget_that_ends_after_the_first_answer_keeps_it(course: Course) -> None:
    always = [NEVER, "judge->END.when.at_most=0", "budget.calls=1"]
    run = await course.run("adaptive", Scripted(default="1874"), *always)
    assert run.answer.text == "1874"
