"""Checks JSON schemas and regular expressions before an engine sees them.

OpenVINO's grammar compiler takes a subset of both, and a constraint it refuses kills the pipeline
with all requests in it. So what is outside the subset is refused here, as one clear error.
"""

import json
import re
import warnings
from collections.abc import Callable, Mapping
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

from ragreason.errors import ConfigError
from ragreason.types import Request

_TYPES = {"object", "array", "string", "number", "integer", "boolean", "null"}
_COUNTS = {"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"}
_NUMBERS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
_ONE_SCHEMA = {"items", "additionalProperties", "unevaluatedProperties", "unevaluatedItems"}
_SCHEMA_LISTS = {"anyOf", "oneOf", "allOf", "prefixItems"}
_RANGES = (
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minimum", "maximum"),
)
_SCHEMA_MAPS = {"properties", "$defs", "definitions"}
_FREE = {
    "$schema", "$id", "$ref", "$comment", "const", "title", "description", "default", "examples",
    "deprecated", "readOnly", "writeOnly", "format", "enum", "type", "required", "pattern",
}  # fmt: skip
_KEYWORDS = _COUNTS | _NUMBERS | _ONE_SCHEMA | _SCHEMA_LISTS | _SCHEMA_MAPS | _FREE
_REFUSED = {
    "ASSERT": "look-ahead and look-behind",
    "ASSERT_NOT": "look-ahead and look-behind",
    "GROUPREF": "back-references",
    "GROUPREF_EXISTS": "conditional groups",
    "POSSESSIVE_REPEAT": "possessive repetition",
    "ATOMIC_GROUP": "atomic groups",
    "AT_BOUNDARY": "word boundaries",
    "AT_NON_BOUNDARY": "word boundaries",
    "AT_BEGINNING_STRING": "\\A and \\Z",
    "AT_END_STRING": "\\A and \\Z",
}
_MISREAD: Mapping[re.Pattern[str], str] = {
    re.compile(r"\{,\d"): "a repetition needs its lower bound; write {0,n}",
    re.compile(r"(?<!\\)\[\^?\]"): "a set can't begin with ']'; write \\]",
}


def check(request: Request) -> None:
    """Raise ConfigError if the request's constraint is malformed or outside what engines take."""
    if request.json_schema is not None and request.regex is not None:
        raise ConfigError("a request has a json_schema and a regex; expected at most one of them")
    if request.json_schema is not None:
        check_json_schema(request.json_schema)
    if request.regex is not None:
        check_regex(request.regex)


def check_regex(pattern: str) -> None:
    """Raise ConfigError for a pattern that does not parse or uses what grammars can't express."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # [[:alpha:]] and the like
            parsed = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError, FutureWarning) as error:
        raise ConfigError(f"regex {pattern!r} is malformed: {error}") from error
    if parsed.state.groupdict:
        raise ConfigError(
            f"regex {pattern!r}: named groups are not supported; use (...) or (?:...)"
        )
    if parsed.state.flags & ~re.UNICODE.value:
        raise ConfigError(f"regex {pattern!r}: inline flags are not supported; spell the cases out")
    for look, what in _MISREAD.items():
        if look.search(pattern):
            raise ConfigError(f"regex {pattern!r}: {what}")
    _check_parsed(pattern, parsed)


def _check_parsed(pattern: str, parsed: Any) -> None:
    for op, argument in parsed:
        name = str(op)
        reason = _REFUSED.get(str(argument) if op is _constants.AT else name)
        if op is _constants.SUBPATTERN and (argument[1] or argument[2]):
            reason = "group flags"
        if reason:
            raise ConfigError(f"regex {pattern!r}: {reason} are not supported; write it without")
        for part in _parts(argument):
            _check_parsed(pattern, part)


def _parts(argument: Any) -> list[Any]:
    """The sub-patterns in a parsed node's argument, at any depth of tuples and lists."""
    if isinstance(argument, _parser.SubPattern):
        return [argument]
    if isinstance(argument, tuple | list):
        return [part for item in argument for part in _parts(item)]
    return []


def check_json_schema(text: str) -> None:
    """Raise ConfigError, with the place, for a text that is no JSON schema in the subset."""
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"json_schema is not JSON: {error}") from error
    if not isinstance(schema, dict):
        raise ConfigError('json_schema must be a JSON object, such as {"type": "object"}')
    _check_schema(schema, "$", schema)


def _check_schema(schema: Any, at: str, root: Mapping[str, Any]) -> None:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise ConfigError(f"json_schema at {at}: expected an object or a boolean, got {schema!r}")
    for keyword, value in schema.items():
        _check_keyword(keyword, value, f"{at}.{keyword}", root)
    for low, high in _RANGES:
        ordered = low not in schema or high not in schema or schema[low] <= schema[high]
        _expect(ordered, at, f"{low} to be at most {high}")
    _expect(len(schema.get("allOf", [])) <= 1, at, "at most one schema in allOf; merge them")
    _expect(schema.get("$ref") != at.replace("$", "#"), at, "$ref to point elsewhere")


def _check_keyword(keyword: str, value: Any, at: str, root: Mapping[str, Any]) -> None:
    if keyword not in _KEYWORDS:
        raise ConfigError(
            f"json_schema at {at}: '{keyword}' is not supported; write the schema without it"
        )
    if keyword in _ONE_SCHEMA:
        _check_schema(value, at, root)
    elif keyword in _SCHEMA_LISTS:
        _expect(isinstance(value, list) and bool(value), at, "a list of schemas")
        for i, inner in enumerate(value):
            _expect(inner is not False, at, "schemas that some value fits, got false")
            _check_schema(inner, f"{at}[{i}]", root)
    elif keyword in _SCHEMA_MAPS:
        _expect(isinstance(value, dict), at, "an object of schemas")
        for name, inner in value.items():
            _expect(inner is not False, at, "schemas that some value fits, got false")
            _check_schema(inner, f"{at}.{name}", root)
    elif keyword in _COUNTS:
        _expect(_is_int(value) and value >= 0, at, "a whole number from 0")
    elif keyword in _NUMBERS:
        _expect(_is_int(value) or isinstance(value, float), at, "a number")
    elif keyword in _SPECIAL:
        _SPECIAL[keyword](value, at, root)


def _expect(holds: bool, at: str, what: str) -> None:
    if not holds:
        raise ConfigError(f"json_schema at {at}: expected {what}")


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_type(value: Any, at: str, _: Mapping[str, Any]) -> None:
    named = value if isinstance(value, list) else [value]
    known = all(isinstance(name, str) and name in _TYPES for name in named)
    _expect(bool(named) and known, at, f"one of {sorted(_TYPES)}")


def _check_enum(value: Any, at: str, _: Mapping[str, Any]) -> None:
    _expect(isinstance(value, list) and bool(value), at, "a list of at least one value")


def _check_required(value: Any, at: str, _: Mapping[str, Any]) -> None:
    named = isinstance(value, list) and all(isinstance(name, str) for name in value)
    _expect(named, at, "a list of property names")


def _check_pattern(value: Any, at: str, _: Mapping[str, Any]) -> None:
    _expect(isinstance(value, str), at, "a regular expression")
    check_regex(value)


def _check_ref(value: Any, at: str, root: Mapping[str, Any]) -> None:
    _expect(isinstance(value, str) and value.startswith("#"), at, "a reference into this schema")
    target: Any = root
    for key in value.removeprefix("#").strip("/").split("/"):
        if key:
            _expect(isinstance(target, dict) and key in target, at, f"'{value}' to exist")
            target = target[key]


_SPECIAL: Mapping[str, Callable[[Any, str, Mapping[str, Any]], None]] = {
    "type": _check_type,
    "enum": _check_enum,
    "required": _check_required,
    "pattern": _check_pattern,
    "$ref": _check_ref,
}
