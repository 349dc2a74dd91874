"""The JSON Schema of graph files, with the parameters of every registered part."""

from typing import Any

from pydantic.errors import PydanticInvalidForJsonSchema

from ragreason import registry
from ragreason.errors import ConfigError
from ragreason.graph.definition import Definition
from ragreason.graph.resolve import LISTS, NAMES, PART_KINDS


def graph_schema() -> dict[str, Any]:
    """Draft 2020-12. Parts of packages that are not installed are left out."""
    schema = Definition.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    definitions["Edge"] = {"anyOf": [_pair(), definitions["Edge"]]}
    levels = definitions["Thought"]["properties"]["level"]
    definitions["Thought"] = {"anyOf": [levels, definitions["Thought"]]}
    node, part = definitions["NodeSpec"]["properties"], definitions.pop("Part")["properties"]
    definitions["NodeSpec"] = _choice("nodes", node, definitions)
    for key, kind in {**PART_KINDS, "tool": "tools"}.items():
        name = key.capitalize()
        definitions[name] = {"anyOf": [{"type": "string"}, _choice(kind, part, definitions)]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _pair() -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}


def _choice(kind: registry.Kind, common: dict[str, Any], definitions: dict[str, Any]) -> Any:
    """One schema a registered part, told apart by `use`; other names must be `module:attr`.

    `common` holds the fields that every part of the kind may have, if it has a use for them.
    """
    options = [
        schema
        for name in registry.known(kind)
        if (schema := _part(kind, name, common, definitions)) is not None
    ]
    imported = {
        "type": "object",
        "properties": {"use": {"type": "string", "pattern": ":"}},
        "required": ["use"],
    }
    return {"oneOf": [*options, imported]}


def _part(
    kind: registry.Kind, name: str, common: dict[str, Any], definitions: dict[str, Any]
) -> dict[str, Any] | None:
    try:
        cls = registry.load(kind, name)
        own = registry.parameters(cls).model_json_schema()
    except (ConfigError, PydanticInvalidForJsonSchema):
        return None
    definitions.update(own.pop("$defs", {}))
    takes = registry.injected(cls)
    fields = {**NAMES, "in": "graph", "out": "graph", "effort": "engine"}
    fields |= {key: key for key in PART_KINDS}
    bound = {key: common[key] for key, part in fields.items() if part in takes and key in common}
    bound |= {k: {"$ref": f"#/$defs/{k.capitalize()}"} for k in bound if k in PART_KINDS}
    for key, one in LISTS.items():
        if key in takes and key in common:
            items = {"$ref": f"#/$defs/{one.capitalize()}"}
            bound[key] = {"type": "array", "minItems": 1, "items": items}
    summary = (cls.__doc__ or "").strip().partition("\n")[0]
    return {
        "type": "object",
        "description": summary,
        "properties": {"use": {"const": name}, **bound, **own.get("properties", {})},
        "required": ["use", *own.get("required", [])],
        "additionalProperties": False,
    }
