import json
import re

import pytest

from ragreason.errors import ConfigError
from ragreason.generation import constraints, examples
from ragreason.types import Message, Request

GOOD_PATTERNS = [
    "[a-z]+", "(yes|no)", r"\d+\.?\d*", r"[^\n]{1,20}", "^(Yes|No)\\.$", "(a|b|)", "日本|中国",
    r"\S+ \S+", "(?:ab)+?", "a{2}", r"[^\d]", "",
]  # fmt: skip

BAD_PATTERNS = {
    "(a": "malformed",
    "a{2,1}": "malformed",
    "a**": "malformed",
    "[[:alpha:]]": "malformed",
    "(?=a)b": "look-ahead",
    "(?<!a)b": "look-behind",
    r"(a)\1": "back-references",
    r"x(?:y\bfoo)": "word boundaries",
    "(?P<x>a)": "named groups",
    "(?i)yes": "inline flags",
    "(?i:yes)": "group flags",
    "a++": "possessive",
    "(?>a)": "atomic",
    r"\Aabc": r"\\A",
    "a{,3}": "lower bound",
    "[]a]": "can't begin",
}

GOOD_SCHEMAS = [
    '{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}',
    '{"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3}',
    '{"enum": ["a", 1, null]}',
    '{"type": ["string", "null"], "minLength": 1}',
    '{"$ref": "#/$defs/x", "$defs": {"x": {"type": "integer"}}}',
    '{"type": "string", "pattern": "^[A-Z]{3}$"}',
    '{"anyOf": [{"type": "string"}, {"const": 3}]}',
    '{"type": "array", "prefixItems": [{"type": "string"}], "items": false}',
]

BAD_SCHEMAS = {
    "{": "not JSON",
    "true": "must be a JSON object",
    '{"type": "text"}': r"\$\.type: expected one of",
    '{"typ": "string"}': r"\$\.typ: 'typ' is not supported",
    '{"properties": {"a": 3}}': r"\$\.properties\.a: expected an object",
    '{"items": {"minItems": -1}}': r"\$\.items\.minItems: expected a whole number",
    '{"minLength": 5, "maxLength": 2}': "minLength to be at most maxLength",
    '{"minimum": 5, "maximum": 1}': "minimum to be at most maximum",
    '{"minimum": "5"}': "expected a number",
    '{"anyOf": []}': "a list of schemas",
    '{"anyOf": [false]}': "some value fits",
    '{"properties": {"a": false}}': "some value fits",
    '{"allOf": [{"type": "string"}, {"type": "integer"}]}': "allOf",
    '{"$ref": "#"}': "point elsewhere",
    '{"$ref": "#/$defs/x"}': "to exist",
    '{"$ref": "http://x.y/z"}': "a reference into this schema",
    '{"enum": []}': "at least one value",
    '{"required": "a"}': "a list of property names",
    '{"pattern": "(?=a)"}': "look-ahead",
}


@pytest.mark.parametrize("pattern", GOOD_PATTERNS)
def test_patterns_that_grammars_can_express_pass(pattern: str) -> None:
    constraints.check_regex(pattern)


@pytest.mark.parametrize("pattern", BAD_PATTERNS)
def test_other_patterns_are_refused_with_the_reason(pattern: str) -> None:
    with pytest.raises(ConfigError, match=BAD_PATTERNS[pattern]):
        constraints.check_regex(pattern)


@pytest.mark.parametrize("schema", GOOD_SCHEMAS)
def test_schemas_in_the_subset_pass(schema: str) -> None:
    constraints.check_json_schema(schema)


@pytest.mark.parametrize("schema", BAD_SCHEMAS)
def test_other_schemas_are_refused_with_the_place(schema: str) -> None:
    with pytest.raises(ConfigError, match=BAD_SCHEMAS[schema]):
        constraints.check_json_schema(schema)


def test_a_request_has_one_constraint_at_most() -> None:
    message = Message(role="user", content="?")
    both = Request(messages=(message,), regex="a", json_schema="{}")
    with pytest.raises(ConfigError, match="at most one"):
        constraints.check(both)


@pytest.mark.parametrize("pattern", GOOD_PATTERNS)
def test_example_texts_match_their_pattern(pattern: str) -> None:
    assert re.fullmatch(pattern, examples.from_regex(pattern))


@pytest.mark.parametrize(
    ("schema", "value"),
    list(zip(GOOD_SCHEMAS, [{"a": "text"}, [0], "a", "text", 0, "AAA", "text", []], strict=True)),
)
def test_example_texts_are_the_smallest_fitting_values(schema: str, value: object) -> None:
    text = examples.from_schema(schema)
    assert json.loads(text) == value
    assert examples.matches_schema(text, schema)


def test_a_text_without_a_required_property_does_not_fit() -> None:
    assert not examples.matches_schema('{"b": 1}', GOOD_SCHEMAS[0])
    assert not examples.matches_schema("a: 1", GOOD_SCHEMAS[0])
