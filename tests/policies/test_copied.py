"""Steps that repeat the prompt's example are no steps."""

import pytest

from ragreason.generation.scripted import Scripted
from ragreason.policies.copied import copies, unless_copied
from ragreason.policies.react import ReAct
from ragreason.policies.search_o1 import SearchO1
from ragreason.policies.search_tags import SearchTags
from ragreason.protocols import Policy
from ragreason.types import Hit, Passage, Question, Step, Trajectory

QUESTION = Question(id="q", text="Who directed the film shot in Leland?")
OTHER = Passage(id="p", title="Leland", text="A film was shot in Leland.")
EXAMPLES = ["rewrite", "next_question", "verification_questions", "react", "flare", "search_o1"]
QUILL = Passage(id="q", title="Edda Quill", text="She directed a film.")


def found(*passages: Passage) -> Trajectory:
    hits = tuple(Hit(passage=p, score=1.0, rank=1, source="test") for p in passages)
    steps = (Step(kind="search", text="", query="x", hits=hits), Step(kind="thought", text=" a"))
    return Trajectory(steps=steps)


def searched(query: str) -> Step:
    return Step(kind="search", text=f" Hm.\nSearch: {query}", query=query)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("architect of the Sallow Bridge born in 1900", True),
        ("When was Edda Quill born?", True),
        ("architect of the Marigold Theatre", False),
        ("year of birth of the architect", False),
        ("顾青禾 出生年份", False),
    ],
)
@pytest.mark.parametrize("purpose", EXAMPLES)
def test_names_of_a_prompt_s_example_are_told(text: str, verdict: bool, purpose: str) -> None:
    known = "When was the architect of the Marigold Theatre born?"
    assert copies(text, known, purpose, "en") == verdict
    assert not copies(text, f"{known} {text}", purpose, "en")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("顾青禾 出生年份", True), ("柳溪桥", True), ("建筑师 出生年份", False), ("金盏剧院", False)],
)
@pytest.mark.parametrize("purpose", EXAMPLES)
def test_names_of_a_chinese_example_are_told(text: str, verdict: bool, purpose: str) -> None:
    known = "设计金盏剧院的建筑师生于哪一年？"
    assert copies(text, known, purpose, "zh") == verdict
    assert not copies(text, f"{known}{text}", purpose, "zh")


@pytest.mark.parametrize("purpose", ["decompose", "plan"])
def test_so_are_those_of_sub_questions(purpose: str) -> None:
    assert copies("《锡笛》的作者是谁？", "谁设计了金盏剧院？", purpose, "zh")


def test_a_prompt_without_an_example_has_nothing_to_copy() -> None:
    assert not copies("Edda Quill", "", "direct", "en")
    assert not copies("顾青禾", "", "direct", "zh")


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
