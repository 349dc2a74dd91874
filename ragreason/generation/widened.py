"""An engine for proposals that differ more: a temperature for each sample, a first token for each.

Policies don't know of it: they ask for n samples, and get n samples.
"""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from ragreason.concurrency import all_or_none
from ragreason.errors import BudgetReachedError, CapabilityError, ConfigError
from ragreason.generation.text import cut_at_stop
from ragreason.generation.wrapping import Wrapping
from ragreason.protocols import Capability, Chunk, Generator
from ragreason.registry import engines_with
from ragreason.seeds import derive
from ragreason.types import Completion, Request, Usage

FIRST_TOKENS: frozenset[Capability] = frozenset({"first_tokens", "prefill"})
"""What an engine needs so that its samples can begin with different tokens."""

MOST_FIRST_TOKENS = 16
_SPARE = 4
"""Likely tokens that are asked for beside the wanted ones, as some can't begin a reply."""

_MARK = re.compile(r"<[|｜][^<>]*[|｜]>|</?s>|<(?:end_of_turn|eos|pad|unk)>|.*\ufffd.*", re.DOTALL)
"""Tokens that can't begin a reply: marks of the chat template, and pieces of a character."""


@dataclass(frozen=True)
class Widening:
    """How the samples of one prompt are spread.

    `temperatures`: sample number i is drawn at the temperature i mod their number; empty leaves the
    policy's. `first_tokens` k: sample i begins with the (i mod k)-th likeliest first token, and the
    rest of it is decoded as it would be anyway; 0 leaves it. With `logprobs` every sample tells its
    log-probability, for strategies that go by what is likely. Source: CoT-decoding, arXiv
    2402.10200.
    """

    temperatures: tuple[float, ...] = ()
    first_tokens: int = 0
    logprobs: bool = False

    @property
    def spreads(self) -> bool:
        """Whether samples are drawn otherwise than the policy says."""
        return bool(self.temperatures or self.first_tokens)

    def __bool__(self) -> bool:
        """Whether requests are changed at all."""
        return self.spreads or self.logprobs

    def temperature(self, number: int, otherwise: float) -> float:
        """The temperature of sample `number`."""
        schedule = self.temperatures
        return schedule[number % len(schedule)] if schedule else otherwise

    def check(self, engine: Generator) -> None:
        """Raise CapabilityError if the engine can't do this."""
        lacking = FIRST_TOKENS - engine.capabilities if self.first_tokens else frozenset()
        if lacking:
            able = ", ".join(engines_with(FIRST_TOKENS)) or "no registered engine"
            raise CapabilityError(
                f"first_tokens needs {', '.join(sorted(lacking))}, which the engine "
                f"'{engine.name}' lacks; engines that have it: {able}"
            )


@dataclass(frozen=True)
class Widened(Wrapping):
    """`engine`, its samples spread as `widening` says.

    `numbers` are the places of a request's samples in the temperature schedule, `ranks` those among
    all samples of the same prompt; where they end, both go on by one. Samples with the same first
    token and temperature are one request, and all requests are in flight together. Their seeds are
    derived from the request's, the temperature and the first token, so that none is drawn twice.
    """

    engine: Generator
    widening: Widening
    numbers: tuple[int, ...] = (0,)
    ranks: tuple[int, ...] = (0,)

    async def generate(self, request: Request) -> list[Completion]:
        """`request.n` completions, in order; fewer where a budget stopped some of them.

        Raises ConfigError for replies of a fixed form, if first tokens are to differ.
        """
        if self.widening.logprobs:
            request = request.model_copy(update={"logprobs": True})
        if not self.widening.spreads:
            return await self.engine.generate(request)
        numbers, ranks = _continued(self.numbers, request.n), _continued(self.ranks, request.n)
        starts, usage = await self._starts(request, max(ranks) + 1)
        groups: dict[tuple[int, float], list[int]] = {}
        for i in range(request.n):
            temperature = self.widening.temperature(numbers[i], request.temperature)
            groups.setdefault((ranks[i] % len(starts), temperature), []).append(i)
        drawn = await all_or_none(
            self._draw(request, starts[start], temperature, len(members))
            for (start, temperature), members in groups.items()
        )
        return _in_order(list(groups.values()), drawn, usage)

    def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """The engine's: a stream is one sample."""
        return self.engine.stream(request)

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """The engine's."""
        return await self.engine.score(request, continuations)

    async def count_tokens(self, request: Request) -> int:
        """The engine's."""
        return await self.engine.count_tokens(request)

    async def aclose(self) -> None:
        """Close the engine."""
        await self.engine.aclose()

    async def _starts(self, request: Request, wanted: int) -> tuple[list["_Start"], Usage]:
        """The likeliest beginnings and what asking for them has cost; an empty one where the
        samples need not begin differently.
        """
        k = min(self.widening.first_tokens, wanted)
        if k < 2:
            return [_NOTHING], Usage()
        if request.json_schema is not None or request.regex is not None or request.tools:
            raise ConfigError("first_tokens can't be used where replies have a fixed form")
        asked = {"n": 1, "max_tokens": 1, "temperature": 0.0, "top_logprobs": k + _SPARE}
        (reply,) = await self.engine.generate(request.model_copy(update=asked))
        place = reply.top_logprobs[0] if reply.top_logprobs else ()
        starts = [
            _Start(text, logprob, ended=text != token, place=place)
            for token, logprob in place
            if (text := cut_at_stop(token, request.stop)) and not _MARK.fullmatch(token)
        ]
        return starts[:k] or [_NOTHING], reply.usage

    async def _draw(
        self, request: Request, start: "_Start", temperature: float, n: int
    ) -> list[Completion] | BudgetReachedError:
        room = request.max_tokens - bool(start.text)
        if start.ended or room == 0:
            return [start.alone(request)] * n
        seed = None if request.seed is None else derive(request.seed, temperature, start.text)
        asked = request.model_copy(
            update={
                "n": n,
                "temperature": temperature,
                "seed": seed,
                "prefill": request.prefill + start.text,
                "max_tokens": room,
            }
        )
        try:
            return [start.before(c, request) for c in await self.engine.generate(asked)]
        except BudgetReachedError as error:
            return error


@dataclass(frozen=True)
class _Start:
    """What a sample begins with, its log-probability, whether the reply `ended` with it, and the
    likeliest tokens at its place.
    """

    text: str
    logprob: float = 0.0
    ended: bool = False
    place: tuple[tuple[str, float], ...] = ()

    def alone(self, request: Request) -> Completion:
        """The start as a whole reply."""
        reply = Completion(text="", finish_reason="stop" if self.ended else "length")
        known = {"logprobs": () if request.logprobs else None}
        known["top_logprobs"] = () if request.top_logprobs else None
        return self.before(reply.model_copy(update=known), request)

    def before(self, rest: Completion, request: Request) -> Completion:
        """The reply that `rest` ends. Its token ids are not known where the start is given."""
        if not self.text:
            return rest
        whole = self.text + rest.text
        text = cut_at_stop(whole, request.stop)  # a stop string may lie across the seam
        update: dict[str, object] = {"text": text, "token_ids": ()}
        if text != whole:
            update["finish_reason"] = "stop"
        if rest.logprobs is not None:
            update["logprobs"] = (self.logprob, *rest.logprobs)
        if rest.top_logprobs is not None:
            update["top_logprobs"] = (self.place[: request.top_logprobs], *rest.top_logprobs)
        return rest.model_copy(update=update)


_NOTHING = _Start("")


def _continued(given: Sequence[int], n: int) -> list[int]:
    """`n` numbers: those given, then on by one. (3,) and 3 give 3, 4, 5."""
    last = given[-1] if given else -1
    return [*given[:n], *range(last + 1, last + 1 + n - len(given))]


def _in_order(
    groups: Sequence[Sequence[int]],
    drawn: Sequence[list[Completion] | BudgetReachedError],
    usage: Usage,
) -> list[Completion]:
    """The completions by position, `usage` added to the first. Raises BudgetReachedError if none
    came.
    """
    placed: dict[int, Completion] = {}
    stopped: BudgetReachedError | None = None
    for members, found in zip(groups, drawn, strict=True):
        if isinstance(found, BudgetReachedError):
            stopped = stopped or found
        else:
            placed |= zip(members, found, strict=False)
    if stopped is not None and not placed:
        raise stopped
    first, *others = [placed[i] for i in sorted(placed)]
    return [first.model_copy(update={"usage": usage + first.usage}), *others]
