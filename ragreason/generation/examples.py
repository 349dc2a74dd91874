"""Smallest texts that match a JSON schema or a regular expression, for the scripted engine."""

import json
from collections.abc import Mapping
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

_PLAIN: Mapping[str, Any] = {
    "string": "text",
    "integer": 0,
    "number": 0,
    "boolean": True,
    "null": None,
}
_CATEGORIES = {"CATEGORY_DIGIT": "0", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " "}


def matches_schema(text: str, schema: str) -> bool:
    """Whether `text` is JSON of the schema's outer type with its required properties."""
    try:
        value = json.loads(text)
    except ValueError:
        return False
    wanted: Mapping[str, Any] = json.loads(schema)
    if isinstance(value, dict):
        return all(name in value for name in wanted.get("required", []))
    return wanted.get("type") != "object"


def from_schema(schema: str) -> str:
    """JSON text that fits the schema: first choices, shortest strings and lists."""
    root = json.loads(schema)
    return json.dumps(_value(root, root))


def _value(schema: Any, root: Mapping[str, Any]) -> Any:
    if not isinstance(schema, dict):
        return None
    if "$ref" in schema:
        target: Any = root
        for key in schema["$ref"].lstrip("#/").split("/"):
            target = target[key] if key else target
        return _value(target, root)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return _value(schema[choice][0], root)
    if "const" in schema:
        return schema["const"]
    return schema["enum"][0] if "enum" in schema else _typed(schema, root)


def _typed(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {k: _value(v, root) for k, v in schema.get("properties", {}).items()}
    if kind == "array":
        return [_value(schema.get("items", {}), root)] * schema.get("minItems", 0)
    if kind in {"integer", "number"}:
        return schema.get("minimum", 0)
    if "pattern" in schema:
        return from_regex(schema["pattern"])
    short = str(_PLAIN[kind])
    if kind == "string":
        return (short * (schema.get("minLength", 0) // 4 + 1))[: schema.get("maxLength")]
    return _PLAIN[kind]


def from_regex(pattern: str) -> str:
    """A short text that the whole pattern matches: first branches, fewest repeats."""
    return _text(_parser.parse(pattern))


def _text(parsed: Any) -> str:
    return "".join(_piece(str(op), argument) for op, argument in parsed)


def _piece(op: str, argument: Any) -> str:
    if op == "LITERAL":
        return chr(argument)
    if op in {"MAX_REPEAT", "MIN_REPEAT"}:
        least, _, inner = argument
        return str(_text(inner) * least)
    if op == "BRANCH":
        return _text(argument[1][0])
    if op == "SUBPATTERN":
        return _text(argument[3])
    if op == "IN":
        return _one_of(argument)
    return "a" if op in {"ANY", "NOT_LITERAL"} else ""


def _one_of(choices: Any) -> str:
    op, argument = choices[0]
    if op is _constants.NEGATE:
        return next(c for c in "a0 -~" if not any(_covers(choice, c) for choice in choices[1:]))
    if op is _constants.CATEGORY:
        return _CATEGORIES.get(str(argument), "a")
    return chr(argument[0] if op is _constants.RANGE else argument)


def _covers(choice: Any, character: str) -> bool:
    op, argument = choice
    if op is _constants.RANGE:
        return bool(argument[0] <= ord(character) <= argument[1])
    if op is _constants.CATEGORY:
        return _CATEGORIES.get(str(argument)) == character
    return bool(ord(character) == argument)
