"""Agents, teams and reflection take their papers' courses."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from ragreason.errors import ConfigError
from ragreason.generation.scripted import Scripted
from ragreason.graph.library import shipped_folder
from ragreason.types import Completion, Request
from tests.graphs.courses import QUESTION, Course, told

WHO = "Who designed the Sallow Bridge?"
WHEN = "When was the designer of it born?"
NEXT = "When was Edda Quill born?"


class SideBySide(Scripted):
    """Answers no searcher of the first round before both have asked."""

    def __init__(self, **script: Any) -> None:
        super().__init__(**script)
        self._both = asyncio.Barrier(2)

    async def generate(self, request: Request) -> list[Completion]:
        asked = request.messages[0].content
        if asked.endswith((f"Question: {WHO}", f"Question: {WHEN}")):
            async with asyncio.timeout(60):
                await self._both.wait()
        return await super().generate(request)


def team(born: str = "1874") -> Scripted:
    """A planner's, two searchers' and a writer's replies."""
    rules = [
        ("Which simple questions", f"{WHO}\n{WHEN}"),
        ("Write it with the names", NEXT),
        (f"Question: {WHO}", "Edda Quill"),
        (f"Question: {NEXT}", "1874"),
        (f"Question: {WHEN}", born),
        (QUESTION.text, "1874"),
    ]
    return SideBySide(rules=rules)


async def test_a_team_s_critic_hands_back_to_the_planner_what_is_missing(course: Course) -> None:
    engine = team(born="Zanzibar 1492")
    run = await course.run("team", engine)
    words = told(run)
    assert words[:2] == ["planner", "split"]
    assert sorted(w for w in words if w.startswith("?")) == sorted(
        [f"? {WHO}", f"? {WHEN}", f"? {NEXT}"]
    )
    roles = [w for w in words if w in {"planner", "searcher", "critic", "writer"}]
    again = ["planner", "searcher", "critic", "writer"]
    assert roles == ["planner", "searcher", "searcher", "critic", *again]
    assert words[-2:] == ["write", "check"]
    asked = [r.messages[0].content for r in engine.requests]
    (handed,) = [text for text in asked if "Write it with the names" in text]
    assert f"Found: {WHO}: Edda Quill" in handed
    assert f"Missing: {WHEN}" in handed
    assert "1492" not in asked[-1], "an unsupported finding never reaches the writer"
    assert f"{WHO}: Edda Quill\n{NEXT}: 1874" in asked[-1]
    assert (run.answer.text, run.answer.usage.calls) == ("1874", 6)


async def test_a_team_whose_findings_hold_goes_straight_to_its_writer(course: Course) -> None:
    run = await course.run("team", team())
    assert told(run).count("critic") == 1
    assert (run.answer.text, run.answer.status) == ("1874", "ok")


async def test_a_team_that_finds_nothing_is_forced_to_write(course: Course) -> None:
    run = await course.run("team", Scripted(default="Zanzibar"))
    assert told(run).count("planner") == 2
    assert run.answer.status == "forced"
    assert run.answer.forced_by == "loop bound of critic->planner"


@pytest.mark.parametrize("role", ["planner", "critic"])
async def test_a_role_that_gives_no_answer_says_so_when_it_is_run_alone(
    course: Course, role: str
) -> None:
    path: Path = shipped_folder() / "team" / f"{role}.yaml"
    with pytest.raises(ConfigError, match="not an answer"):
        await course.run(path, Scripted(default="Zanzibar"))


def call(name: str, **arguments: object) -> str:
    """A call as a script writes it for an engine with tool calling of its own."""
    return f"<tool_call>{json.dumps({'name': name, 'arguments': arguments})}</tool_call>"


def plain(name: str, **arguments: object) -> str:
    """The same where calls are texts."""
    return " " + json.dumps({"tool": name, "arguments": arguments})


WITHOUT_TOOLS = Scripted.capabilities - {"tools"}
TEXT_ONLY = WITHOUT_TOOLS - {"json_schema"}


async def test_an_agent_calls_its_engine_s_tools_and_answers(course: Course) -> None:
    replies = [
        call("open_document", document="[2]"),
        "Let me see." + call("calculate", expression="1901 - 1874"),
        "in 1874",
        "1874",
    ]
    engine = Scripted(replies)
    run = await course.run("agent", engine)
    calls = ["call search", "call open_document", "call calculate", "answer in 1874"]
    assert told(run) == ["act", *calls, "answer"]
    steps = [event.step for event in run.events if event.step is not None]
    assert [step.failed for step in steps] == [False] * 4
    assert steps[1].hits[0].passage.title == steps[0].hits[1].passage.title
    assert steps[2].result == "27"
    roles = [message.role for message in engine.requests[2].messages]
    assert roles == ["user", *["assistant", "tool"] * 3]
    names = {tool.name for tool in engine.requests[0].tools}
    assert names == {"search", "open_document", "calculate"}
    assert (run.answer.text, run.answer.usage.retrievals) == ("1874", 1)


@pytest.mark.parametrize("capabilities", [WITHOUT_TOOLS, TEXT_ONLY], ids=["json", "text"])
async def test_an_agent_without_native_calls_writes_them_as_json(
    course: Course, capabilities: Any
) -> None:
    engine = Scripted(
        [plain("search", query="Edda Quill"), plain("answer", answer="1874."), "1874"],
        capabilities=capabilities,
    )
    run = await course.run("agent", engine)
    assert told(run) == ["act", "call search", "call search", "answer 1874", "answer"]
    *asked, reader = engine.requests
    assert reader.json_schema is None
    assert all((r.json_schema is not None) == ("json_schema" in capabilities) for r in asked)
    assert not any(request.tools for request in engine.requests)
    assert engine.requests[1].prefill.startswith(engine.requests[0].prefill)


async def test_reflection_takes_a_useless_search_back_and_tries_another_way(course: Course) -> None:
    replies = [
        " Who knows.\nSearch: Zanzibar",
        " I need her birth.\nSearch: Edda Quill born",
        " Known.\nAnswer: 1874",
    ]
    engine = Scripted(replies)
    run = await course.run("reflect", engine)
    steps = [f"search {QUESTION.text}", "search Zanzibar", "backtrack"]
    after = ["search Edda Quill born", "answer 1874", "answer", "check"]
    assert told(run) == ["solve", *steps, *after]
    shown = engine.requests[-1].prefill
    assert "Thought: This led nowhere.\nTaken back: the last step (nothing was found)\n" in shown
    assert (run.answer.text, engine.calls) == ("1874", 3)


async def test_reflection_attempts_again_with_the_critique_of_the_answer(course: Course) -> None:
    replies = [
        " Hm.\nAnswer: Zanzibar 1492",
        " I need her birth.\nSearch: Edda Quill born",
        " Known.\nAnswer: 1874",
    ]
    engine = Scripted(replies)
    run = await course.run("reflect", engine)
    words = told(run)
    attempts = ["answer Zanzibar 1492", "search Edda Quill born", "answer 1874"]
    assert words[2:] == [*attempts, "answer", "check"]
    assert 'Review: The answer "Zanzibar 1492" is not supported' in engine.requests[1].prefill
    assert run.answer.text == "1874"


async def test_reflection_ends_at_its_bound_and_a_reader_answers_what_no_attempt_did(
    course: Course,
) -> None:
    rules = [("Answer the question with a short", "1874")]
    engine = Scripted(rules=rules, default=" Hm.\nAnswer: Zanzibar 1492")
    run = await course.run("reflect", engine, "solve.strategy.attempts=3")
    words = told(run)
    assert words.count("answer Zanzibar 1492") == 3
    assert words[-3:] == ["answer", "check", "reader"]
    assert engine.calls == 4
    assert run.answer.text == "1874"
