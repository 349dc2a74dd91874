"""The OpenAI interface's chat completions: what is asked, and answers in its form."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ragreason.errors import ConfigError
from ragreason.types import Answer, Turn, Usage


class ContentPart(BaseModel):
    """A piece of a message. Only text is read."""

    model_config = ConfigDict(extra="ignore")
    type: str
    text: str = ""


class ChatMessage(BaseModel):
    """A message. Fields that are not named here are passed over."""

    model_config = ConfigDict(extra="ignore")
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[ContentPart] | None = None

    @property
    def text(self) -> str:
        """Its text, parts joined. Raises ConfigError for what is no text."""
        if isinstance(self.content, list):
            others = sorted({p.type for p in self.content if p.type not in {"text", "refusal"}})
            if others:
                raise ConfigError(f"a message holds {', '.join(others)}; only text is understood")
            return "".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    """Whether a stream ends with the usage."""

    model_config = ConfigDict(extra="ignore")
    include_usage: bool = False


class ChatRequest(BaseModel):
    """A request. How an answer is sampled is the graph's matter: temperature and the like are
    passed over.
    """

    model_config = ConfigDict(extra="ignore")
    model: str
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=2000)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None


def asked(messages: Sequence[ChatMessage]) -> tuple[str, tuple[Turn, ...]]:
    """The last question and the conversation before it. Instructions of the system are not part of
    it. Raises ConfigError where the last message is not the user's.
    """
    said = [m for m in messages if m.role in {"user", "assistant"}]
    if not said or said[-1].role != "user":
        raise ConfigError("the last message must be the user's question")
    turns: list[Turn] = []
    for message in said[:-1]:
        if message.role == "user":
            turns.append(Turn(question=message.text))
        elif turns and not turns[-1].answer:
            turns[-1] = Turn(question=turns[-1].question, answer=message.text)
    return said[-1].text, tuple(turns)


def content_of(answer: Answer) -> str:
    """The answer as a person reads it, with `[n]` marks where it is cited."""
    if answer.abstained:
        missing = f" What is missing: {'; '.join(answer.missing)}." if answer.missing else ""
        return f"The documents don't answer this.{missing}"
    return answer.cited or answer.text


def annotations_of(answer: Answer, content: str, passages: str) -> list[dict[str, Any]]:
    """One annotation a citation, at its `[n]` in the content. `passages` is where passages can be
    read, to which an id is appended.
    """
    found = []
    for citation in answer.citations:
        mark = f"[{citation.number}]"
        start = content.find(mark)
        begin, end = (start, start + len(mark)) if start >= 0 else (0, len(content))
        told = {
            "start_index": begin,
            "end_index": end,
            "title": citation.title,
            "url": f"{passages}{citation.passage_id}",
        }
        found.append({"type": "url_citation", "url_citation": told})
    return found


def usage_of(usage: Usage) -> dict[str, Any]:
    """What was spent. Verifiers' tokens count as prompt tokens."""
    prompt = usage.prompt_tokens + usage.verifier_tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": prompt + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens or 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def error_of(message: str, kind: str = "invalid_request_error", code: Any = None) -> dict[str, Any]:
    """An error in the interface's form."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
