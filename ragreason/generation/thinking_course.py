"""One course of thinking: capped, continued, and ended early where the answer is sure already.

The thinking is one stream, the cap its `max_tokens`. At the end of each thought the answer is
probed while the stream goes on with the next; a probe that is sure closes the stream, which frees
the engine. One probe is under way at a time, and thoughts are judged in order, so that the result
does not depend on how fast they come. What was generated is charged in any case.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from math import exp
from typing import Any, cast

from ragreason import ledger
from ragreason.errors import BudgetReachedError
from ragreason.generation.metered import read_and_generated
from ragreason.generation.scheduler import riding
from ragreason.generation.thinking_effort import Thought
from ragreason.generation.thinking_form import Form
from ragreason.generation.thinking_repeats import Repeats
from ragreason.protocols import Chunk, Generator
from ragreason.seeds import derive
from ragreason.types import Completion, Request, Usage

WAITS = 8
"""How often at most a model that stops is made to go on."""
PROBE_TOKENS = 16
_PROBE_AND_REPLY = 2
"""Calls."""


@dataclass(frozen=True)
class Ended:
    """What was thought, the request for the reply, and that reply where a probe gave it.

    `usage` holds all that was spent.
    """

    said: str
    replying: Request
    usage: Usage
    reply: Completion | None = None


@dataclass
class Course:
    """Thinks about one request. Make one for each sample."""

    engine: Generator
    form: Form
    effort: Thought
    cap: int
    said: str = ""
    usage: Usage = field(default_factory=Usage)
    _probe: "asyncio.Task[_Probed] | None" = None
    _begun: int = 0
    """Where the thought begins that is being thought."""
    _over: bool = False
    _repeats: Repeats = field(default_factory=Repeats)
    _repeated: int | None = None
    """Where it began to repeat itself."""
    _sure: "_Probed | None" = None

    async def run(self) -> Ended:
        """Think to the end. Raises BudgetReachedError, EngineError and so on as the engine does."""
        used, rounds = 0, 0
        try:
            while not self._over and used < self.cap:
                before = len(self.said)
                seed = self.form.request.seed
                seed = seed if seed is None or not rounds else derive(seed, "wait", rounds)
                asked = self.form.thinking(self.said, self.cap - used, seed)
                used += await self._round(asked)
                rounds += 1
                stopped_short = used < self.effort.at_least and len(self.said) > before
                self._note_repeats(len(self.said))
                if self._over or not stopped_short or rounds > WAITS:
                    break
                self.said = self.said.rstrip() + self.form.wait
                self._begun = len(self.said)
        finally:
            await _dropped(self._probe)
        return self._ended()

    def _ended(self) -> Ended:
        end = self._repeated if self._sure is None else self._sure.end
        said = self.said[:end]
        reply = None if self._sure is None else self._sure.reply
        return Ended(said, self.form.replying(said), self.usage, reply)

    async def _round(self, asked: Request) -> int:
        """One stream of thinking; gives the tokens that were generated."""
        came: list[Chunk] = []
        async with aclosing(_chunks(self.engine, asked)) as stream:
            coming: asyncio.Task[Chunk | None] | None = None
            try:
                while not self._over:
                    coming = coming or asyncio.create_task(_next(stream))
                    await self._first_of(coming)
                    if self._over or not coming.done():
                        continue
                    chunk, coming = await coming, None
                    if chunk is None:
                        break
                    came.append(chunk)
                    self.said += chunk.text
                    await self._after_thought()
            finally:
                last = await _dropped(coming)
                came += [last] if isinstance(last, Chunk) else []
        await self._look(wait=True)
        usage = await self._spent(asked, came)
        self.usage += usage
        return usage.completion_tokens

    async def _first_of(self, coming: "asyncio.Task[Chunk | None]") -> None:
        """Wait for more thinking or for the probe that is under way."""
        probe = set() if self._probe is None else {self._probe}
        await asyncio.wait({coming, *probe}, return_when=asyncio.FIRST_COMPLETED)
        await self._look(wait=False)

    async def _after_thought(self) -> None:
        """Where a thought is over: does it repeat an earlier one, is the answer sure by now?"""
        ends = self.form.thoughts(self.said, self._begun)
        if not ends:
            return
        await self._look(wait=True)
        self._note_repeats(ends[-1])
        if not self._over and self.effort.exit is not None and await self._affordable():
            self._probe = asyncio.create_task(self._asked(self._begun))

    def _note_repeats(self, end: int) -> None:
        """End where what was thought up to `end` says again what was said before."""
        start, self._begun = self._begun, end
        again = (
            None if self._over or self.effort.repeats else self._repeats.told(self.said[start:end])
        )
        if again is not None:
            self._repeated, self._over = start + again, True

    async def _affordable(self) -> bool:
        """Whether the budget has room for a probe beside the reply and the thinking under way,
        which is charged when it is over.
        """
        calls, tokens = ledger.left("calls"), ledger.left("tokens")
        if tokens is not None:
            replying = self.form.replying(self.said)
            prompt = await self.engine.count_tokens(replying)
            tokens -= 3 * prompt + self.cap + PROBE_TOKENS + replying.max_tokens
        return (calls is None or calls >= _PROBE_AND_REPLY) and (tokens is None or tokens >= 0)

    async def _asked(self, end: int) -> "_Probed":
        """The reply's beginning after the thoughts up to `end`, greedy, and how sure it is."""
        replying = self.form.replying(self.said[:end])
        tokens = min(PROBE_TOKENS, replying.max_tokens)
        told = {"n": 1, "temperature": 0.0, "max_tokens": tokens, "logprobs": True}
        with riding():  # behind other requests it would come too late to end the stream
            (reply,) = await self.engine.generate(replying.model_copy(update=told))
        return _Probed(end, reply, replying)

    async def _look(self, *, wait: bool) -> None:
        """Take note of the probe that is under way, if it is done or to be waited for."""
        probe = self._probe
        if probe is None or not (wait or probe.done()):
            return
        self._probe = None
        with suppress(BudgetReachedError):  # then the reply is refused, too
            probed = await probe
            self.usage += probed.first.usage
            if probed.sureness > (self.effort.exit or 1.0):
                self._sure, self._over = probed, True

    async def _spent(self, asked: Request, came: Sequence[Chunk]) -> Usage:
        """Of a stream: what it says, or, where it was left early, what was read and generated."""
        if came and came[-1].completion is not None:
            return came[-1].completion.usage
        if not any(chunk.text for chunk in came):
            return Usage()
        text = "".join(chunk.text for chunk in came)
        return await read_and_generated(self.engine, asked, text)


@dataclass(frozen=True)
class _Probed:
    """What the reply would be after the thoughts up to `end`."""

    end: int
    first: Completion
    replying: Request

    @property
    def sureness(self) -> float:
        """The geometric mean of the tokens' probabilities; 0 for an empty reply."""
        mean = self.first.mean_logprob
        return 0.0 if mean is None or not self.first.text.strip() else exp(mean)

    @property
    def reply(self) -> Completion | None:
        """The probe as the reply, where asking for that would give the same again."""
        asked = self.replying
        if asked.temperature > 0 or asked.top_logprobs or self.first.finish_reason != "stop":
            return None
        known = {} if asked.logprobs else {"logprobs": None}
        return self.first.model_copy(update=known)


async def _chunks(engine: Generator, request: Request) -> AsyncGenerator[Chunk, None]:
    """The engine's stream, or the whole as one chunk."""
    if "stream" not in engine.capabilities:
        (completion,) = await engine.generate(request)
        yield Chunk(completion.text, completion)
        return
    async with aclosing(cast(Any, engine.stream(request))) as stream:
        async for chunk in stream:
            yield chunk


async def _next(stream: AsyncIterator[Chunk]) -> Chunk | None:
    return await anext(stream, None)


async def _dropped(task: "asyncio.Task[Any] | None") -> Any:
    """Cancel a task and wait until it has let go of what it holds; its result, if it had one."""
    if task is None:
        return None
    task.cancel()
    await asyncio.wait({task})
    return None if task.cancelled() or task.exception() else task.result()
