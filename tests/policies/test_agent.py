"""An agent's steps: calls, answers, and the ends of both."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import pytest

from ragreason.errors import CapabilityError, ConfigError
from ragreason.generation.scripted import Scripted
from ragreason.policies.agent import AgentPolicy, Form
from ragreason.protocols import Capability, Tool, ToolResult
from ragreason.tools.arguments import read_arguments
from ragreason.tools.calculate import Calculate
from ragreason.tools.search import Search
from ragreason.types import Hit, Passage, Question, Step, Trajectory, Verdict
from tests.policies.tools import NoRetriever

QUESTION = Question(id="q", text="How old did Edda Quill become?")
CHINESE = Question(id="zh", text="顾青禾活了多少岁？")
TOOLS: tuple[Tool, ...] = (Search(NoRetriever()), Calculate())
NATIVE = AgentPolicy(TOOLS, form="native", search_first=False)
JSON = AgentPolicy(TOOLS, form="json", search_first=False)
TEXT = AgentPolicy(TOOLS, form="text", search_first=False)


def hit(title: str, text: str = "x") -> Hit:
    passage = Passage(id=title, title=title, text=text)
    return Hit(passage=passage, score=1.0, rank=1, source="t")


def called(tool: str = "search", arguments: str = '{"query": "Edda"}', **more: Any) -> Step:
    return Step(kind="call", text="", tool=tool, arguments=arguments, **more)


FULL = Trajectory(
    steps=(
        called(hits=(hit("Edda", "born 1874 <|im_end|>"), hit("Harrowby"))),
        called("browse", "{", result="there is no tool 'browse'", failed=True),
        called("calculate", '{"expression": "1+1"}', result="2"),
        Step(kind="backtrack", text="they speak of other things", takes_back=3),
        called(arguments='{"query": "Quill"}', hits=(hit("Harrowby"), hit("Quill"))),
        Step(
            kind="answer",
            text=' {"tool": "answer", "arguments": {"answer": "27"}}',
            answer="27",
            verdict=Verdict(score=0.1, label="unsupported"),
        ),
    )
)


@pytest.mark.parametrize("policy", [NATIVE, JSON, TEXT], ids=["native", "json", "text"])
@pytest.mark.parametrize("question", [QUESTION, CHINESE], ids=["en", "zh"])
def test_prompts_only_grow_with_every_kind_of_step(policy: AgentPolicy, question: Question) -> None:
    beginnings = [Trajectory(steps=FULL.steps[:n]) for n in range(len(FULL.steps) + 1)]
    for shorter, longer in pairwise(policy.render(question, t) for t in beginnings):
        assert longer.messages[: len(shorter.messages)] == shorter.messages
        assert longer.prefill.startswith(shorter.prefill)
        grown = len(longer.messages) - len(shorter.messages)
        assert grown > 0 if policy.form == "native" else len(longer.prefill) > len(shorter.prefill)
        assert (longer.tools, longer.json_schema) == (shorter.tools, shorter.json_schema)


def test_as_a_reply_it_looks_like_this() -> None:
    assert TEXT.render(QUESTION, FULL).prefill == (
        'Call: {"tool": "search", "arguments": {"query": "Edda"}}\n'
        "Passages:\n[1] Edda: born 1874 ‹|im_end|›\n[2] Harrowby: x\n"
        'Call: {"tool": "browse", "arguments": "{"}\n'
        "Result: there is no tool 'browse'\n"
        'Call: {"tool": "calculate", "arguments": {"expression": "1+1"}}\n'
        "Result: 2\n"
        "Call: This led nowhere.\nTaken back: passages [1], [2] (they speak of other things)\n"
        'Call: {"tool": "search", "arguments": {"query": "Quill"}}\n'
        "Passages:\n[3] Quill: x\n"
        'Call: {"tool": "answer", "arguments": {"answer": "27"}}\n'
        'Review: The answer "27" is not supported by the passages. '
        "Think again and answer better.\n"
        "Call:"
    )


def test_as_messages_every_call_has_its_result_and_arguments_that_servers_take() -> None:
    messages = NATIVE.render(QUESTION, FULL).messages
    calls = [call for message in messages for call in message.tool_calls]
    results = [message for message in messages if message.role == "tool"]
    assert [call.id for call in calls] == [message.answers for message in results]
    assert len({call.id for call in calls}) == 4
    assert all(isinstance(json.loads(call.arguments), dict) for call in calls)
    assert [m.role for m in messages[-5:]] == ["user", "assistant", "tool", "assistant", "user"]
    assert "‹|im_end|›" in results[0].content


@pytest.mark.parametrize("policy", [NATIVE, JSON, TEXT], ids=["native", "json", "text"])
def test_what_a_tool_says_reaches_the_prompt_inert(policy: AgentPolicy) -> None:
    said = "2 <|im_end|> </search>"
    asked = policy.render(QUESTION, Trajectory(steps=(called("calculate", result=said),)))
    shown = "\n".join([asked.prefill, *(message.content for message in asked.messages)])
    assert "2 ‹|im_end|› ‹/search›" in shown
    assert "<|im_end|>" not in shown


def test_a_name_that_no_server_takes_is_mended_in_messages() -> None:
    wild = Trajectory(steps=(called("my tool! " * 20), called("")))
    calls = [c for m in NATIVE.render(QUESTION, wild).messages for c in m.tool_calls]
    assert calls[0].name.startswith("my_tool__")
    assert len(calls[0].name) == 64
    assert calls[1].name == "unknown"


def test_the_prompt_lists_the_tools_in_the_question_s_language() -> None:
    english = TEXT.render(QUESTION, Trajectory()).messages[0].content
    assert '{"tool": "calculate", "arguments": {"expression": "..."}}: work out' in english
    chinese = TEXT.render(CHINESE, Trajectory()).messages[0].content
    assert "计算数字" in chinese
    assert (
        NATIVE.render(CHINESE, Trajectory()).tools[0].description == "按名称找到关于一个对象的段落"
    )


ABLE: frozenset[Capability] = frozenset({"tools", "prefill", "json_schema"})


@pytest.mark.parametrize(
    ("lacking", "form"),
    [(set(), "native"), ({"tools"}, "json"), ({"tools", "json_schema"}, "text")],
)
def test_it_takes_the_best_form_that_the_engine_can(lacking: set[Capability], form: Form) -> None:
    engine = Scripted(capabilities=ABLE - lacking)
    assert AgentPolicy(TOOLS).for_engine(engine).form == form


@pytest.mark.parametrize("form", ["native", "json", "text", "auto"])
def test_an_engine_that_can_not_is_refused(form: Form) -> None:
    engine = Scripted(capabilities=frozenset())
    with pytest.raises(CapabilityError, match="which the engine 'scripted:script' lacks"):
        AgentPolicy(TOOLS, form=form).for_engine(engine)


@dataclass(frozen=True)
class Named:
    name: str
    description: ClassVar[str] = ""
    parameters: ClassVar[Mapping[str, Any]] = {}

    async def run(self, arguments: Mapping[str, Any], shown: Sequence[Hit]) -> ToolResult:
        return ToolResult()


@pytest.mark.parametrize("names", [["answer"], ["two words"], [""], ["a", "a"], ["x" * 65]])
def test_tools_that_can_not_be_told_apart_or_called_are_refused(names: list[str]) -> None:
    with pytest.raises(ConfigError, match="tool"):
        AgentPolicy(tuple(Named(name) for name in names))


async def next_step(policy: AgentPolicy, reply: str, *before: Step, tokens: int = 96) -> Step:
    engine = Scripted([reply])
    policy = AgentPolicy(
        policy.tools, form=policy.form, search_first=policy.search_first, max_tokens=tokens
    )
    (step,) = await policy.propose(QUESTION, Trajectory(steps=before), 1, engine, seed=1)
    return step


async def test_the_first_search_is_the_question_s_and_costs_no_call() -> None:
    engine = Scripted()
    policy = AgentPolicy(TOOLS, form="native")
    steps = await policy.propose(QUESTION, Trajectory(), 2, engine, seed=1)
    assert [(s.kind, s.tool, json.loads(s.arguments)) for s in steps] == [
        ("call", "search", {"query": QUESTION.text})
    ] * 2
    assert engine.calls == 0


async def test_without_a_search_tool_it_asks_the_model_first() -> None:
    engine = Scripted(["27"])
    (step,) = await AgentPolicy((Calculate(),), form="native").propose(
        QUESTION, Trajectory(), 1, engine, seed=1
    )
    assert (step.kind, step.answer) == ("answer", "27")


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("27", "27"),
        ("She died in 1901.\nSo the answer is: 27.", "27"),
        ("Hm.\n27 years", "27 years"),
    ],
)
async def test_a_reply_without_a_call_is_the_answer(reply: str, answer: str) -> None:
    step = await next_step(NATIVE, reply)
    assert (step.kind, step.answer, step.text) == ("answer", answer, reply)


async def test_of_several_calls_the_first_counts() -> None:
    reply = "".join(
        f'<tool_call>{{"name": "search", "arguments": {{"query": "{name}"}}}}</tool_call>'
        for name in ("Edda", "Quill")
    )
    step = await next_step(NATIVE, reply)
    assert json.loads(step.arguments) == {"query": "Edda"}


async def test_a_repeated_call_ends_the_attempt() -> None:
    step = await next_step(TEXT, ' {"tool":"search","arguments":{"query":"Edda"}}', called())
    assert (step.kind, step.answer, step.tool) == ("answer", "", "")


async def test_a_call_may_be_repeated_in_a_further_attempt() -> None:
    done = Step(kind="answer", text="27", answer="27", verdict=Verdict(score=0.0))
    step = await next_step(TEXT, " search: Edda", called(), done)
    assert (step.kind, step.tool) == ("call", "search")


async def test_after_its_failures_the_attempt_ends_without_asking() -> None:
    wrong = [called("browse", f'{{"n": {n}}}', failed=True, result="no") for n in range(2)]
    engine = Scripted()
    (step,) = await TEXT.propose(QUESTION, Trajectory(steps=tuple(wrong)), 1, engine, seed=1)
    assert (step.kind, step.answer, engine.calls) == ("answer", "", 0)


async def test_text_without_a_call_comes_back_as_one_that_can_not_be_run() -> None:
    step = await next_step(TEXT, " I wonder what to do")
    assert (step.kind, step.tool) == ("call", "")


async def test_a_call_cut_by_the_length_limit_is_no_call_of_a_tool() -> None:
    step = await next_step(TEXT, ' {"tool": "search", "arguments": {"query": "Edda"}}', tokens=3)
    assert (step.kind, step.tool, step.truncated) == ("call", "", True)


async def test_an_answer_cut_by_the_length_limit_is_not_final_and_the_model_is_told() -> None:
    step = await next_step(NATIVE, "She was born in 1874", tokens=2)
    assert (step.kind, step.truncated) == ("answer", True)
    last = NATIVE.render(QUESTION, Trajectory(steps=(step,))).messages[-1]
    assert (last.role, last.content) == (
        "user",
        "Your reply was cut off. Answer in a few words.",
    )


async def test_the_first_search_is_for_as_much_of_a_long_question_as_the_tool_takes() -> None:
    question = Question(id="q", text="Who built the bridge? " * 100)
    policy = AgentPolicy(TOOLS, form="text")
    (step,) = await policy.propose(question, Trajectory(), 1, Scripted(), seed=1)
    read = read_arguments(step.arguments, TOOLS[0].parameters)
    assert read == {"query": question.text[:300]}


async def test_a_search_of_other_arguments_is_not_called_unasked() -> None:
    @dataclass(frozen=True)
    class Other(Search):
        parameters: ClassVar[Mapping[str, Any]] = {
            "type": "object",
            "properties": {"words": {"type": "string"}},
            "required": ["words"],
        }

    engine = Scripted([" search: Edda"])
    policy = AgentPolicy((Other(NoRetriever()),), form="text")
    (step,) = await policy.propose(QUESTION, Trajectory(), 1, engine, seed=1)
    assert json.loads(step.arguments) == {"words": "Edda"}
