"""A chat model of LangChain that says what a script says."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable

from ragreason.generation.scripted import Scripted
from ragreason.generation.text import prompt_text
from ragreason.types import Completion, Message, Request

ROLES: dict[str, Any] = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool"}


class FakeChat(BaseChatModel):
    """`given` holds what each call was given. `deaf`: it does not heed stop strings; `mute`: it
    does not tell its usage.
    """

    script: Any
    deaf: bool = False
    mute: bool = False
    given: list[dict[str, Any]] = []  # noqa: RUF012 - a field of Pydantic's

    @property
    def _llm_type(self) -> str:
        return "fake"

    async def _agenerate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, *_: Any, **kwargs: Any
    ) -> ChatResult:
        completion = await self._said(messages, stop, kwargs)
        message = AIMessage(
            content=completion.text,
            response_metadata={"finish_reason": completion.finish_reason},
            usage_metadata=self._usage(completion),
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _astream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, *_: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        completion = await self._said(messages, stop, kwargs)
        for piece in re.findall(r"\s*\S+", completion.text):
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        last = AIMessageChunk(
            content="",
            response_metadata={"finish_reason": completion.finish_reason},
            usage_metadata=self._usage(completion),
        )
        yield ChatGenerationChunk(message=last)

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return asyncio.run(self._agenerate(messages, *args, **kwargs))

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        raise NotImplementedError

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self.bind(tools=tools, **kwargs)

    async def _said(
        self, messages: list[BaseMessage], stop: list[str] | None, given: dict[str, Any]
    ) -> Completion:
        self.given.append({**given, "stop": stop, "messages": messages})
        request = Request(
            messages=tuple(Message(role=ROLES[m.type], content=str(m.text)) for m in messages),
            stop=() if self.deaf else tuple(stop or ()),
            **{key: given[key] for key in ("max_tokens", "temperature", "seed") if key in given},
        )
        (completion,) = await self.script.generate(request)
        found: Completion = completion
        return found

    def _usage(self, completion: Completion) -> UsageMetadata | None:
        if self.mute:
            return None
        usage = completion.usage
        return {
            "input_tokens": usage.prompt_tokens,
            "output_tokens": usage.completion_tokens,
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        }


def fake(script: Scripted, **fields: Any) -> FakeChat:
    """A model over the script."""
    return FakeChat(script=script, given=[], **fields)


def words(request: Request) -> int:
    """Tokens as the script counts them."""
    return len(prompt_text(request).split())
