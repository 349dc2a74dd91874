"""Graphs that put better queries: each takes its paper's course with a scripted engine."""

from ragreason.generation.scripted import Scripted
from ragreason.types import Question, Turn
from tests.graphs.courses import QUESTION, Course, told


async def test_hyde_searches_with_the_question_and_passages_that_it_makes_up(
    course: Course,
) -> None:
    passages = ["Edda Quill was an architect.", "The architect was born in Harrowby."]
    rules = [("encyclopedia passage", passages), ("[1] ", "1874")]
    run = await course.run("hyde", Scripted(rules=rules))
    words = told(run)
    assert words[:3] == ["hypothesize", "retrieve", f"? {QUESTION.text}"]
    assert set(words[3:-1]) <= {f"? {passage}" for passage in passages}
    assert words[3:-1]
    assert (words[-1], run.answer.text, run.answer.usage.calls) == ("answer", "1874", 3)


async def test_hyde_never_reads_what_it_made_up(course: Course) -> None:
    engine = Scripted(rules=[("encyclopedia passage", "Zanzibar, 1492."), ("[1] ", "1874")])
    run = await course.run("hyde", engine)
    assert "Zanzibar" not in engine.requests[-1].messages[0].content
    assert {event.hits[0].source for event in run.events if event.kind == "search"} == {"dense"}


async def test_step_back_searches_for_the_more_general_question_too(course: Course) -> None:
    general = "What is the history of the Sallow Bridge?"
    run = await course.run("step_back", Scripted(["the Sallow Bridge?", "1874"]))
    assert told(run) == ["step_back", "retrieve", f"? {QUESTION.text}", f"? {general}", "answer"]
    assert (run.answer.text, run.answer.usage.retrievals) == ("1874", 2)


async def test_multi_query_fuses_the_rankings_of_several_wordings(course: Course) -> None:
    others = ["Sallow Bridge designer", "Sallow designer born", "birth at the Bridge"]
    run = await course.run("multi_query", Scripted(["\n".join(others), "1874"]))
    searches = [f"? {query}" for query in (QUESTION.text, *others)]
    assert told(run) == ["paraphrase", "retrieve", *searches, "answer"]
    assert run.answer.usage.calls == 2


async def test_multi_hop_searches_again_with_the_names_that_the_first_passages_bring(
    course: Course,
) -> None:
    run = await course.run("multi_hop", Scripted(["1874"]))
    searches = [word for word in told(run) if word.startswith("? ")]
    assert searches[0] == f"? {QUESTION.text}"
    assert "? When was the designer of the born? Morn Edda Quill" in searches[1:]
    assert len(searches) == 3
    assert (run.answer.text, run.answer.usage.calls, run.answer.usage.retrievals) == ("1874", 1, 3)


TURN = Turn(question="Who designed the Sallow Bridge?", answer="Edda Quill")


async def test_follow_up_searches_for_and_answers_the_question_that_stands_alone(
    course: Course,
) -> None:
    asked = Question(id="q", text="When was she born?", history=(TURN,))
    engine = Scripted(["When was Edda Quill born?", "1874"])
    run = await course.run("follow_up", engine, question=asked)
    assert told(run) == ["stand_alone", "retrieve", "? When was Edda Quill born?", "answer"]
    assert "Answer: Edda Quill" in engine.requests[0].messages[0].content
    assert "Question: When was Edda Quill born?" in engine.requests[1].messages[0].content
    assert run.question == asked
    assert run.answer.text == "1874"


async def test_follow_up_without_a_conversation_asks_the_model_once(course: Course) -> None:
    run = await course.run("follow_up", Scripted(["1874"]))
    assert told(run) == ["stand_alone", "retrieve", f"? {QUESTION.text}", "answer"]
    assert run.answer.usage.calls == 1
