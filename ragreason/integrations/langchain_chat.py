"""Any chat model of LangChain as an engine."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from ragreason.errors import (
    CapabilityError,
    ConfigError,
    ContextOverflowError,
    EngineError,
)
from ragreason.generation import constraints
from ragreason.generation.openai_request import estimated_tokens
from ragreason.generation.seeds import mixed
from ragreason.generation.text import certain, cut_at_stop
from ragreason.integrations.langchain_messages import completion_of, functions_of, messages_of
from ragreason.protocols import Capability, Chunk
from ragreason.types import Completion, Message, Request, Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Count = Callable[[Request], int]
_FIELDS: Mapping[str, str] = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
}


class ChatModelEngine:
    """A LangChain chat model as a `Generator`; the model stays the caller's.

    `fields` renames what is passed to the model, or leaves it out: {"max_tokens": "num_predict",
    "top_p": ""}. `seeds` and `tools` say what the model can do, as it does not tell: whether it
    takes a seed, and whether `bind_tools` works. `n` samples are `n` calls, with a seed each; all
    their prompts are counted, on the first. `count` counts a prompt's tokens; by default they are
    estimated from its length, as are those that the model does not report. Stop strings are passed
    on, and cut here in case it ignores them. `context` is the longest prompt plus reply, in tokens.
    """

    def __init__(
        self,
        model: "BaseChatModel",
        *,
        context: int = 8192,
        name: str = "",
        fields: Mapping[str, str] | None = None,
        seeds: bool = False,
        tools: bool = False,
        count: Count = estimated_tokens,
    ) -> None:
        unknown = (fields or {}).keys() - _FIELDS.keys()
        if unknown:
            raise ConfigError(f"no field '{min(unknown)}'; fields: {', '.join(_FIELDS)}")
        self.name = name or f"langchain:{_name_of(model)}"
        self.context = context
        self._model = model
        self._fields = {**_FIELDS, **(fields or {})}
        self._count = count
        offered = {"stream": True, "seed": seeds, "tools": tools}
        able: tuple[Capability, ...] = ("stream", "seed", "tools")
        self.capabilities: frozenset[Capability] = frozenset(c for c in able if offered[c])

    async def generate(self, request: Request) -> list[Completion]:
        """Completions in order. Raises CapabilityError, ContextOverflowError, EngineError."""
        self._check(request)
        asked = [self._once(request, sample) for sample in range(request.n)]
        first, *rest = await asyncio.gather(*asked)
        prompts = sum(c.usage.prompt_tokens for c in (first, *rest))
        others = [c.model_copy(update={"usage": _without_prompt(c.usage)}) for c in rest]
        usage = first.usage.model_copy(update={"prompt_tokens": prompts})
        return [first.model_copy(update={"usage": usage}), *others]

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """Chunks as they come; the end of one is held back while it may grow into a stop string."""
        if request.n != 1:
            raise ConfigError(f"a stream has one sample, the request asks for n={request.n}")
        self._check(request)
        whole: Any = None
        given = ""
        try:
            source: Any = self._bound(request).astream(messages_of(request), **self._with(request))
            async with aclosing(source) as pieces:
                async for piece in pieces:
                    whole = piece if whole is None else whole + piece
                    text = cut_at_stop(str(whole.text), request.stop)
                    if text == str(whole.text):
                        text = certain(text, request.stop)
                    if len(text) > len(given):
                        yield Chunk(text[len(given) :])
                        given = text
        except Exception as error:
            raise self._failed(error) from error
        if whole is None:
            raise EngineError(f"{self.name}: the stream ended without a reply")
        completion = completion_of(whole, request.stop, self._guess(request, str(whole.text)))
        yield Chunk(completion.text[len(given) :], completion)

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """Raises CapabilityError: chat models tell no likelihoods of given texts."""
        del request, continuations
        raise CapabilityError(f"{self.name}: chat models of LangChain can't score texts")

    async def count_tokens(self, request: Request) -> int:
        """Of the prompt, by `count`."""
        return self._count(request)

    async def aclose(self) -> None:
        """Nothing: the model is the caller's."""

    async def _once(self, request: Request, sample: int) -> Completion:
        try:
            reply = await self._bound(request).ainvoke(
                messages_of(request), **self._with(request, sample)
            )
        except Exception as error:
            raise self._failed(error) from error
        return completion_of(reply, request.stop, self._guess(request, str(reply.text)))

    def _bound(self, request: Request) -> Any:
        return self._model.bind_tools(functions_of(request)) if request.tools else self._model

    def _with(self, request: Request, sample: int = 0) -> dict[str, Any]:
        """What the model is given beside the messages."""
        given: dict[str, Any] = {
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "top_p": request.top_p,
        }
        if "seed" in self.capabilities and request.seed is not None:
            given["seed"] = mixed(request.seed, sample) if request.n > 1 else request.seed
        named = {self._fields[key]: value for key, value in given.items() if self._fields[key]}
        return {**named, "stop": list(request.stop) or None}

    def _check(self, request: Request) -> None:
        constraints.check(request)
        asked = {
            "prefill": bool(request.prefill),
            "json_schema": request.json_schema is not None,
            "regex": request.regex is not None,
            "top_logprobs": request.top_logprobs > 0,
            "tools": bool(request.tools) and "tools" not in self.capabilities,
        }
        for capability, wanted in asked.items():
            if wanted:
                raise CapabilityError(f"{self.name}: this chat model offers no {capability}")
        tokens = self._count(request)
        if tokens >= self.context:
            raise ContextOverflowError(tokens, self.context)

    def _guess(self, request: Request, text: str) -> Usage:
        """What a call that does not tell its usage may have spent."""
        alone = Request(messages=(Message(role="assistant", content=text),))
        empty = Request(messages=(Message(role="assistant", content=""),))
        written = max(1, self._count(alone) - self._count(empty)) if text else 0
        return Usage(prompt_tokens=self._count(request), completion_tokens=written, calls=1)

    def _failed(self, error: Exception) -> EngineError:
        told = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return EngineError(f"{self.name}: {told}")


def _without_prompt(usage: Usage) -> Usage:
    return usage.model_copy(update={"prompt_tokens": 0, "calls": 0})


def _name_of(model: "BaseChatModel") -> str:
    named = getattr(model, "model_name", None) or getattr(model, "model", None)
    return str(named) if isinstance(named, str) and named else model._llm_type
