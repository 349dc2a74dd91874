"""One plain call of the model from a node."""

from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any, cast

from ragreason.errors import EngineError
from ragreason.events import TraceEvent
from ragreason.nodes.emit import emit
from ragreason.prompts import prompt
from ragreason.protocols import Generator
from ragreason.types import Completion, Message, Request


async def ask(
    engine: Generator,
    purpose: str,
    question: str,
    *,
    seed: int,
    max_tokens: int,
    stop: tuple[str, ...] = (),
    temperature: float = 0.0,
    opening: str = "",
    **parts: str,
) -> str:
    """The model's reply to the prompt `purpose`, white space stripped; see `sampled`."""
    (reply,) = await sampled(
        engine,
        purpose,
        question,
        seed=seed,
        max_tokens=max_tokens,
        stop=stop,
        temperature=temperature,
        opening=opening,
        parts=parts,
    )
    return reply.text


async def sampled(
    engine: Generator,
    purpose: str,
    question: str,
    *,
    seed: int,
    max_tokens: int,
    stop: tuple[str, ...] = (),
    temperature: float = 0.0,
    opening: str = "",
    n: int = 1,
    logprobs: bool = False,
    parts: Mapping[str, str],
    on_text: Callable[[str], None] | None = None,
) -> list[Completion]:
    """`n` replies to the prompt `purpose` as one request, white space stripped from their texts.

    Small models keep to a form far better when their reply is begun for them: `opening` is, on
    engines that can continue it, and is cut off replies that begin with it anyway. `logprobs` is
    for engines that can tell them. `on_text` is told the text of a single reply as it comes, from
    engines that stream. Raises ContextOverflowError and EngineError as the engine does.
    """
    request = Request(
        messages=(Message(role="user", content=prompt(purpose, question, **parts)),),
        prefill=opening if "prefill" in engine.capabilities else "",
        n=n,
        max_tokens=max_tokens,
        temperature=temperature,
        stop=stop,
        seed=seed,
        logprobs=logprobs and "logprobs" in engine.capabilities,
    )
    begun = opening.strip()
    if on_text is not None and n == 1 and "stream" in engine.capabilities:
        replies = [await _streamed(engine, request, _Begun(begun, on_text))]
    else:
        replies = await engine.generate(request)
    for reply in replies:
        if reply.reasoning:
            emit(TraceEvent(kind="thinking", text=reply.reasoning))
    return [
        reply.model_copy(update={"text": reply.text.strip().removeprefix(begun).strip()})
        for reply in replies
    ]


async def _streamed(engine: Generator, request: Request, begun: "_Begun") -> Completion:
    last: Completion | None = None
    async with aclosing(cast(Any, engine.stream(request))) as chunks:
        async for chunk in chunks:
            begun.feed(chunk.text)
            last = chunk.completion or last
    begun.finish()
    if last is None:
        raise EngineError(f"{engine.name}: the stream ended without a completion")
    return last


class _Begun:
    """Passes a text on as it comes, without white space before it and without its opening."""

    def __init__(self, opening: str, tell: Callable[[str], None]) -> None:
        self._opening = opening
        self._tell = tell
        self._held: str | None = ""

    def feed(self, text: str) -> None:
        """Take in the next piece."""
        if self._held is None:
            self._tell_some(text)
            return
        self._held += text
        shown = self._held.lstrip()
        if not self._opening.startswith(shown):
            self._held = None
            self._tell_some(shown.removeprefix(self._opening).lstrip())

    def finish(self) -> None:
        """The text is over: what looked like the beginning of the opening was none."""
        shown = (self._held or "").lstrip()
        if shown != self._opening:
            self._tell_some(shown)

    def _tell_some(self, text: str) -> None:
        if text:
            self._tell(text)
