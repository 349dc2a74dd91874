"""An engine that says what a script says: for tests, docs, and trying graphs without a model."""

import asyncio
import hashlib
import json
import math
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ragreason.errors import ConfigError, ContextOverflowError, EngineError
from ragreason.generation import constraints, examples
from ragreason.generation.seeds import mixed
from ragreason.generation.text import cut_at_stop, prompt_text
from ragreason.protocols import Capability, Chunk
from ragreason.types import Completion, Request, ToolCall, Usage

Reply = str | Sequence[str] | Callable[[Request], str | Sequence[str]]
"""A text; several, of which sampling takes different ones; or a function that gives either."""
When = str | Callable[[Request], bool]
"""A part of the prompt or prefill, or a test of the request."""

_WORD = re.compile(r"\s*\S+|\s+$")
_CALL = re.compile(r"\s*<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)


class Scripted:
    """Answers by the first of `rules` that fits, else by the next of `replies`, else `default`.

    Tokens are whitespace-separated words. At temperature 0 a rule's first text is taken; above,
    sample i takes text number hash(seed) + i. A text that does not fit the request's JSON schema or
    regex is replaced by the smallest one that does. A word's log-probability is ln 0.6 if it stands
    in the prompt, else ln 0.05; the most likely words at a place are those of the rule's texts that
    go on from the same words. Where a request has tools, `<tool_call>{"name": "search",
    "arguments": {...}}</tool_call>` in a text is a call. `requests`, `calls` and
    `peak` (most requests at once) tell what happened; `latency_s` is waited for each request.

    >>> engine = Scripted(rules=[("capital", "Paris"), (lambda r: r.n > 1, ["yes", "no"])])
    """

    capabilities: frozenset[Capability] = frozenset(get_args(Capability)) - {
        "cached",
        "thinking",
        "think_tags",
    }

    def __init__(
        self,
        replies: Sequence[str] = (),
        *,
        rules: Sequence[tuple[When, Reply]] = (),
        default: Reply | None = None,
        latency_s: float = 0.0,
        context: int = 8192,
        capabilities: frozenset[Capability] = capabilities,
        model: str = "script",
    ) -> None:
        self.name = f"scripted:{model}"
        self.context = context
        self.capabilities = capabilities
        self.requests: list[Request] = []
        self.calls = 0
        self.peak = 0
        self.closed = False
        self._rules = tuple(rules)
        self._replies = list(replies)
        self._default = default
        self._latency_s = latency_s
        self._running = 0

    async def generate(self, request: Request) -> list[Completion]:
        """Completions as the script says. Raises EngineError if it says nothing."""
        constraints.check(request)
        with self._counted(request):
            await asyncio.sleep(self._latency_s)
            prompt_tokens = self._fitting(request)
            found, known = self._texts(request)
            texts = [self._constrained(request, text) for text in found]
            usages = [Usage(prompt_tokens=prompt_tokens, calls=1), *([Usage()] * (request.n - 1))]
            return [_completion(request, t, u, known) for t, u in zip(texts, usages, strict=True)]

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """One chunk a word, and a last one with the completion."""
        if request.n != 1:
            raise ConfigError(f"a stream has one sample, the request asks for n={request.n}")
        (completion,) = await self.generate(request)
        for word in _WORD.findall(completion.text):
            yield Chunk(word)
        yield Chunk("", completion)

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """Sums of the words' log-probabilities."""
        with self._counted(request):
            await asyncio.sleep(self._latency_s)
            self._fitting(request)
            words = [_WORD.findall(text) for text in continuations]
            return [sum((_logprob(request, w) for w in found), 0.0) for found in words]

    async def count_tokens(self, request: Request) -> int:
        """Words of the messages and the prefill."""
        return len(prompt_text(request).split())

    async def aclose(self) -> None:
        """Only notes that it was called."""
        self.closed = True

    @contextmanager
    def _counted(self, request: Request) -> Iterator[None]:
        self.requests.append(request)
        self.calls += 1
        self._running += 1
        self.peak = max(self.peak, self._running)
        try:
            yield
        finally:
            self._running -= 1

    def _fitting(self, request: Request) -> int:
        tokens = len(prompt_text(request).split())
        if tokens >= self.context:
            raise ContextOverflowError(tokens, self.context)
        return tokens

    def _texts(self, request: Request) -> tuple[list[str], list[str]]:
        """`request.n` texts, and all that could have been chosen."""
        prompt = prompt_text(request)
        for when, reply in self._rules:
            if when in prompt if isinstance(when, str) else when(request):
                return _chosen(reply, request)
        if self._replies:
            if len(self._replies) < request.n:
                raise EngineError(f"{self.name}: {request.n} replies wanted, fewer are left")
            texts = [self._replies.pop(0) for _ in range(request.n)]
            return texts, texts
        if self._default is None:
            raise EngineError(
                f"{self.name}: no rule fits and no reply is left for the prompt that ends with "
                f"{prompt[-80:]!r}; add a rule or a default"
            )
        return _chosen(self._default, request)

    def _constrained(self, request: Request, text: str) -> str:
        schema, regex = request.json_schema, request.regex
        if schema is not None and not examples.matches_schema(text, schema):
            return examples.from_schema(schema)
        if regex is not None and not re.fullmatch(regex, text):
            return examples.from_regex(regex)
        return text


def _chosen(reply: Reply, request: Request) -> tuple[list[str], list[str]]:
    said = reply(request) if callable(reply) else reply
    texts = [said] if isinstance(said, str) else list(said)
    if request.temperature == 0:
        return [texts[0]] * request.n, texts
    first = mixed(request.seed or 0)
    return [texts[(first + i) % len(texts)] for i in range(request.n)], texts


def _completion(request: Request, text: str, usage: Usage, known: Sequence[str]) -> Completion:
    cut = cut_at_stop(text, request.stop)
    words = _WORD.findall(cut)
    kept = words[: request.max_tokens]
    text, calls = _called("".join(kept)) if request.tools else ("".join(kept), ())
    return Completion(
        text=text,
        tool_calls=calls,
        token_ids=tuple(map(_token_id, kept)),
        finish_reason="stop" if len(kept) == len(words) else "length",
        logprobs=tuple(_logprob(request, w) for w in kept) if request.logprobs else None,
        top_logprobs=_likeliest(request, kept, known) if request.top_logprobs else None,
        usage=usage + Usage(completion_tokens=len(kept)),
    )


def _called(text: str) -> tuple[str, tuple[ToolCall, ...]]:
    """What stands beside the calls in a text, and the calls; one that is no JSON has no name."""
    calls: list[ToolCall] = []
    for written in _CALL.findall(text):
        try:
            found = json.loads(written)
            arguments = json.dumps(found["arguments"], ensure_ascii=False)
            call = ToolCall(name=found["name"], arguments=arguments)
        except (ValueError, KeyError, TypeError):
            call = ToolCall(name="", arguments=written)
        calls.append(call.model_copy(update={"id": f"call_{len(calls)}"}))
    return _CALL.sub("", text), tuple(calls)


def _likeliest(
    request: Request, words: Sequence[str], known: Sequence[str]
) -> tuple[tuple[tuple[str, float], ...], ...]:
    """At each place the words that follow the same beginning in a known text, likeliest first."""
    texts = [_WORD.findall(cut_at_stop(text, request.stop)) for text in known]
    places = []
    for i, word in enumerate(words):
        others = [found[i] for found in texts if len(found) > i and found[:i] == words[:i]]
        scored = [(w, _logprob(request, w)) for w in dict.fromkeys([word, *others])]
        places.append(tuple(sorted(scored, key=lambda s: -s[1])[: request.top_logprobs]))
    return tuple(places)


def _token_id(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=3).digest(), "big")


def _logprob(request: Request, word: str) -> float:
    return math.log(0.6 if word.strip() in prompt_text(request) else 0.05)


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid")
    when: str
    reply: str | Annotated[list[str], Field(min_length=1)]


class _Script(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rules: list[_Rule] = []
    replies: list[str] = []
    default: str | None = None
    latency_s: Annotated[float, Field(ge=0)] = 0.0
    context: Annotated[int, Field(ge=1)] = 8192


def load_script(path: Path) -> Scripted:
    """A scripted engine from a YAML file with `rules` (`when`, `reply`), `replies`, `default`,
    `latency_s` and `context`. Raises ConfigError that names the file and what is wrong.
    """
    try:
        loaded: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        if loaded is None:
            loaded = {}
        if not isinstance(loaded, dict):
            raise ConfigError(
                f"{path}: not a script; expected a YAML mapping with some of "
                f"{', '.join(_Script.model_fields)}, but it holds a {_yaml_kind(loaded)}"
            )
        script = _Script.model_validate(loaded)
    except OSError as error:
        raise ConfigError(f"no script at '{path}'; expected a YAML file") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}".replace("\n", " ")) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ConfigError(f"{path}: {place}: {first['msg']}") from error
    return Scripted(
        script.replies,
        rules=[(r.when, r.reply) for r in script.rules],
        default=script.default,
        latency_s=script.latency_s,
        context=script.context,
        model=path.stem,
    )


def _yaml_kind(loaded: Any) -> str:
    return "list" if isinstance(loaded, list) else f"single value: {str(loaded)[:40]!r}"
