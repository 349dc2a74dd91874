"""The retriever as a tool."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.protocols import Retriever, ToolResult
from ragreason.types import Hit


@dataclass(frozen=True)
class Search:
    """Finds the `k` passages that fit a query best."""

    name: ClassVar[str] = "search"
    description: ClassVar[str] = "find passages about a thing by its name"
    descriptions: ClassVar[Mapping[str, str]] = {"zh": "按名称找到关于一个对象的段落"}
    parameters: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "properties": {"query": {"type": "string", "minLength": 1, "maxLength": 300}},
        "required": ["query"],
        "additionalProperties": False,
    }

    retriever: Retriever
    k: Annotated[int, Field(ge=1, le=100)] = 3

    async def run(self, arguments: Mapping[str, Any], shown: Sequence[Hit]) -> ToolResult:
        """The passages found, those shown before among them."""
        del shown
        (hits,) = await self.retriever.retrieve([arguments["query"]], self.k)
        return ToolResult(hits=tuple(hits))
