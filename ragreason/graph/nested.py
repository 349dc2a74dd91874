"""A graph with the graphs that it uses."""

import hashlib
import json
from dataclasses import dataclass

from ragreason.graph.definition import Definition, Place


@dataclass(frozen=True)
class Nested:
    """A definition and, by place of the node or part, the definitions of the graphs it uses."""

    definition: Definition
    inner: dict[Place, "Nested"]

    @property
    def hash(self) -> str:
        """16 hex digits over everything that determines what the graph does."""
        own = self.definition.model_dump(
            mode="json",
            by_alias=True,
            exclude={"source", "description", "keeps", "departs", "gives"},
        )
        inner = {str(place): nested.hash for place, nested in self.inner.items()}
        text = json.dumps([own, inner], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
