"""YAML 1.2 text to plain values and their line numbers; nothing in it is ever executed.

Only the core types are read (`yes` and dates are strings). Other tags, duplicate keys, merge keys,
and documents that are too large, too deep or blown up by aliases are refused.
"""

from io import StringIO
from pathlib import Path
from typing import Any

from ragreason.errors import GraphError
from ragreason.graph.definition import Place

MAX_CHARS = 256 * 1024
MAX_VALUES = 20_000
MAX_DEPTH = 24

_TAG = "tag:yaml.org,2002:"
_TEXT = {_TAG + "str", _TAG + "timestamp", _TAG + "value"}
_BOOLS = {"true": True, "false": False}


def read_yaml(text: str, path: str | None = None) -> tuple[Any, dict[Place, int]]:
    """The value, and the line (from 1) of each place in it. Raises GraphError."""
    if len(text) > MAX_CHARS:
        raise GraphError(f"the file has {len(text)} characters; at most {MAX_CHARS}", path=path)
    root = _compose(text, path)
    if root is None:
        raise GraphError("the file is empty; expected a graph definition", path=path, line=1)
    reader = _Reader(path)
    return reader.value(root, ()), reader.lines


def read_scalar(text: str) -> Any:
    """One value as it would be read in a file: `32`, `1.5`, `true`, `[a, b]`, or text."""
    return read_yaml(text)[0] if text.strip() else ""


def read_text(path: Path) -> str:
    """The file's text. Raises GraphError if it is missing, not a file, too large, or not UTF-8."""
    try:
        if path.stat().st_size > 4 * MAX_CHARS:
            raise GraphError(f"the file is larger than {4 * MAX_CHARS} bytes", path=str(path))
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise GraphError("the file is not UTF-8 text", path=str(path)) from error
    except OSError as error:
        raise GraphError(f"can't be read: {error.strerror}", path=str(path)) from error


def _compose(text: str, path: str | None) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return YAML(typ="safe", pure=True).compose(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else None
        raise GraphError(f"not YAML: {error.problem or error.context}", path=path, line=line) from (
            error
        )
    except RecursionError as error:
        raise GraphError("not YAML: nested too deep", path=path) from error
    except (YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise GraphError(f"not YAML: {reason}", path=path) from error


class _Reader:
    """Walks composed nodes; `lines` fills up on the way."""

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.lines: dict[Place, int] = {}
        self._values = 0

    def value(self, node: Any, place: Place) -> Any:
        from ruamel.yaml.nodes import MappingNode, SequenceNode

        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        self._values += 1
        if self._values > MAX_VALUES:
            raise self._error(line, f"more than {MAX_VALUES} values, aliases counted in full")
        if len(place) > MAX_DEPTH:
            raise self._error(line, f"nested more than {MAX_DEPTH} deep")
        tag = str(node.tag)
        if tag == _TAG + "map" and isinstance(node, MappingNode):
            return self._mapping(node, place)
        if tag == _TAG + "seq" and isinstance(node, SequenceNode):
            return [self.value(child, (*place, i)) for i, child in enumerate(node.value)]
        return self._scalar(tag, str(node.value), line)

    def _mapping(self, node: Any, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if not isinstance(key, str):
                raise self._error(line, "a key must be plain text")
            if str(key_node.tag) == _TAG + "merge":
                raise self._error(line, "merge keys ('<<') are not supported")
            if key in found:
                raise self._error(line, f"'{key}' is given twice")
            self.lines[(*place, key)] = line
            found[key] = self.value(value_node, (*place, key))
        return found

    def _scalar(self, tag: str, text: str, line: int) -> Any:
        if tag in _TEXT:
            return text
        if tag == _TAG + "null":
            return None
        if tag == _TAG + "bool":
            if text.lower() not in _BOOLS:
                raise self._error(line, f"'{text[:40]}' is not true or false")
            return _BOOLS[text.lower()]
        try:
            if tag == _TAG + "int":
                return int(text, 0) if text[:2] in {"0x", "0o"} else int(text)
            if tag == _TAG + "float":
                return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError as error:
            raise self._error(line, f"'{text[:40]}' is not a number") from error
        short = tag.replace(_TAG, "!!")
        raise self._error(line, f"the tag '{short}' is not allowed; write plain values")

    def _error(self, line: int, message: str) -> GraphError:
        return GraphError(message, path=self.path, line=line)
