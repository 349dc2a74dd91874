"""Values changed in the text of a graph file, its comments and layout kept."""

from collections.abc import Mapping
from io import StringIO
from typing import Any

from ragreason.graph.definition import Place


def edited(text: str, places: Mapping[Place, Any]) -> str:
    """The text with these values in these places, such as ("nodes", "answer", "k").

    A key that is not there yet is added at the end of its mapping; new mappings are written on one
    line. Raises KeyError or IndexError for a place in something that is not there.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    yaml = YAML()
    yaml.width = 100
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(text)
    for (*way, last), value in places.items():
        inside = document
        for key in way:
            inside = inside[key]
        if isinstance(value, dict):
            value = CommentedMap(value)  # noqa: PLW2901
            value.fa.set_flow_style()
        inside[last] = value
    written = StringIO()
    yaml.dump(document, written)
    return written.getvalue()
