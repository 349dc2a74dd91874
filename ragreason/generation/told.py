"""What a call of an engine says of itself in a trace."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from time import perf_counter
from typing import Any

from ragreason import ledger, spans
from ragreason.protocols import Generator
from ragreason.types import Completion, Request, Usage


def calling(engine: Generator, request: Request, *, stream: bool = False) -> "Call":
    """The span of a call, to be entered around it."""
    return Call(engine, request, stream=stream)


class Call:
    """A call under way. Without tracing it does nothing."""

    def __init__(self, engine: Generator, request: Request, *, stream: bool) -> None:
        self._on = spans.on()
        self._told = spans.Told()
        self._started_s = perf_counter()
        self._first = True
        self._span: AbstractContextManager[spans.Told] | None = None
        if self._on:
            provider, _, model = engine.name.partition(":")
            asked = _asked(request, stream=stream)
            named = {"gen_ai__provider__name": provider, "gen_ai__request__model": model}
            self._span = spans.leaf("chat", model, **named, **asked)
            self._request = request

    def __enter__(self) -> "Call":
        if self._span is not None:
            self._told = self._span.__enter__()
            messages = [m.model_dump(exclude_defaults=True) for m in self._request.messages]
            self._told.quote(gen_ai__input__messages=messages)
        return self

    def __exit__(self, *error: Any) -> None:
        if self._span is not None:
            self._span.__exit__(*error)

    def piece(self) -> None:
        """A piece of a stream has come."""
        if self._on and self._first:
            self._first = False
            first_s = perf_counter() - self._started_s
            self._told.say(gen_ai__response__time_to_first_chunk=first_s)

    def came(self, completions: Sequence[Completion], usage: Usage) -> None:
        """The reply is there, and what it cost."""
        if self._on:
            self.cost(usage)
            self._told.say(gen_ai__response__finish_reasons=[c.finish_reason for c in completions])
            self._told.quote(gen_ai__output__messages=[c.text for c in completions])

    def cost(self, usage: Usage) -> None:
        """What was spent."""
        if self._on:
            self._told.say(
                gen_ai__usage__input_tokens=usage.prompt_tokens,
                gen_ai__usage__output_tokens=usage.completion_tokens,
                gen_ai__usage__cache_read__input_tokens=usage.cached_tokens,
                gen_ai__usage__reasoning__output_tokens=usage.reasoning_tokens or None,
                ragreason__response_cache=bool(usage.cache_hits) or None,
            )


def _asked(request: Request, *, stream: bool) -> dict[str, Any]:
    return {
        "gen_ai__request__temperature": request.temperature,
        "gen_ai__request__top_p": request.top_p,
        "gen_ai__request__max_tokens": request.max_tokens,
        "gen_ai__request__seed": request.seed,
        "gen_ai__request__stop_sequences": list(request.stop) or None,
        "gen_ai__request__choice__count": None if request.n == 1 else request.n,
        "gen_ai__request__stream": stream or None,
        "ragreason__role": ledger.role(),
    }
