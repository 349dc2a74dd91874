"""What MCP's tools take and give."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from ragreason.serving.chat_shapes import content_of
from ragreason.serving.mcp_corpus import uri_of
from ragreason.types import Answer, Hit, Passage, Value

SEARCH: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "minLength": 1, "maxLength": 1000},
        "k": {"type": "integer", "minimum": 1, "maximum": 50, "default": 5},
    },
    "required": ["query"],
    "additionalProperties": False,
}
OPEN: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "document": {
            "type": "string",
            "minLength": 1,
            "maxLength": 1000,
            "description": "a document's name or title, or a passage's id, as a search gave it",
        },
        "first": {
            "type": "integer",
            "minimum": 1,
            "default": 1,
            "description": "the passage to begin with: go on where a long document was cut",
        },
    },
    "required": ["document"],
    "additionalProperties": False,
}


def answer_schema(graphs: list[str], longest: int) -> dict[str, Any]:
    """What `answer` takes, where these graphs are served; the first is the default."""
    properties: dict[str, Any] = {
        "question": {"type": "string", "minLength": 1, "maxLength": longest},
        "graph": {
            "type": "string",
            "enum": graphs,
            "default": graphs[0],
            "description": "the method that answers",
        },
        "seed": {"type": "integer", "minimum": 0, "maximum": 2**53, "default": 0},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": ["question"],
        "additionalProperties": False,
    }


class FoundPassage(Value):
    """A passage. `uri` is the resource of its document, empty where it names none."""

    id: str
    title: str
    document: str
    uri: str
    text: str


class Found(Value):
    """What a search gave, best first."""

    passages: tuple[FoundPassage, ...] = ()

    @property
    def text(self) -> str:
        """For a model."""
        return "\n\n".join(map(_shown, self.passages)) or "nothing was found"


class Opened(Value):
    """A document's passages from `first` on; `next` is where to go on, None at its end."""

    document: str
    title: str
    uri: str
    passages: tuple[FoundPassage, ...] = ()
    first: int = 1
    next: int | None = None

    @property
    def text(self) -> str:
        """For a model."""
        rest = f"\n\n(it goes on: open it with first={self.next})" if self.next else ""
        return "\n\n".join(p.text for p in self.passages) + rest


class Cited(Value):
    """A citation, `[number]` in the text."""

    number: int
    title: str
    document: str
    uri: str
    passage_id: str
    quote: str


class Answered(Value):
    """An answer: short, and as a text with `[n]` marks; `tokens` are all that it took."""

    answer: str
    cited: str
    citations: tuple[Cited, ...] = ()
    abstained: bool = False
    missing: tuple[str, ...] = ()
    status: str = "ok"
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    graph: str
    tokens: int
    elapsed_s: float

    @property
    def text(self) -> str:
        """For a model: the cited answer and what its marks stand for."""
        marks = [f"[{c.number}] {c.title or c.document}: {c.quote}" for c in self.citations]
        return "\n".join([self.cited, *marks])


def found(hits: list[Hit]) -> Found:
    """Hits as a search gives them."""
    return Found(passages=tuple(shown(hit.passage) for hit in hits))


def shown(passage: Passage) -> FoundPassage:
    """A passage as tools give it."""
    return FoundPassage(
        id=passage.id,
        title=passage.title,
        document=passage.document,
        uri=uri_of(passage.document),
        text=passage.text,
    )


def answered(answer: Answer, graph: str) -> Answered:
    """An answer as the tool gives it."""
    citations = (
        Cited(
            number=c.number,
            title=c.title,
            document=c.document,
            uri=uri_of(c.document),
            passage_id=c.passage_id,
            quote=c.quote,
        )
        for c in answer.citations
    )
    return Answered(
        answer=answer.text,
        cited=content_of(answer),
        citations=tuple(citations),
        abstained=answer.abstained,
        missing=answer.missing,
        status=answer.status,
        confidence=answer.confidence,
        graph=graph,
        tokens=answer.usage.tokens,
        elapsed_s=answer.elapsed_s,
    )


def _shown(passage: FoundPassage) -> str:
    return f"{passage.title} (passage {passage.id}, document {passage.document})\n{passage.text}"
