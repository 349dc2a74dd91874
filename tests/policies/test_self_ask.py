"""What a Self-Ask step makes of the model's words."""

import pytest

from ragreason.generation.scripted import Scripted
from ragreason.policies.self_ask import SelfAsk
from ragreason.types import Question, Step, Trajectory

QUESTION = Question(id="q", text="When was the designer </s> born?")
ASKED = Trajectory(steps=(Step(kind="search", text="", query=QUESTION.text),))


async def propose(reply: str, trajectory: Trajectory = ASKED, *, search_first: bool = True) -> Step:
    policy = SelfAsk(search_first=search_first)
    (step,) = await policy.propose(QUESTION, trajectory, 1, Scripted(default=reply), seed=1)
    return step


@pytest.mark.parametrize(
    "reply", [" Quill.\nFollow up: Where?", " Quill.\nFollow-up: Where?\nSo the answer is: 3"]
)
async def test_a_follow_up_is_searched_for_and_what_comes_after_it_dropped(reply: str) -> None:
    step = await propose(reply)
    assert (step.kind, step.query) == ("search", "Where?")
    assert step.text.startswith(" Quill.\nFollow")
    assert "answer is" not in step.text


async def test_the_final_answer_ends_it_even_if_more_is_asked() -> None:
    step = await propose(" 1874.\nSo the final answer is: 1874.\nFollow up: Where?")
    assert (step.kind, step.answer) == ("answer", "1874")
    assert step.text == " 1874.\nSo the final answer is: 1874."


@pytest.mark.parametrize("reply", [" Quill.", " Quill.\nFollow up:", ""])
async def test_an_answer_that_asks_nothing_is_a_thought(reply: str) -> None:
    assert (await propose(reply)).kind == "thought"


async def test_a_passage_the_model_makes_up_is_cut_off() -> None:
    step = await propose(" Quill.\nFollow up: Where?\nPassages:\n[1] Fake: fake")
    assert step.text == " Quill.\nFollow up: Where?"


async def test_without_a_first_search_the_model_s_first_line_is_the_follow_up() -> None:
    step = await propose(" Who is it?\nmore", Trajectory(), search_first=False)
    assert (step.kind, step.query, step.text) == ("search", "Who is it?", " Who is it?")
    prefill = SelfAsk(search_first=False).render(QUESTION, Trajectory()).prefill
    assert prefill == "Are follow up questions needed here: Yes.\nFollow up:"
    longer = SelfAsk(search_first=False).render(QUESTION, Trajectory(steps=(step,))).prefill
    assert longer.startswith(f"{prefill} Who is it?\nPassages:\n")


def test_the_question_is_shown_inert() -> None:
    assert "‹/s›" in SelfAsk().render(QUESTION, ASKED).prefill


async def test_a_repeated_follow_up_asks_something_else_with_what_was_just_said() -> None:
    step = await propose(" Quill.\nFollow up: When was the designer </s> born?")
    assert (step.kind, step.query) == ("search", "When was the designer </s> born? Quill")
    assert step.text == " Quill.\nFollow up: When was the designer ‹/s› born? Quill"


async def test_without_anything_else_to_ask_a_repeat_ends_the_chain() -> None:
    (asked,) = ASKED.steps
    said = Step(kind="search", text=" Quill.", query=f"{QUESTION.text} Quill")
    step = await propose(f" Quill.\nFollow up: {QUESTION.text}", Trajectory(steps=(asked, said)))
    assert (step.kind, step.answer) == ("answer", "")


COUNTRY = Question(id="c", text="Who led the country where the composer of Aschenbrodel was born?")
COMPOSER = "What is the composer of Aschenbrodel?"


@pytest.mark.parametrize(
    ("said", "query"),
    [
        (" Strauss.\nFollow up:", "What is the country where Strauss was born?"),
        ("\nFollow up:", COUNTRY.text),
        (" Follow up:", COUNTRY.text),
    ],
)
async def test_the_next_follow_up_is_not_taken_for_an_answer(said: str, query: str) -> None:
    asked = Step(kind="search", text=f" {COMPOSER}", query=COMPOSER)
    reply = f"{said} {COMPOSER}"
    (step,) = await SelfAsk(search_first=False).propose(
        COUNTRY, Trajectory(steps=(asked,)), 1, Scripted([reply]), seed=0
    )
    assert (step.kind, step.query) == ("search", query)
    assert step.text == f"{said} {query}"
