"""Graphs of plans and sub-questions take their papers' courses."""

from ragreason.generation.scripted import Scripted, When
from tests.graphs.courses import QUESTION, Course, told
from tests.waiting import Waiting

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
    parts = ("Question: When was Edda Quill born?", "Question: Where is")
    engine = Waiting(2, counts=lambda text: any(part in text for part in parts), rules=rules)
    run = await course.run("plan", engine, question=question)
    assert engine.met
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
    assert "? When was Edda Quill born?" in words
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


WHO = "Who designed the Sallow Bridge?"
FIRST = " Edda Quill.\nFollow up: When was Edda Quill born?"
SECOND = " 1874.\nSo the final answer is: 1874"


async def test_self_ask_reads_each_follow_up_s_passages_in_one_growing_prompt(
    course: Course,
) -> None:
    rules: list[tuple[When, str]] = [
        ("Answer the question with a short", "1874"),
        (lambda r: r.prefill.endswith("Follow up:"), f" {WHO}"),
        (lambda r: "\nFollow up: When" in r.prefill.partition("[1]")[2], SECOND),
        ("Intermediate answer:", FIRST),
    ]
    engine = Scripted(rules=rules)
    run = await course.run("self_ask", engine)
    searches = [f"search {WHO}", "search When was Edda Quill born?", "answer 1874"]
    assert told(run) == ["ask", *searches, "pool", "answer"]
    _, first, second, _ = engine.requests
    assert first.prefill.startswith(
        f"Are follow up questions needed here: Yes.\nFollow up: {WHO}\nPassages:\n[1]"
    )
    assert second.prefill.startswith(f"{first.prefill}{FIRST}\nPassages:\n")
    assert (run.answer.text, run.answer.status, engine.calls) == ("1874", "ok", 4)


CHAIN: list[tuple[When, str]] = [
    (lambda r: r.prefill == "Intermediate query 1:", f" {WHO}"),
    ("Intermediate query 2:", " When was Edda Quill born?"),
    ("Question: When was Edda Quill born?", "1874"),
    ("born?: 1874", "in 1874"),
    (f"Question: {WHO}", "Edda Quill"),
]


async def test_corag_reads_each_sub_query_from_its_own_passages(course: Course) -> None:
    engine = Scripted(rules=CHAIN)
    run = await course.run("corag", engine, "chain.k=1")
    assert told(run) == [
        *("chain", f"search {WHO}", "thought"),
        *("search When was Edda Quill born?", "thought", "answer", "notes", "pool", "answer"),
    ]
    chain = engine.requests[2]
    assert chain.prefill == (
        f"Intermediate query 1: {WHO}\nIntermediate answer 1: Edda Quill\nIntermediate query 2:"
    )
    assert "an architect" in read(engine, "When was Edda Quill born?")
    assert "crosses the Morn" not in read(engine, "When was Edda Quill born?")
    assert (run.answer.text, run.answer.status, engine.calls) == ("in 1874", "ok", 5)


async def test_corag_best_of_n_takes_the_chain_that_leaves_nothing_found_least_likely(
    course: Course,
) -> None:
    queries = [" Where is the cattle fair?", " When was Edda Quill born?"]
    rules = [
        ("Intermediate query 2:", queries),
        ("Question: Where is the cattle fair?", "No relevant information found"),
        *CHAIN[:1],
        *CHAIN[2:],
    ]
    engine = Scripted(rules=rules)
    run = await course.run("corag_best_of_n", engine)
    sampled = [request for request in engine.requests if request.temperature == 0.7]
    assert [request.n for request in sampled] == [3, 3]
    verdicts = [event.verdict.score for event in run.events if event.verdict is not None]
    assert len(verdicts) == 3
    assert len(set(verdicts)) == 2
    last = engine.requests[-1].messages[0].content
    assert "When was Edda Quill born?: 1874" in last
    assert "cattle fair?:" not in last
    assert run.answer.text == "in 1874"


async def test_corag_tree_rolls_sampled_states_out_and_answers_from_the_best(
    course: Course,
) -> None:
    queries = [" Where is the cattle fair?", " When was Edda Quill born?"]
    rules = [
        ("Intermediate query 2:", queries),
        ("Question: Where is the cattle fair?", "No relevant information found"),
        *CHAIN[:1],
        *CHAIN[2:],
    ]
    run = await course.run("corag_tree", Scripted(rules=rules))
    words = told(run)
    assert "search Where is the cattle fair?" in words
    assert "search When was Edda Quill born?" in words
    ends = [event.verdict for event in run.events if event.outcome]
    assert 2 <= len(ends) <= 5
    assert run.answer.text == "in 1874"
