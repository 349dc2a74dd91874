"""Calls of tools in what a model wrote as plain text, and how such calls are shown."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ragreason.protocols import Tool
from ragreason.types import ToolCall

ANSWER = "answer"
"""The name by which a model answers where calls are texts: no tool may have it."""

_NAMES = ("tool", "name", "function", "action")
_ARGUMENTS = ("arguments", "parameters", "args", "input")
_LINE = re.compile(r"^\W*(?P<name>\w[\w-]{0,63})\s*(?:[:：]|\()\s*(?P<rest>.+?)\)?\s*$")
_CJK = {"答案": ANSWER, "搜索": "search"}
_MOST_BRACES = 50


def read_call(text: str, tools: Sequence[Tool]) -> ToolCall | None:
    """The first call in the text; None where there is none.

    Read are a JSON object that names a tool and its arguments in one of the usual ways, also inside
    other text, and a line such as `search: Edda Quill` or `answer("1874")`. A tool that takes one
    argument may be given it bare. Names of tools are not checked here: of a wrong one the model is
    told.
    """
    for value in _objects(text):
        call = _from_object(value, tools)
        if call is not None:
            return call
    for line in text.splitlines():
        found = _LINE.match(line)
        name = _CJK.get(found["name"], found["name"].lower()) if found else ""
        if found and name in {ANSWER, *(tool.name for tool in tools)}:
            return ToolCall(name=name, arguments=_bare(name, found["rest"], tools))
    return None


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """JSON objects in the text, outermost first, as far as the first fifty braces."""
    decoder, at = json.JSONDecoder(), 0
    for _ in range(_MOST_BRACES):
        at = text.find("{", at)
        if at < 0:
            return
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at += 1
            continue
        yield value


def _from_object(value: Mapping[str, Any], tools: Sequence[Tool]) -> ToolCall | None:
    inner = value.get("function")
    if isinstance(inner, dict):
        value = inner
    name = next((value[key] for key in _NAMES if isinstance(value.get(key), str)), None)
    if name is None:  # {"search": {...}} and {"answer": "1874"}
        known = [key for key in value if key in {ANSWER, *(tool.name for tool in tools)}]
        if len(known) != 1:
            return None
        return ToolCall(name=known[0], arguments=_text(known[0], value[known[0]], tools))
    given = next((value[key] for key in _ARGUMENTS if key in value), None)
    if given is None:
        given = {k: v for k, v in value.items() if k not in _NAMES}
    return ToolCall(name=name, arguments=_text(name, given, tools))


def _text(name: str, given: Any, tools: Sequence[Tool]) -> str:
    """The arguments as a JSON text; a text may itself be the JSON of an object."""
    if isinstance(given, str):
        return given if _is_object(given) else _bare(name, given, tools)
    return json.dumps(given, ensure_ascii=False)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _bare(name: str, text: str, tools: Sequence[Tool]) -> str:
    """A bare text as the one argument of the tool; as it is, where that is not clear."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    names = [ANSWER] if name == ANSWER else _required(name, tools)
    return json.dumps({names[0]: text}, ensure_ascii=False) if len(names) == 1 else text


def _required(name: str, tools: Sequence[Tool]) -> list[str]:
    found = [tool for tool in tools if tool.name == name]
    return list(found[0].parameters.get("required", ())) if found else []


def read_answer(arguments: str) -> str:
    """What an answer's arguments give as the answer; empty where they give none."""
    try:
        given = json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments.strip()
    if isinstance(given, dict):
        given = given.get(ANSWER, next(iter(given.values()), ""))
    return given.strip() if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def show_call(name: str, arguments: str) -> str:
    """A call as the model would have written it: `{"tool": "search", "arguments": {...}}`."""
    given = arguments if _is_object(arguments) else json.dumps(arguments, ensure_ascii=False)
    return f'{{"tool": {json.dumps(name, ensure_ascii=False)}, "arguments": {given}}}'


def canonical(name: str, arguments: str) -> tuple[str, str]:
    """What makes two calls the same: white space and the order of arguments aside."""
    try:
        return name, json.dumps(json.loads(arguments), sort_keys=True, ensure_ascii=False)
    except (ValueError, RecursionError):
        return name, " ".join(arguments.split())


def call_schema(tools: Sequence[Tool]) -> str:
    """The JSON schema of one call: of any of the tools, or of an answer."""
    answer = {
        "type": "object",
        "properties": {ANSWER: {"type": "string", "minLength": 1, "maxLength": 200}},
        "required": [ANSWER],
        "additionalProperties": False,
    }
    options = [*((tool.name, dict(tool.parameters)) for tool in tools), (ANSWER, answer)]
    return json.dumps(
        {
            "anyOf": [
                {
                    "type": "object",
                    "properties": {"tool": {"const": name}, "arguments": parameters},
                    "required": ["tool", "arguments"],
                    "additionalProperties": False,
                }
                for name, parameters in options
            ]
        }
    )
