"""Replies of OpenAI-compatible servers as completions, whole or growing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ragreason.errors import EngineError
from ragreason.generation.openai_thinking import counted_apart, reasoning_of
from ragreason.generation.openai_tools import GrowingCalls, calls_of
from ragreason.generation.text import certain, cut_at_stop
from ragreason.types import Completion, FinishReason, Request, Usage


class UnreadableReplyError(Exception):
    """The server sent something else than a reply: its fault, so another one may do better."""


def completions_of(reply: Any, request: Request, *, cuts: bool) -> list[Completion]:
    """A whole reply's `request.n` completions; `cuts`: its texts are cut at stop strings here.

    Raises EngineError for another number of them, a refusal, or a reply that ended otherwise than
    by itself or its length; UnreadableReplyError for what is no reply at all.
    """
    with _readable():
        choices = sorted(reply.choices or [], key=lambda choice: choice.index)
        if len(choices) != request.n:
            raise EngineError(f"{len(choices)} samples came, {request.n} were asked")
        usages = shared_usage(reply.usage, request.n)
        told = _told(reply.usage, request.n)
        return [
            _completion(choice, request, usage, told, cuts=cuts)
            for choice, usage in zip(choices, usages, strict=True)
        ]


@dataclass
class GrowingReply:
    """A streamed reply as far as it has come. `shown` is the text that was passed on."""

    request: Request
    cuts: bool = False
    shown: str = ""
    _text: str = ""
    _thought: str = ""
    _tokens: list[Any] = field(default_factory=list)
    _calls: GrowingCalls = field(default_factory=GrowingCalls)
    _reason: str = ""
    _usage: Any = None

    def add(self, event: Any) -> str:
        """The text that is certain now and was not before. Raises UnreadableReplyError."""
        with _readable():
            self._usage = event.usage or self._usage
            for choice in event.choices:
                self._tokens += _tokens(choice)
                self._reason = choice.finish_reason or self._reason
                self._thought += reasoning_of(choice.delta)
                self._calls.add(choice.delta)
                self._text += choice.delta.content or ""
        stop = self.request.stop if self.cuts else ()
        new = certain(cut_at_stop(self._text, stop), stop)[len(self.shown) :]
        self.shown += new
        return new

    def completion(self) -> Completion:
        """The whole. Raises EngineError if it ended otherwise than by itself or its length;
        UnreadableReplyError if it was cut off before it gave any text.
        """
        if not self._reason and not self.shown:
            raise UnreadableReplyError
        text = cut_at_stop(self._text, self.request.stop) if self.cuts else self._text
        with _readable():
            usage = shared_usage(self._usage, 1)[0]
            return Completion(
                text=text,
                tool_calls=self._calls.done(),
                reasoning=self._thought.strip(),
                finish_reason=_finish(self._reason),
                usage=counted_apart(usage, _told(self._usage, 1), self._thought, text),
                **_probabilities(self.request, self._tokens),
            )


def shared_usage(usage: Any, n: int) -> list[Usage]:
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


@contextmanager
def _readable() -> Iterator[None]:
    """The client checks no types and passes on text that is no JSON: what does not have a reply's
    form is found where it is read.
    """
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableReplyError from error


def _completion(
    choice: Any, request: Request, usage: Usage, told: int | None, *, cuts: bool
) -> Completion:
    if getattr(choice.message, "refusal", None):
        raise EngineError(f"the model refused: {choice.message.refusal}")
    text, thought = choice.message.content or "", reasoning_of(choice.message)
    return Completion(
        text=cut_at_stop(text, request.stop) if cuts else text,
        tool_calls=calls_of(choice.message),
        reasoning=thought.strip(),
        finish_reason=_finish(choice.finish_reason),
        usage=counted_apart(usage, told, thought, text),
        **_probabilities(request, _tokens(choice)),
    )


def _finish(reason: str | None) -> FinishReason:
    if reason in {"stop", "length", "tool_calls"}:
        return "length" if reason == "length" else "stop"
    raise EngineError(f"the server ended the reply with '{reason or 'nothing'}'")


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
