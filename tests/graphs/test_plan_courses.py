"""Graphs of plans and sub-questions take their papers' courses."""

from ragreason.generation.scripted import Scripted
from tests.graphs.courses import QUESTION, Course, told

PLAN = "Who designed the Sallow Bridge?\n2. When was #1 born?"
DESIGNER = ("Question: Who designed", "Edda Quill")
BORN = ("Question: When was Edda Quill born?", "1874")
LAST = ("Answer the question with a short", "in 1874")


def read(engine: Scripted, question: str) -> str:
    """The prompt by which this question was read."""
    prompts = [request.messages[0].content for request in engine.requests]
    (found,) = [prompt for prompt in prompts if prompt.endswith(f"Question: {question}")]
    return found


async def test_plan_fills_each_answer_into_the_question_that_waits_for_it(course: Course) -> None:
    engine = Scripted(rules=[("Now break", PLAN), DESIGNER, BORN, LAST])
    run = await course.run("plan", engine)
    words = told(run)
    assert words[:4] == ["retrieve", f"? {QUESTION.text}", "plan", "ready"]
    assert words.index("? Who designed the Sallow Bridge?") < words.index(
        "? When was Edda Quill born?"
    )
    assert words[-4:] == ["again", f"? {QUESTION.text} Edda Quill 1874", "pool", "answer"]
    last = read(engine, QUESTION.text)
    assert "Who designed the Sallow Bridge?: Edda Quill\nWhen was Edda Quill born?: 1874" in last
    assert (run.answer.text, run.answer.status, engine.calls) == ("in 1874", "ok", 4)


async def test_plan_asks_what_waits_for_nothing_side_by_side(course: Course) -> None:
    plan = "When was Edda Quill born?\n2. Where is Harrowby?\n3. Was #1 before #2?"
    rules = [("Now break", plan), BORN, ("Where is", "Morn"), ("Question: Was", "yes"), LAST]
    question = QUESTION.model_copy(update={"text": "Was Edda Quill or Harrowby born before?"})
    engine = Scripted(rules=rules, latency_s=0.01)
    run = await course.run("plan", engine, question=question)
    assert engine.peak == 2
    assert told(run).count("ready") == 3
    assert "? Was 1874 before Morn?" in told(run)


async def test_a_plan_whose_parts_wait_for_each_other_is_run_as_it_is(course: Course) -> None:
    circle = "Who designed the Sallow Bridge in #2?\n2. When was the designer #1 born?"
    engine = Scripted(rules=[("Now break", circle)], default="1874")
    run = await course.run("plan", engine)
    words = told(run)
    assert "? Who designed the Sallow Bridge in?" in words
    assert "? When was the designer born?" in words
    assert (run.answer.status, engine.calls) == ("ok", 4)


async def test_without_a_plan_the_question_s_own_description_is_asked_first(
    course: Course,
) -> None:
    engine = Scripted(rules=[("Now break", QUESTION.text), ("Question: What", "Edda Quill"), LAST])
    run = await course.run("plan", engine)
    words = told(run)
    assert "? What is the designer of the Sallow Bridge?" in words
    assert "? When was the designer of the Sallow Bridge born (Edda Quill)?" in words
    assert run.answer.text == "in 1874"


async def test_least_to_most_asks_in_order_and_shows_the_answers_before(course: Course) -> None:
    plan = "Who designed the Sallow Bridge?\n2. When was #1 born?\n3. Where is the Sallow Bridge?"
    rules = [("Now break", plan), DESIGNER, BORN, ("Question: Where", "on the Morn"), LAST]
    engine = Scripted(rules=rules, latency_s=0.01)
    run = await course.run("least_to_most", engine)
    assert engine.peak == 1
    assert told(run).count("next") == 4
    earlier = "Who designed the Sallow Bridge?: Edda Quill\nWhen was Edda Quill born?: 1874"
    assert earlier in read(engine, "Where is the Sallow Bridge?")
    assert f"{earlier}\nWhere is the Sallow Bridge?: on the Morn" in read(engine, QUESTION.text)
    assert (run.answer.text, run.answer.status, engine.calls) == ("in 1874", "ok", 5)
