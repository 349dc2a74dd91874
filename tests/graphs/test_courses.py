"""Each shipped graph takes its paper's course: a scripted engine, real retrieval."""

from collections.abc import Callable, Mapping, Sequence
from itertools import count, cycle
from typing import Any

import pytest

from ragreason.generation.scripted import Scripted
from ragreason.graph.library import shipped_graphs, users_of_graphs
from ragreason.types import Request
from tests.graphs.courses import QUESTION, Course, told
from tests.waiting import Waiting


async def test_direct_asks_once_and_cites_nothing(course: Course) -> None:
    engine = Scripted(["1874."])
    run = await course.run("direct", engine)
    assert told(run) == ["answer"]
    assert (run.answer.text, run.answer.citations) == ("1874", ())
    assert (run.answer.usage.calls, run.answer.usage.retrievals) == (1, 0)


async def test_cot_reads_the_answer_out_of_its_chain(course: Course) -> None:
    engine = Scripted([" Edda Quill designed it. So the answer is: 1874."])
    run = await course.run("cot", engine)
    assert told(run) == ["think", "answer 1874", "answer"]
    assert (run.answer.text, engine.calls) == ("1874", 1)


async def test_naive_rag_searches_for_the_question_then_reads(course: Course) -> None:
    engine = Scripted(["1874"])
    run = await course.run("naive_rag", engine)
    assert told(run) == ["retrieve", f"? {QUESTION.text}", "answer"]
    assert "Edda Quill, an architect" in engine.requests[0].messages[0].content
    assert run.answer.citations[0].title == "Edda Quill"


async def test_naive_rag_vote_gives_the_answer_that_most_of_its_runs_give(course: Course) -> None:
    engine = Waiting(8, default=["1874", "1492", "1874."])
    run = await course.run("naive_rag_vote", engine)
    assert run.answer.text in {"1874", "1874."}
    assert (engine.calls, run.answer.usage.retrievals) == (8, 8)
    assert {request.temperature for request in engine.requests} == {0.8}
    assert len({request.seed for request in engine.requests}) == 8
    assert run.answer.citations[0].title == "Edda Quill"
    steps = [event.step for event in run.events if event.step is not None]
    assert len(steps) == 8
    assert all(step.hits for step in steps)


async def test_rewrite_searches_for_what_the_model_wrote(course: Course) -> None:
    run = await course.run("rewrite", Scripted(["bridge designer born", "1874"]))
    assert told(run) == ["rewrite", "retrieve", "? bridge designer born", "answer"]


async def test_decompose_answers_its_parts_side_by_side(course: Course) -> None:
    parts = "1. Who designed the Sallow Bridge?\n2. When was Edda Quill born?"
    rules = [
        ("Which simple questions", parts),
        ("Question: Who designed", "Edda Quill"),
        ("Question: When was Edda Quill born?", "1874"),
        (QUESTION.text, "1874"),
    ]
    asked = ("Question: Who designed", "Question: When was Edda Quill born?")
    engine = Waiting(2, counts=lambda text: any(q in text for q in asked), rules=rules)
    run = await course.run("decompose", engine)
    assert engine.met
    final = engine.requests[-1].messages[0].content
    assert "Who designed the Sallow Bridge?: Edda Quill" in final
    assert "When was Edda Quill born?: 1874" in final
    assert (run.answer.text, run.answer.usage.calls) == ("1874", 4)


async def test_corrective_rewrites_until_the_evidence_suffices(course: Course) -> None:
    engine = Scripted(rules=[("Write one short", "Edda Quill born 1874"), ("Answer the", "1874")])
    run = await course.run("corrective", engine, "retrieve.k=1")
    words = told(run)
    assert words[:3] == ["retrieve", f"? {QUESTION.text}", "grade"]
    assert words[-1] == "answer"
    assert "? Edda Quill born 1874" in words
    assert run.answer.text == "1874"


async def test_corrective_gives_up_after_its_bound(course: Course) -> None:
    engine = Scripted(rules=[("Write one short", "cattle fair"), ("Answer the", "1874")])
    run = await course.run("corrective", engine, "retrieve.k=1")
    assert told(run).count("rewrite") <= 3
    assert run.answer.status == "forced"
    assert "rewrite" in run.answer.forced_by


async def test_ircot_searches_for_each_sentence_and_a_reader_answers(course: Course) -> None:
    rules = [
        ("Answer the question with a short", "1874"),
        ("Edda Quill designed it", " She was born in 1874, so the answer is: 1874."),
        ("Thought:", " Edda Quill designed it. And more."),
    ]
    run = await course.run("ircot", Scripted(rules=rules))
    searches = [f"search {QUESTION.text}", "search Edda Quill designed it.", "answer 1874"]
    assert told(run) == ["think", *searches, "answer"]
    assert (run.answer.text, run.answer.usage.calls) == ("1874", 3)


async def test_react_thinks_searches_and_answers_without_a_reader(course: Course) -> None:
    steps = [" I need her birth.\nSearch: Edda Quill born", " Known.\nAnswer: 1874"]
    engine = Scripted(steps)
    run = await course.run("react", engine)
    searches = [f"search {QUESTION.text}", "search Edda Quill born", "answer 1874"]
    assert told(run) == ["solve", *searches, "answer"]
    assert (run.answer.status, engine.calls, run.answer.usage.retrievals) == ("ok", 2, 2)


async def test_react_best_of_n_takes_the_answer_that_the_evidence_supports(course: Course) -> None:
    engine = Scripted(default=[" Hm.\nAnswer: 1492", " Known.\nAnswer: 1874"])
    run = await course.run("react_best_of_n", engine)
    assert run.answer.text == "1874"
    assert [request.n for request in engine.requests] == [4], "one prompt, four samples"
    assert sum(event.kind == "verdict" for event in run.events) == 4


async def test_abstain_answers_what_the_evidence_holds(course: Course) -> None:
    run = await course.run("abstain", Scripted(["1874"]))
    assert (run.answer.text, run.answer.abstained) == ("1874", False)


async def test_abstain_says_what_is_missing(course: Course) -> None:
    run = await course.run("abstain", Scripted(["Zanzibar 1492"]))
    assert run.answer.abstained
    assert run.answer.text == ""
    assert run.answer.missing
    assert run.answer.missing[0] in run.answer.cited


@pytest.mark.parametrize("name", shipped_graphs())
async def test_a_spent_budget_forces_an_answer_from_what_is_there(
    course: Course, name: str
) -> None:
    engine = Scripted(default="1874")
    run = await course.run(name, engine, "budget.calls=1", "budget.steps=1")
    assert engine.calls <= 3
    if run.answer.usage.calls > 1:
        assert run.answer.status == "forced"


def echo(request: Request) -> str:
    """The model's own prompt, which holds its examples, tags and actions."""
    return request.messages[-1].content + request.prefill


def example(request: Request) -> str:
    """What stands in the prompt before the question: mostly its worked examples."""
    content = request.messages[-1].content
    return content[: content.rfind("\n\n")]


def ever_new() -> Callable[[Request], str]:
    """A model that finds another thing to search for whatever it is asked."""
    numbers = count()
    return lambda _: f" It may be number {(n := next(numbers))}.\nSearch: Harrowby {n}"


BROKEN_TAGS = [
    "<search>Harrowby",
    "</answer><answer>",
    "<think><search>Harrowby</think>",
    "<search></search><answer></answer>",
    "<answer><search>Harrowby</answer></search>",
    "</think></search></information>",
    "<information>[1] Fake: fake</information>",
]
ADVERSARIES: Mapping[str, Callable[[], Any]] = {
    "says nothing": lambda: "",
    "searches for the same": lambda: " a\nSearch: b",
    "never answers": ever_new,
    "ends at once": lambda: "<|im_end|>",
    "repeats itself": lambda: "Thought: Thought:",
    "echoes its prompt": lambda: echo,
    "gives its prompt's example": lambda: example,
    "breaks tags": lambda: _in_turn(BROKEN_TAGS),
    "breaks JSON": lambda: '{"query": "Harrowby", "answer": [',
}


def _in_turn(texts: Sequence[str]) -> Callable[[Request], str]:
    turns = cycle(texts)
    return lambda _: next(turns)


@pytest.mark.parametrize("adversary", ADVERSARIES)
@pytest.mark.parametrize("name", shipped_graphs())
async def test_an_adversarial_model_can_not_hold_a_graph_up(
    course: Course, name: str, adversary: str
) -> None:
    engine = Scripted(default=ADVERSARIES[adversary]())
    run = await course.run(name, engine)
    assert engine.calls <= 40
    assert run.answer.usage.retrievals <= 40
    assert run.answer.status in {"ok", "forced"}


class Scoring(Scripted):
    """Counts the words of the continuations that it scored."""

    scored = 0

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        self.scored += sum(len(text.split()) for text in continuations)
        return await super().score(request, continuations)


@pytest.mark.parametrize("name", shipped_graphs())
async def test_what_is_counted_is_what_the_engine_was_asked(course: Course, name: str) -> None:
    engine = Scoring(default=" Known.\nSearch: Edda Quill")
    run = await course.run(name, engine)
    usage = run.answer.usage
    prompts = sum([await engine.count_tokens(request) for request in engine.requests])
    assert usage.calls == engine.calls
    assert usage.prompt_tokens + usage.verifier_tokens == prompts + engine.scored


@pytest.mark.parametrize("name", shipped_graphs())
async def test_the_same_seed_gives_the_same_run(course: Course, name: str) -> None:
    replies = [" Hm.\nAnswer: 1492", " Known.\nAnswer: 1874", " x\nSearch: Edda Quill"]
    runs: list[Any] = []
    for _ in range(2):
        run = await course.run(name, Scripted(default=replies))
        events = [e.model_copy(update={"at_s": 0.0, "answer": None}) for e in run.events]
        side_by_side = any(users_of_graphs(course.load(name, Scripted()).definition))
        runs.append(sorted(events, key=repr) if side_by_side else events)
    assert runs[0] == runs[1]
