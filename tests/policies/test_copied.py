"""Steps that repeat the prompt's example are no steps."""

import pytest

from ragreason.generation.scripted import Scripted
from ragreason.policies.copied import unless_copied
from ragreason.policies.react import ReAct
from ragreason.policies.search_o1 import SearchO1
from ragreason.policies.search_tags import SearchTags
from ragreason.protocols import Policy
from ragreason.types import Hit, Passage, Question, Step, Trajectory

QUESTION = Question(id="q", text="Who directed the film shot in Leland?")
OTHER = Passage(id="p", title="Leland", text="A film was shot in Leland.")
QUILL = Passage(id="q", title="Edda Quill", text="She directed a film.")


def found(*passages: Passage) -> Trajectory:
    hits = tuple(Hit(passage=p, score=1.0, rank=1, source="test") for p in passages)
    steps = (Step(kind="search", text="", query="x", hits=hits), Step(kind="thought", text=" a"))
    return Trajectory(steps=steps)


def searched(query: str) -> Step:
    return Step(kind="search", text=f" Hm.\nSearch: {query}", query=query)


def test_a_search_for_the_example_s_names_is_left_to_the_answer_node() -> None:
    step = unless_copied(searched("Edda Quill"), QUESTION, found(OTHER), "react")
    assert (step.kind, step.query, step.answer) == ("answer", "", "")
    assert step.text == searched("Edda Quill").text, "what was written stays"


@pytest.mark.parametrize("query", ["Leland", "Hugo Larch", "Leland director", "year of shooting"])
def test_other_searches_stay(query: str) -> None:
    assert unless_copied(searched(query), QUESTION, found(OTHER), "react") == searched(query)


def test_what_question_or_passages_name_may_be_searched_for() -> None:
    step = searched("Edda Quill")
    assert unless_copied(step, QUESTION, found(OTHER, QUILL), "react") == step
    asked = Question(id="q", text="Who taught Edda Quill?")
    assert unless_copied(step, asked, found(OTHER), "react") == step


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        (ReAct(), " So.\nAnswer: Sallow Bridge"),
        (SearchO1(), " So.\nSearch: Edda Quill"),
        (SearchTags(example=True), " So. </think> <search>Edda Quill"),
    ],
)
async def test_policies_with_an_example_watch_for_it(policy: Policy, text: str) -> None:
    (step,) = await policy.propose(QUESTION, found(OTHER), 1, Scripted([text]), seed=0)
    assert (step.kind, step.query, step.answer) == ("answer", "", "")


async def test_without_an_example_there_is_nothing_to_copy() -> None:
    text = " So. </think> <search>Edda Quill"
    (step,) = await SearchTags().propose(QUESTION, found(OTHER), 1, Scripted([text]), seed=0)
    assert step.query == "Edda Quill"
