"""An engine that thinks before it replies, as hard as it is told, whatever its model.

Nodes and policies don't know of it: they ask for a reply and get one, with the thinking beside it
and its tokens counted apart.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from ragreason import ledger
from ragreason.concurrency import all_or_none
from ragreason.errors import BudgetReachedError
from ragreason.generation.thinking_course import Course, Ended
from ragreason.generation.thinking_effort import Thought
from ragreason.generation.thinking_form import Form, Spoken
from ragreason.generation.thinking_tags import KNOWN, Splitter, split_thinking
from ragreason.generation.wrapping import Wrapping
from ragreason.protocols import Chunk, Generator
from ragreason.seeds import derive
from ragreason.types import Completion, Request, Usage

_SPARE = 16
"""Tokens of the context left free beside prompt, thinking and reply."""
_LEAST = 8
"""Tokens; less thinking than that is none."""
_CALLS = 2
"""What thinking and replying take."""


@dataclass(frozen=True)
class Thinking(Wrapping):
    """`engine`, told to think by `effort`; None leaves it to the model and only splits its text.

    Engines that think natively are told the effort. Other models think in the reply that is begun
    for them: between tags where they were trained to, else in plain words; engines that can't
    continue a reply take a turn for it. Effort none begins the reply behind an empty thought. A
    caller who sets the tags in a prefill or a stop string is left alone, and so is a request for
    the likeliest first tokens. Where context or budget have no room for thinking beside the reply,
    there is none. Each of several samples has thoughts of its own, all in flight together; at
    temperature 0 they are one.
    """

    engine: Generator
    effort: Thought | None = None

    async def generate(self, request: Request) -> list[Completion]:
        """`request.n` completions, in order; fewer where a budget stopped some of them."""
        if _is_left_alone(request):
            return await self.engine.generate(request)
        if not self._controls(request):
            found = await self.engine.generate(self._told(request))
            return [_split(completion, self._may_have_begun(request)) for completion in found]
        if request.n == 1 or request.temperature == 0:
            first = await self._reply(request.model_copy(update={"n": 1}))
            return [first] + [first.model_copy(update={"usage": Usage()})] * (request.n - 1)
        drawn = await all_or_none(self._sample(request, i) for i in range(request.n))
        came = [one for one in drawn if isinstance(one, Completion)]
        if not came:
            raise next(one for one in drawn if isinstance(one, BudgetReachedError))
        return came

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """The reply's chunks, once it has been thought about; the last one carries the thinking."""
        if _is_left_alone(request):
            source = self.engine.stream(request)
        elif self._controls(request):
            source = self._replying(await self._think(request))
        else:
            begun = self._may_have_begun(request)
            source = _splitting(self.engine.stream(self._told(request)), begun)
        async with aclosing(cast(Any, source)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """The engine's: without thinking."""
        return await self.engine.score(request, continuations)

    async def count_tokens(self, request: Request) -> int:
        """The engine's: of the prompt without thinking."""
        return await self.engine.count_tokens(request)

    async def aclose(self) -> None:
        """Close the engine."""
        await self.engine.aclose()

    def _controls(self, request: Request) -> bool:
        """Whether the thinking is ours to begin and end, rather than the engine's."""
        effort, able = self.effort, self.engine.capabilities
        if effort is None or not (effort.thinks or "think_tags" in able):
            return False
        ours = bool(effort.at_least or effort.exit is not None or request.prefill)
        return "thinking" not in able or (ours and "think_tags" in able and "prefill" in able)

    def _told(self, request: Request) -> Request:
        if self.effort is None:
            return request
        told = {"effort": self.effort.level, "thinking_tokens": self.effort.cap}
        return request.model_copy(update=told)

    def _may_have_begun(self, request: Request) -> bool | None:
        """Whether the reply may start inside thinking that its template opened: servers that think
        natively take thinking out themselves.
        """
        able = self.engine.capabilities
        return (
            None if "think_tags" in able and not ("thinking" in able or request.prefill) else False
        )

    async def _sample(self, request: Request, number: int) -> Completion | BudgetReachedError:
        seed = None if request.seed is None else derive(request.seed, "thinking", number)
        try:
            return await self._reply(request.model_copy(update={"n": 1, "seed": seed}))
        except BudgetReachedError as error:
            return error

    async def _reply(self, request: Request) -> Completion:
        thought = await self._think(request)
        if thought.reply is not None:
            return _whole(thought, thought.reply)
        (reply,) = await self.engine.generate(thought.replying)
        return _whole(thought, reply)

    async def _replying(self, thought: Ended) -> AsyncIterator[Chunk]:
        if thought.reply is not None:
            yield Chunk(thought.reply.text)
            yield Chunk("", _whole(thought, thought.reply))
            return
        async with aclosing(cast(Any, self.engine.stream(thought.replying))) as chunks:
            async for chunk in chunks:
                last = chunk.completion
                yield Chunk(chunk.text, None if last is None else _whole(thought, last))

    async def _think(self, request: Request) -> Ended:
        effort = self.effort or Thought(level="none")
        able = self.engine.capabilities
        trained = "think_tags" in able and "prefill" in able
        kind = Form if "prefill" in able else Spoken
        if effort.thinks:
            form = kind(request, trained, effort.words(trained=trained))
            room = await self._room(form, request)
            wanted = effort.most(trained=trained)
            if room >= min(wanted, _LEAST):
                ended = await Course(self.engine, form, effort, min(wanted, room)).run()
                _count_apart(ended)
                return ended
        return Ended("", kind(request, trained).replying(""), Usage())

    async def _room(self, form: Form, request: Request) -> int:
        """How many tokens of thinking context and budget hold beside prompt and reply. A budget
        pays for the prompt twice, and for the thinking, which the reply's prompt holds.
        """
        prompt = await self.engine.count_tokens(form.thinking("", 1, None))
        room = self.engine.context - prompt - request.max_tokens - _SPARE
        calls, tokens = ledger.left("calls"), ledger.left("tokens")
        if calls is not None and calls < _CALLS:
            return 0
        if tokens is not None:
            room = min(room, (tokens - 2 * prompt - request.max_tokens) // 2)
        return room


def _is_left_alone(request: Request) -> bool:
    tags = [tag for pair in KNOWN for tag in pair]
    own = any(tag in text for tag in tags for text in (request.prefill, *request.stop))
    return own or (request.top_logprobs > 0 and request.max_tokens == 1)


def _thought_tokens(ended: Ended) -> int:
    """What was generated and is not in the reply."""
    said = ended.reply.usage.completion_tokens if ended.reply is not None else 0
    return ended.usage.completion_tokens - said


def _count_apart(ended: Ended) -> None:
    """The calls were charged as they were made; here, how much of them was thinking."""
    meter = ledger.current()
    if meter is not None:
        meter.charge(Usage(reasoning_tokens=_thought_tokens(ended)))


def _whole(thought: Ended, reply: Completion) -> Completion:
    """The reply with what was thought before it, and what both cost."""
    thinking = Usage(reasoning_tokens=_thought_tokens(thought))
    usage = thought.usage + thinking + (Usage() if thought.reply is not None else reply.usage)
    return reply.model_copy(update={"reasoning": thought.said.strip(), "usage": usage})


def _split(completion: Completion, begun: bool | None) -> Completion:
    """A completion whose text may hold thinking."""
    reasoning, answer = split_thinking(completion.text, begun=begun)
    if not reasoning and answer == completion.text:
        return completion
    return _parted(completion, reasoning, answer)


def _parted(completion: Completion, reasoning: str, answer: str) -> Completion:
    """Thinking's share of the tokens is estimated by its share of the characters. What is known of
    single tokens is given up, as they are not told apart.
    """
    size = len(reasoning) + len(answer)
    tokens = completion.usage.completion_tokens
    share = round(tokens * len(reasoning) / size) if size else tokens
    usage = completion.usage + Usage(reasoning_tokens=share)
    meter = ledger.current()
    if meter is not None:
        meter.charge(Usage(reasoning_tokens=share))
    return completion.model_copy(
        update={
            "text": answer,
            "reasoning": reasoning,
            "usage": usage,
            "token_ids": (),
            "logprobs": None,
            "top_logprobs": None,
        }
    )


async def _splitting(source: AsyncIterator[Chunk], begun: bool | None) -> AsyncIterator[Chunk]:
    """The chunks of the answer alone."""
    splitter, given = Splitter(begun=begun), ""
    async with aclosing(cast(Any, source)) as chunks:
        async for chunk in chunks:
            last = chunk.completion
            new = splitter.feed(chunk.text) + ("" if last is None else splitter.finish())
            given += new
            if last is not None:
                whole = not splitter.reasoning and given == last.text
                yield Chunk(new, last if whole else _parted(last, splitter.reasoning, given))
            elif new:
                yield Chunk(new)
