"""What a model gave as a tool's arguments, held against what the tool takes."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ragreason.errors import ToolError

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def read_arguments(text: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that the JSON text holds. Raises ToolError that says what is wrong and what was
    expected.

    Checked are names, types, choices, and bounds of lengths and numbers of an object's own
    properties. A number or truth value for a text is taken as its text, as small models write so.
    """
    takes = _told(parameters)
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ToolError(f"the arguments are no JSON; expected {takes}") from error
    if not isinstance(given, dict):
        raise ToolError(f"the arguments are no JSON object; expected {takes}")
    known: Mapping[str, Any] = parameters.get("properties", {})
    closed = parameters.get("additionalProperties") is False
    for name in given:
        if closed and name not in known:
            raise ToolError(f"there is no argument '{name[:40]}'; expected {takes}")
    for name in parameters.get("required", ()):
        if name not in given:
            raise ToolError(f"the argument '{name}' is missing; expected {takes}")
    return {name: _fitting(name, value, known.get(name, {})) for name, value in given.items()}


def _fitting(name: str, value: Any, schema: Mapping[str, Any]) -> Any:
    wanted = schema.get("type")
    if wanted == "string" and isinstance(value, int | float):
        value = json.dumps(value)
    if isinstance(wanted, str) and not _is(value, wanted):
        raise ToolError(f"the argument '{name}' is no {wanted}")
    if "enum" in schema and value not in schema["enum"]:
        choices = ", ".join(map(str, schema["enum"]))
        raise ToolError(f"the argument '{name}' is none of: {choices}")
    for low, high, too_low, too_high, size in _bounds(value):
        if low in schema and not size >= schema[low]:
            raise ToolError(f"the argument '{name}' is too {too_low}")
        if high in schema and not size <= schema[high]:
            raise ToolError(f"the argument '{name}' is too {too_high}")
    return value


def _bounds(value: Any) -> Iterator[tuple[str, str, str, str, float]]:
    """The bounds that hold for a value of this type, as in JSON schemas, and its size."""
    if isinstance(value, str):
        yield "minLength", "maxLength", "short", "long", len(value)
    elif isinstance(value, list):
        yield "minItems", "maxItems", "short", "long", len(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield "minimum", "maximum", "small", "big", value


def _is(value: Any, wanted: str) -> bool:
    if isinstance(value, bool) and wanted != "boolean":
        return False
    return isinstance(value, _TYPES.get(wanted, (object,)))


def _told(parameters: Mapping[str, Any]) -> str:
    """An example of the form: {"query": string}."""
    properties: Mapping[str, Any] = parameters.get("properties", {})
    parts = (f'"{name}": {schema.get("type", "any")}' for name, schema in properties.items())
    return "{" + ", ".join(parts) + "}"
