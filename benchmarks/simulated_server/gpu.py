"""Continuous batching with a prefix cache, as a discrete-event model.

Each step reads the prompts of all sequences that are admitted in it, first in, first out, at
`prefill_tokens_per_s`, and gives every running sequence one token, in `step_s` and `step_s_each` a
sequence; a prompt's own step gives its first token. Whole blocks of a prompt that were read or
written before are not read again; the last token of a prompt always is. The cache never overflows.
Left out: chunked prefill, preemption, sampling.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rates:
    """How fast it is. Seconds, tokens and sequences."""

    prefill_tokens_per_s: float = 20_000.0
    step_s: float = 0.012
    step_s_each: float = 0.0001
    most_running: int = 64
    block_tokens: int = 16

    def step(self, running: int, prefill_tokens: int) -> float:
        """Seconds of one step."""
        decode_s = self.step_s + self.step_s_each * running if running else 0.0
        return decode_s + prefill_tokens / self.prefill_tokens_per_s


RATES = Rates()


@dataclass(eq=False)
class Work:
    """One sequence: `prompt` in, `reply` out, both in words. `cached` is known once it is admitted;
    `given` counts the tokens of the reply so far.
    """

    prompt: Sequence[str]
    reply: Sequence[str]
    arrived_s: float = 0.0
    cached: int = 0
    given: int = 0

    @property
    def done(self) -> bool:
        """Whether the reply is whole."""
        return self.given >= len(self.reply)


@dataclass
class Gpu:
    """`submit` work, then `begin` and `finish` steps in turn. Time is what the caller says."""

    rates: Rates = RATES
    steps: int = 0
    busy_s: float = 0.0
    prefilled: int = 0
    cached: int = 0
    generated: int = 0
    waiting: deque[Work] = field(default_factory=deque)
    running: list[Work] = field(default_factory=list)
    _blocks: set[int] = field(default_factory=set)

    def submit(self, work: Work) -> None:
        """Queue up. `arrived_s` must not be before that of the work submitted last."""
        self.waiting.append(work)

    def cancel(self, work: Work) -> None:
        """Forget it; its place is free from the next step on."""
        for held in (self.waiting, self.running):
            if work in held:
                held.remove(work)

    def begin(self, now_s: float) -> float | None:
        """Begin a step at `now_s`: when it will end; None if there is nothing to do by then."""
        prefill = 0
        while (
            self.waiting
            and self.waiting[0].arrived_s <= now_s
            and len(self.running) < self.rates.most_running
        ):
            work = self.waiting.popleft()
            work.cached = self._read(work.prompt)
            prefill += len(work.prompt) - work.cached
            self.cached += work.cached
            self.running.append(work)
        if not self.running:
            return None
        lasts_s = self.rates.step(len(self.running), prefill)
        self.prefilled += prefill
        self.busy_s += lasts_s
        self.steps += 1
        return now_s + lasts_s

    def finish(self) -> list[Work]:
        """End the step: every running sequence has one token more; those that are done leave."""
        for work in self.running:
            work.given += 1
        self.generated += len(self.running)
        done = [work for work in self.running if work.done]
        if done:
            self.running = [work for work in self.running if not work.done]
        for work in done:
            self._keep([*work.prompt, *work.reply[:-1]])  # the last token was never read
        return done

    def _read(self, prompt: Sequence[str]) -> int:
        """Tokens of leading blocks that are held; from now on all whole blocks of it are."""
        keys = self._keys(prompt)
        held = 0
        for key in keys[: (len(prompt) - 1) // self.rates.block_tokens]:
            if key not in self._blocks:
                break
            held += 1
        self._blocks.update(keys)
        return held * self.rates.block_tokens

    def _keep(self, words: Sequence[str]) -> None:
        self._blocks.update(self._keys(words))

    def _keys(self, words: Sequence[str]) -> list[int]:
        """One key a whole block, of its words and all before them."""
        size, keys, key = self.rates.block_tokens, list[int](), 0
        for start in range(0, len(words) - size + 1, size):
            key = hash((key, *words[start : start + size]))
            keys.append(key)
        return keys
