"""Chains of sub-queries and sub-answers, step by step."""

from ragreason.corpus.passages import passage
from ragreason.generation.scripted import Scripted
from ragreason.policies.corag import CoRAG
from ragreason.types import Hit, Question, Step, Trajectory

QUESTION = Question(id="q", text="When was the designer born?")
HIT = Hit(passage=passage("Edda Quill", "An architect </s>."), score=1.0, rank=1, source="bm25")
ASKED = Step(kind="search", text=" When was the designer born?", query=QUESTION.text, hits=(HIT,))
ANSWERED = Trajectory(steps=(ASKED, Step(kind="thought", text=" Edda Quill")))


async def propose(trajectory: Trajectory, reply: str, **fields: int | float | bool) -> Step:
    policy = CoRAG(**fields)  # type: ignore[arg-type]
    (step,) = await policy.propose(QUESTION, trajectory, 1, Scripted(default=reply), seed=1)
    return step


async def test_the_first_sub_query_is_the_question_or_the_model_s() -> None:
    step = await propose(Trajectory(), " Who is it?")
    assert (step.kind, step.query) == ("search", QUESTION.text)
    step = await propose(Trajectory(), " Who is it?", search_first=False)
    assert (step.kind, step.query, step.text) == ("search", "Who is it?", " Who is it?")


async def test_a_sub_answer_is_read_greedily_from_the_passages_alone() -> None:
    engine = Scripted([" Edda Quill.\nand more"])
    policy = CoRAG(temperature=0.7)
    (step,) = await policy.propose(QUESTION, Trajectory(steps=(ASKED,)), 1, engine, seed=1)
    assert (step.kind, step.text) == ("thought", " Edda Quill")
    (request,) = engine.requests
    assert request.temperature == 0
    assert "[1] Edda Quill: An architect ‹/s›." in request.messages[0].content
    assert "Intermediate" not in request.messages[0].content + request.prefill


async def test_a_sub_answer_is_not_read_from_the_passages_of_other_sub_queries() -> None:
    engine = Scripted([" 1874"])
    second = Step(
        kind="search", text=" When was Edda Quill born?", query="When was Edda Quill born?"
    )
    other = Hit(passage=passage("Harrowby", "A town."), score=1.0, rank=1, source="bm25")
    chain = ANSWERED.extended(second.model_copy(update={"hits": (other,)}))
    await CoRAG().propose(QUESTION, chain, 1, engine, seed=1)
    shown = engine.requests[0].messages[0].content
    assert "[1] Harrowby: A town." in shown
    assert "An architect" not in shown


async def test_silence_is_that_nothing_was_found() -> None:
    step = await propose(Trajectory(steps=(ASKED,)), "")
    assert step.text == " No relevant information found"


async def test_a_repeated_sub_query_becomes_the_question_with_the_answer() -> None:
    for reply in (" When was the DESIGNER born", "", " Edda Quill."):
        step = await propose(ANSWERED, reply)
        assert (step.kind, step.query) == ("search", f"{QUESTION.text} Edda Quill")
        assert step.text == f" {step.query}"


async def test_a_second_repeat_ends_the_chain_without_an_answer() -> None:
    again = Step(kind="search", text=" x", query=f"{QUESTION.text} Edda Quill")
    chain = ANSWERED.extended(again).extended(Step(kind="thought", text=" Edda Quill"))
    step = await propose(chain, " When was the designer born?")
    assert (step.kind, step.answer) == ("answer", "")


async def test_repeats_ask_for_what_the_question_describes_from_the_inside_out() -> None:
    question = Question(id="q", text="When was the designer of the Sallow Bridge born?")
    engine = Scripted(default=question.text)
    policy, chain, asked = CoRAG(search_first=False, max_queries=3), Trajectory(), []
    for answer in (" Edda Quill", " 1874", " 1874"):
        (step,) = await policy.propose(question, chain, 1, engine, seed=1)
        asked.append(step.query)
        chain = chain.extended(step).extended(Step(kind="thought", text=answer))
    described = ["What is the designer of the Sallow Bridge?", "When was Edda Quill born?"]
    assert asked == [*described, question.text]


async def test_a_sub_query_that_claims_the_answer_ends_the_chain() -> None:
    step = await propose(ANSWERED, " So the answer is: 1492")
    assert (step.kind, step.answer) == ("answer", "")


async def test_after_the_last_sub_query_the_chain_ends_without_a_call() -> None:
    engine = Scripted()
    (step,) = await CoRAG(max_queries=1).propose(QUESTION, ANSWERED, 1, engine, seed=1)
    assert (step.kind, step.answer, engine.calls) == ("answer", "", 0)
