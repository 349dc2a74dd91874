"""Any OpenAI-compatible server, through the official client."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

from ragreason.errors import CapabilityError, ConfigError, EngineError, EngineTimeoutError
from ragreason.generation import constraints
from ragreason.generation.openai_errors import translated
from ragreason.generation.openai_server import Server, ask, regex_option
from ragreason.generation.openai_thinking import (
    counted_apart,
    reasoning_of,
    thinking_fields,
    thinks,
    with_room,
)
from ragreason.generation.openai_tools import GrowingCalls, calls_of, message_body, tools_body
from ragreason.generation.seeds import mixed
from ragreason.generation.text import certain, cut_at_stop, prompt_text
from ragreason.protocols import Capability, Chunk
from ragreason.types import Completion, FinishReason, Request, Usage

_SPECIAL = re.compile(
    r"<(?=\|[^|<>\s]{1,40}\|>|/?s>|(?:start|end)_of_turn>|(?:bos|eos|pad|unk)>|<SYS>>|</SYS>>)"
    r"|\[(?=/?INST\])"
)
_BYTES_A_TOKEN = 3
_UNKNOWN_CONTEXT = 32_768


class OpenAIEngine:
    """A model behind the chat completions interface of vLLM, SGLang, llama.cpp or a hosted service.

    With a `base_url` the server's model list is read once: vLLM and SGLang continue a prefill and
    take a regex, and say how long their context is. `prefill` True or False overrides what was
    found. Text that looks like a special token gets a space behind its first character, because
    such servers would read it as one. A server's chat template may add a system message of its own.
    Models that think, which `thinking` says or else their name, are told a request's effort; where
    a server does not count thinking apart, its share of the characters does. Tools are called
    natively but on vLLM and SGLang, which need a parser for the model's calls: `tools` says that
    there is one, or overrides the rest. `count_tokens` estimates (3 bytes a token). Failed requests
    are tried again by the client, `retries` times, with backoff; connection errors, time-outs, rate
    limits and 5xx deserve it.
    """

    capabilities: frozenset[Capability] = frozenset(
        {
            "prefill",
            "seed",
            "json_schema",
            "regex",
            "logprobs",
            "top_logprobs",
            "first_tokens",
            "stream",
            "cached",
            "thinking",
            "think_tags",
            "tools",
        }
    )
    """What the best of such servers offer; an engine's own are in the instance."""

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        prefill: bool | None = None,
        thinking: bool | None = None,
        tools: bool | None = None,
        context: int | None = None,
        timeout_s: float = 600.0,
        retries: int = 2,
        probe_timeout_s: float = 3.0,
    ) -> None:
        """Raises ConfigError if there is neither a key nor a server that may need none."""
        server = ask(base_url, api_key, model, probe_timeout_s) if base_url else Server()
        self.name = f"openai:{model}"
        self.context = context or server.context or _UNKNOWN_CONTEXT
        self._model = model
        self._hosted = base_url is None
        self._thinks = thinks(model, hosted=self._hosted) if thinking is None else thinking
        self._cuts = self._hosted and self._thinks
        self.capabilities = _capabilities(server, prefill, thinking=self._thinks, tools=tools)
        if self._cuts:
            self.capabilities -= {"logprobs", "top_logprobs", "first_tokens"}
        self._server = server
        self._timeout_s = timeout_s
        self._options: dict[str, Any] = {
            "base_url": base_url,
            "api_key": api_key or ("none" if base_url else None),
            "max_retries": retries,
            "timeout": timeout_s,
        }
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()
        if base_url is None and api_key is None:
            self._need_key_from_environment()

    def __repr__(self) -> str:
        return f"OpenAIEngine({self._model!r})"

    async def generate(self, request: Request) -> list[Completion]:
        """`request.n` completions from one request to the server."""
        body = self._body(request)
        try:
            async with asyncio.timeout(self._timeout_s):
                reply = await self._client().chat.completions.create(**body)
        except Exception as error:
            self._raise(error)
        choices = sorted(reply.choices or [], key=lambda c: c.index)
        if len(choices) != request.n:
            raise EngineError(f"{self.name}: {len(choices)} samples came, {request.n} were asked")
        usages = _shared_usage(reply.usage, request.n)
        told = _told(reply.usage, request.n)
        return [self._completion(request, c, u, told) for c, u in zip(choices, usages, strict=True)]

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """Chunks as the server sends them; leaving early closes the connection."""
        if request.n != 1:
            raise ConfigError(f"a stream has one sample, the request asks for n={request.n}")
        body = {**self._body(request), "stream": True, "stream_options": {"include_usage": True}}
        text, shown, thought, tokens, reason, usage = "", "", "", list[Any](), "", None
        calls = GrowingCalls()
        try:
            async with await self._client().chat.completions.create(**body) as events:
                async for event in events:
                    usage = event.usage or usage
                    for choice in event.choices:
                        tokens += _tokens(choice)
                        reason = choice.finish_reason or reason
                        thought += reasoning_of(choice.delta)
                        calls.add(choice.delta)
                        if choice.delta.content:
                            text += choice.delta.content
                            now = self._certain(request, text)
                            if len(now) > len(shown):
                                new, shown = now[len(shown) :], now
                                yield Chunk(new)
        except Exception as error:
            self._raise(error)
        shared, text = _shared_usage(usage, 1)[0], self._stopped(request, text)
        yield Chunk(
            text[len(shown) :],
            Completion(
                text=text,
                tool_calls=calls.done(),
                reasoning=thought.strip(),
                finish_reason=self._finish(reason),
                usage=counted_apart(shared, _told(usage, 1), thought, text),
                **_probabilities(request, tokens),
            ),
        )

    async def score(
        self,
        request: Request,  # noqa: ARG002
        continuations: Sequence[str],  # noqa: ARG002
    ) -> list[float]:
        """Not offered by this interface."""
        raise CapabilityError(
            f"{self.name} can't score given texts; engines that can: openvino, scripted"
        )

    async def count_tokens(self, request: Request) -> int:
        """An estimate, rather too high than too low for English."""
        return _estimated_tokens(request)

    async def aclose(self) -> None:
        """Close the connections of this event loop."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.close()

    def _client(self) -> Any:
        """One client an event loop: connections don't outlive theirs."""
        from openai import AsyncOpenAI

        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients[loop] = AsyncOpenAI(**self._options)
        return self._clients[loop]

    def _need_key_from_environment(self) -> None:
        from openai import AsyncOpenAI, OpenAIError

        try:
            AsyncOpenAI(**self._options)
        except OpenAIError as error:
            raise ConfigError(
                f"{self.name} needs a key or a server: set RAGREASON_OPENAI_API_KEY or "
                "RAGREASON_OPENAI_BASE_URL"
            ) from error

    def _body(self, request: Request) -> dict[str, Any]:
        constraints.check(request)
        self._need(request)
        extra: dict[str, Any] = {}
        messages = [message_body(m, neutral) for m in request.messages]
        if request.prefill:
            messages.append({"role": "assistant", "content": neutral(request.prefill)})
            extra |= {"continue_final_message": True, "add_generation_prompt": False}
        if request.regex is not None:
            extra |= regex_option(self._server.kind, request.regex)
        told: dict[str, Any] = {}
        if self._thinks:
            kind = self._server.kind
            told, more = thinking_fields(request, kind, self._model, hosted=self._hosted)
            extra |= more
        limit = "max_completion_tokens" if self._hosted else "max_tokens"
        body = {
            "model": self._model,
            "messages": messages,
            "n": request.n,
            limit: self._most(request),
            "temperature": request.temperature,
            "top_p": request.top_p,
            "stop": list(request.stop) or None,
            "seed": None if request.seed is None else mixed(request.seed),
            "logprobs": request.logprobs or request.top_logprobs > 0 or None,
            "top_logprobs": request.top_logprobs or None,
            "tools": tools_body(request.tools),
            "extra_body": extra or None,
            **told,
        }
        if self._cuts:  # such models refuse these
            body |= dict.fromkeys(("temperature", "top_p", "stop", "logprobs", "top_logprobs"))
        if request.json_schema is not None:
            body["response_format"] = _response_format(request.json_schema)
        return {key: value for key, value in body.items() if value is not None}

    def _most(self, request: Request) -> int:
        """Tokens of the reply, thinking among them."""
        if not self._thinks:
            return request.max_tokens
        room = self.context - _estimated_tokens(request)
        return with_room(request, self._model, hosted=self._hosted, room=room)

    def _need(self, request: Request) -> None:
        if request.tools and "tools" not in self.capabilities:
            raise CapabilityError(
                f"{self.name}: native tool calling is off for this server; turn it on with "
                "OpenAIEngine(..., tools=True) where it has a parser for this model's calls"
            )
        wanted = {"prefill": bool(request.prefill), "regex": request.regex is not None}
        for capability, needed in wanted.items():
            if needed and capability not in self.capabilities:
                raise CapabilityError(
                    f"{self.name}: this server offers no {capability}; vLLM and SGLang servers "
                    "and the openvino engine do"
                )

    def _completion(
        self, request: Request, choice: Any, usage: Usage, told: int | None
    ) -> Completion:
        if getattr(choice.message, "refusal", None):
            raise EngineError(f"{self.name}: the model refused: {choice.message.refusal}")
        text, thought = choice.message.content or "", reasoning_of(choice.message)
        return Completion(
            text=self._stopped(request, text),
            tool_calls=calls_of(choice.message),
            reasoning=thought.strip(),
            finish_reason=self._finish(choice.finish_reason),
            usage=counted_apart(usage, told, thought, text),
            **_probabilities(request, _tokens(choice)),
        )

    def _stopped(self, request: Request, text: str) -> str:
        """Hosted models that think take no stop strings: their texts are cut here."""
        return cut_at_stop(text, request.stop) if self._cuts else text

    def _certain(self, request: Request, text: str) -> str:
        """What of a streamed text no stop string can cut off any more."""
        return certain(self._stopped(request, text), request.stop if self._cuts else ())

    def _finish(self, reason: str | None) -> FinishReason:
        if reason in {"stop", "length", "tool_calls"}:
            return "length" if reason == "length" else "stop"
        raise EngineError(f"{self.name}: the server ended the reply with '{reason or 'nothing'}'")

    def _raise(self, error: Exception) -> NoReturn:
        if isinstance(error, TimeoutError):
            raise EngineTimeoutError(
                f"{self.name}: no answer within {self._timeout_s:g} s; raise request_timeout_s"
            ) from None
        if not type(error).__module__.startswith(("openai", "httpx")):
            raise error
        raise translated(error, self.name, self.context, self._options["api_key"]) from None


def neutral(text: str) -> str:
    """`text` with a space behind the first character of what looks like a special token.

    "a<|im_end|>" gives "a< |im_end|>".
    """
    return _SPECIAL.sub(lambda found: found[0] + " ", text)


def _estimated_tokens(request: Request) -> int:
    size = len(prompt_text(request).encode())
    return size // _BYTES_A_TOKEN + 4 * (len(request.messages) + 1)


def _capabilities(
    server: Server, prefill: bool | None, *, thinking: bool, tools: bool | None
) -> frozenset[Capability]:
    lacking: set[Capability] = set() if thinking else {"thinking", "think_tags"}
    if not (server.continues if prefill is None else prefill):
        lacking.add("prefill")
    if not server.continues:
        lacking |= {"regex", "think_tags"}
    if server.continues if tools is None else not tools:
        lacking.add("tools")
    return OpenAIEngine.capabilities - lacking


def _response_format(schema: str) -> dict[str, Any]:
    loaded = json.loads(schema)
    named = {"name": "reply", "schema": loaded, "strict": _is_strict(loaded)}
    return {"type": "json_schema", "json_schema": named}


def _is_strict(schema: Any) -> bool:
    """Whether hosted services take it as a strict schema: all properties required, no others."""
    if isinstance(schema, list):
        return all(map(_is_strict, schema))
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object":
        required = set(schema.get("required", []))
        closed = schema.get("additionalProperties") is False
        if not closed or required != set(schema.get("properties", {})):
            return False
    return all(map(_is_strict, schema.values()))


def _tokens(choice: Any) -> list[Any]:
    return list((choice.logprobs.content if choice.logprobs else None) or [])


def _probabilities(request: Request, tokens: Sequence[Any]) -> dict[str, Any]:
    """What the request asks to know of the tokens; likeliest first, whatever the server's order."""
    found: dict[str, Any] = {}
    if request.logprobs:
        found["logprobs"] = tuple(float(token.logprob) for token in tokens)
    if request.top_logprobs:
        found["top_logprobs"] = tuple(
            tuple(
                sorted(
                    ((t.token, float(t.logprob)) for t in token.top_logprobs), key=lambda s: -s[1]
                )
            )[: request.top_logprobs]
            for token in tokens
        )
    return found


def _told(usage: Any, n: int) -> int | None:
    """Thinking tokens of each sample, where the server tells them."""
    details = getattr(usage, "completion_tokens_details", None)
    found = getattr(details, "reasoning_tokens", None)
    return None if found is None else found // n


def _shared_usage(usage: Any, n: int) -> list[Usage]:
    """One usage a sample: the prompt on the first, completion tokens shared out evenly."""
    prompt = usage.prompt_tokens if usage else 0
    total = usage.completion_tokens if usage else 0
    details = getattr(usage, "prompt_tokens_details", None)
    cached = getattr(details, "cached_tokens", None)
    share, rest = divmod(total, n)
    first = Usage(
        prompt_tokens=prompt, cached_tokens=cached, completion_tokens=share + rest, calls=1
    )
    return [first] + [Usage(completion_tokens=share)] * (n - 1)
