import json

import pytest

from ragreason.generation.transformers_tools import Said, without_calls, writes_calls
from ragreason.types import Message, Request, ToolSpec

TOOL = ToolSpec(name="search", description="Finds.", parameters='{"type": "object"}')
ASKED = Request(messages=(Message(role="user", content="?"),), tools=(TOOL,))
CALL = '<tool_call>\n{"name": "search", "arguments": {"query": "Vess"}}\n</tool_call>'


def test_calls_are_taken_out_of_the_text() -> None:
    text, calls = without_calls(f"I look. {CALL}\n{CALL}", ASKED)
    assert text == "I look."
    assert [call.name for call in calls] == ["search", "search"]
    assert json.loads(calls[0].arguments) == {"query": "Vess"}
    assert len({call.id for call in calls}) == 2


def test_a_call_cut_at_its_closing_tag_still_counts() -> None:
    assert without_calls(CALL.removesuffix("</tool_call>"), ASKED).calls


@pytest.mark.parametrize(
    "text", ["Vess", "<tool_call>{not json}</tool_call>", "<tool_call>[1]</tool_call>"]
)
def test_anything_else_is_text(text: str) -> None:
    assert without_calls(text, ASKED) == Said(text, ())


def test_without_tools_nothing_is_a_call() -> None:
    asked = ASKED.model_copy(update={"tools": ()})
    assert without_calls(CALL, asked) == Said(CALL, ())


def test_arguments_given_as_a_text_stay_one() -> None:
    text = '<tool_call>{"name": "f", "arguments": "{\\"a\\": 1}"}</tool_call>'
    assert without_calls(text, ASKED).calls[0].arguments == '{"a": 1}'


def test_templates_tell_whether_a_model_calls_tools_so() -> None:
    assert writes_calls("{% if tools %} ... <tool_call></tool_call> {% endif %}")
    assert not writes_calls("{{ message }} <|im_end|>")
