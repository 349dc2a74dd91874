"""The running batch of the OpenVINO worker: jobs in, one pipeline step at a time, replies out.

A job becomes one or more parts, each one request of the pipeline. Parts enter first in, first out,
as long as their tokens fit the KV cache. Parts of one job that share a prompt wait until the first
of them has filled the prefix cache.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ragreason.errors import EngineError
from ragreason.generation.openvino_cache import HeldBlocks
from ragreason.generation.openvino_messages import Delta, Done, Failed, Job, Options, Reply, Sample
from ragreason.generation.openvino_prompt import Prompts
from ragreason.generation.openvino_scores import ScoreMemory
from ragreason.generation.seeds import mixed
from ragreason.generation.text import certain, cut_at_stop

BLOCK = 32
"""Tokens in a block of the KV cache."""
_REMEMBERED = 1 << 17
"""How many blocks of earlier prompts and replies are compared with new ones."""
_APART = 4
"""How many contexts the cache of the pipeline for scores alone holds."""


@dataclass
class Output:
    """What one sequence has produced up to now."""

    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    length: bool = False

    def without(self, prompt: int) -> int:
        """Drop the prompt's tokens, which the pipeline repeats where it is to count what it read;
        gives how many of them it had not read from its prefix cache.
        """
        del self.ids[:prompt]
        told = len(self.logprobs) - len(self.ids)  # behind cached blocks, the first one is missing
        del self.logprobs[:told]
        return min(prompt, told + 1)


@dataclass(eq=False)
class Part:
    """One request of the pipeline: `prompt` plus, for scores, the continuation `scored`.

    One that `warms` reads the prompt's whole blocks into the prefix cache and nothing else: the
    pipeline works out the logits of every token that it reads for a score, so the prompt should not
    be among them; and the rest of a block that was read alone would hide the first score after it.
    """

    work: "Work"
    number: int
    n: int = 1
    scored: list[int] | None = None
    warms: bool = False
    handle: Any = None
    outputs: dict[int, Output] = field(default_factory=dict)
    read: bool = False

    @property
    def ids(self) -> list[int]:
        """What the pipeline reads."""
        if self.warms:
            return self.work.prompt[: _blocks_before(self.work.prompt)]
        return self.work.prompt + (self.scored or [])

    def follows(self, other: "Part") -> bool:
        """Whether `other` is just reading most of what this part would read too."""
        half = len(self.work.prompt) // 2
        return (
            not other.outputs
            and half >= BLOCK
            and self.work.prompt[:half] == other.work.prompt[:half]
        )

    @property
    def cost(self) -> int:
        """The KV cache tokens that this part may need, in whole blocks."""
        return _whole_blocks(len(self.ids)) + self.n * _whole_blocks(self.work.max_tokens)


@dataclass(eq=False)
class Work:
    """A job on its way."""

    job: Job
    prompt: list[int]
    max_tokens: int
    waiting: list[Part] = field(default_factory=list)
    samples: dict[int, list[Sample]] = field(default_factory=dict)
    scores: dict[int, float] = field(default_factory=dict)
    parts: int = 0
    cached: int | None = None
    reusable: int = 0
    sent: str = ""


class Batch:
    """Holds the pipeline. `add` and `cancel` between steps; `step` gives the replies."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._pipeline = build(options, prefix_cache=True, tokens=options.cache_tokens)
        self._held = HeldBlocks(options.cache_tokens // BLOCK, BLOCK)
        self._seen = HeldBlocks(_REMEMBERED, BLOCK)
        self._apart: Any = None
        self._read_last: list[int] = []
        self.prompts = Prompts(self._pipeline.get_tokenizer())
        self._memory = ScoreMemory()
        self._queue: deque[Part] = deque()
        self._active: list[Part] = []
        self._leaving: list[Part] = []
        self._proven: set[tuple[str, str]] = set()
        self._requests = 0

    @property
    def busy(self) -> bool:
        """Whether a step has something to do."""
        return bool(self._queue or self._active or self._leaving)

    def add(self, job: Job) -> list[Reply]:
        """Take a job in. Gives replies where nothing has to be computed."""
        try:
            prompt = self.prompts.encode(job.chat, job.prefill)
            scored = [self.prompts.encode_text(text) for text in job.continuations]
        except (EngineError, RuntimeError, UnicodeError) as error:
            return [Failed(job.id, "refused", last_line(error))]
        if job.kind == "count":
            return [Done(job.id, len(prompt))]
        longest = len(prompt) + max(map(len, scored), default=0)
        if longest >= self._options.context:
            return [Failed(job.id, "overflow", "", longest)]
        room = self._options.context - len(prompt)
        work = Work(job, prompt, 1 if job.kind == "score" else min(job.max_tokens, room))
        work.reusable = self._seen.held(prompt)
        self._seen.add(prompt)
        parts = self._score_parts(work, scored) if job.kind == "score" else self._parts(work)
        if not parts:
            return [self._done(work)]
        work.parts = len(parts)
        self._queue.append(parts[0])
        work.waiting = parts[1:]
        return []

    def cancel(self, job_id: int) -> None:
        """Free what the job holds. Unknown and finished jobs are fine."""
        self._queue = deque(p for p in self._queue if p.work.job.id != job_id)
        for part in [p for p in self._active if p.work.job.id == job_id]:
            part.handle.cancel()
            self._active.remove(part)
            self._leaving.append(part)

    def step(self) -> list[Reply]:
        """One step of the pipeline."""
        suspects, replies = self._admit()
        try:
            self._pipeline.step()
        except Exception as error:  # whatever it is, the pipeline is dead
            return replies + self._rebuild(suspects, error)
        self._proven.update(p.work.job.constraint for p in suspects if p.work.job.constraint)
        for part in list(self._active):
            replies += self._collect(part)
        self._leaving = [p for p in self._leaving if _running(p)]
        return replies

    def _parts(self, work: Work) -> list[Part]:
        job = work.job
        if job.likeliest:
            return [Part(work, 0, n=job.likeliest)]
        if job.temperature == 0 or job.n == 1:
            return [Part(work, 0)]
        together = Part(work, 0, n=job.n)
        if job.constraint is None and together.cost <= self._options.cache_tokens:
            return [together]
        return [Part(work, i) for i in range(job.n)]  # constraints break several sequences

    def _score_parts(self, work: Work, scored: Sequence[list[int]]) -> list[Part]:
        parts = []
        for number, ids in enumerate(scored):
            known = self._memory.recall(work.prompt, ids)
            if known is None:
                parts.append(Part(work, number, scored=ids))
            else:
                work.scores[number] = sum(known, 0.0)
        warms = parts and _blocks_before(work.prompt)
        return [Part(work, -1, warms=True), *parts] if warms else parts

    def _admit(self) -> tuple[list[Part], list[Reply]]:
        """Start queued parts that fit. Gives the one whose constraint is not proven yet, if any,
        and replies to those that the pipeline does not take.

        Unproven constraints enter one at a time, so that a dead pipeline has one suspect. A part
        whose prompt begins like one that is being read waits for that one's prefix: others pass it.
        """
        held = sum(p.cost for p in self._active)
        suspects: list[Part] = []
        replies: list[Reply] = []
        for part in list(self._queue):
            if any(part.follows(other) for other in self._active):
                continue
            if self._active and held + part.cost > self._options.cache_tokens:
                break
            constraint = part.work.job.constraint
            unproven = constraint is not None and constraint not in self._proven
            if unproven and suspects:
                break
            self._queue.remove(part)
            try:
                self._start(part)
            except (RuntimeError, TypeError, ValueError) as error:
                self.cancel(part.work.job.id)
                replies.append(Failed(part.work.job.id, "refused", last_line(error)))
                continue
            held += part.cost
            if unproven:
                suspects.append(part)
        return suspects, replies

    def _start(self, part: Part) -> None:
        self._requests += 1
        if part.work.cached is None:
            part.work.cached = self._held.held(part.work.prompt)
        config = _config(part, self.prompts, count=self._counts(part))
        part.handle = self._pipeline.add_request(self._requests, _tensor(part.ids), config)
        self._active.append(part)

    def _counts(self, part: Part) -> bool:
        """Whether the pipeline repeats this part's prompt, to tell what of it it has read."""
        return self._options.count_cached and counts(part)

    def _collect(self, part: Part) -> list[Reply]:
        work = part.work
        while part.handle.can_read():
            for sequence, output in part.handle.read().items():
                into = part.outputs.setdefault(sequence, Output())
                counted = not into.ids and self._counts(part)
                into.ids += output.generated_ids
                into.logprobs += output.generated_log_probs
                into.length = output.finish_reason.name == "LENGTH"
                if counted:
                    work.cached = len(work.prompt) - into.without(len(work.prompt))
        self._hold(part)
        if part.outputs and work.waiting:
            self._queue.extendleft(reversed(work.waiting))
            work.waiting = []
        if _running(part):
            return self._delta(part) if work.job.kind == "stream" else []
        self._active.remove(part)
        if part.handle.get_status().name != "FINISHED":
            self.cancel(work.job.id)
            return [Failed(work.job.id, "refused", "the KV cache is too small for this request")]
        if part.warms:
            return []
        if part.scored is not None:
            work.scores[part.number] = self._score(part, part.scored)
        else:
            work.samples[part.number] = self._samples(part)
        finished = len(work.samples) + len(work.scores)
        wanted = len(work.job.continuations) if work.job.kind == "score" else work.parts
        return [self._done(work)] if finished == wanted else []

    def _hold(self, part: Part) -> None:
        """Note what the prefix cache holds: the prompt once it is read, then what was written."""
        if part.outputs and not part.read:
            part.read = True
            self._held.add(part.ids)
        if not _running(part):
            for output in part.outputs.values():
                self._held.add(part.ids + output.ids[:-1])
                self._seen.add(part.ids + output.ids[:-1])

    def _delta(self, part: Part) -> list[Reply]:
        """New text of a stream; what may still change is held back: a character that is not whole
        yet, and what may become a stop string.
        """
        work = part.work
        ids = next(iter(part.outputs.values())).ids if part.outputs else []
        text = self.prompts.decode(ids).rstrip("\ufffd")
        text = certain(cut_at_stop(text, work.job.stop), work.job.stop)
        if len(text) <= len(work.sent) or not text.startswith(work.sent):
            return []
        new, work.sent = text[len(work.sent) :], text
        return [Delta(work.job.id, new)]

    def _samples(self, part: Part) -> list[Sample]:
        """The part's samples, in the order of their sequences."""
        job = part.work.job
        samples = []
        for _, output in sorted(part.outputs.items()):
            text = cut_at_stop(self.prompts.decode(output.ids), job.stop)
            if job.kind == "stream":
                text = part.work.sent + text[len(part.work.sent) :]
            reason: Any = "length" if output.length else "stop"
            logprobs = tuple(output.logprobs) if job.logprobs or job.likeliest else ()
            samples.append(Sample(text, tuple(output.ids), reason, logprobs))
        return sorted(samples, key=lambda s: -sum(s.logprobs)) if job.likeliest else samples

    def _score(self, part: Part, scored: list[int]) -> float:
        """The last value belongs to the one generated token, those before it to the prompt."""
        (output,) = part.outputs.values()
        tail = output.logprobs[:-1][-len(scored) :]
        self._memory.learn(part.work.prompt, scored, tail)
        known = self._memory.recall(part.work.prompt, scored)
        return sum(known if known is not None else self._score_apart(part, scored), 0.0)

    def _score_apart(self, part: Part, scored: list[int]) -> list[float]:
        """Score in a pipeline that does nothing else, for tokens that the first one hid because it
        had generated them. Its own cache holds prompts in whole blocks only, so it hides nothing
        but the rest of a prompt that ends in what was scored before: then it starts afresh.
        """
        for fresh in (self._apart is None, True):
            if fresh:
                self._apart, self._read_last = None, []  # freed before the new one takes as much
                tokens = _APART * self._options.context
                self._apart = build(self._options, prefix_cache=True, tokens=tokens)
            if part.work.prompt != self._read_last and _blocks_before(part.work.prompt):
                self._read_apart(Part(part.work, -1, warms=True))
                self._read_last = part.work.prompt
            tail = self._read_apart(part)[:-1][-len(scored) :]
            self._memory.learn(part.work.prompt, scored, tail)
            known = self._memory.recall(part.work.prompt, scored)
            if known is not None or fresh:
                return known or []
        return []

    def _read_apart(self, part: Part) -> list[float]:
        handle = self._apart.add_request(0, _tensor(part.ids), _config(part, self.prompts))
        logprobs: list[float] = []
        while self._apart.has_non_finished_requests():
            self._apart.step()
            while handle.can_read():
                for output in handle.read().values():
                    logprobs += output.generated_log_probs
        return logprobs

    def _done(self, work: Work) -> Done:
        samples = [s for _, group in sorted(work.samples.items()) for s in group]
        scores = tuple(value for _, value in sorted(work.scores.items()))
        prompt, cached = len(work.prompt), work.cached or 0
        return Done(work.job.id, prompt, tuple(samples), scores, cached, work.reusable)

    def _rebuild(self, suspects: list[Part], error: Exception) -> list[Reply]:
        """A new pipeline. The suspect's constraint is blamed if there is one; queued parts stay."""
        reason = last_line(error)
        blamed = {p.work.job.id for p in suspects}
        lost = {p.work.job.id for p in self._active}
        self._queue = deque(p for p in self._queue if p.work.job.id not in lost)
        self._active, self._leaving, suspects[:] = [], [], []
        self._pipeline = None  # frees its memory before the new one takes as much
        tokens = self._options.cache_tokens
        self._pipeline = build(self._options, prefix_cache=True, tokens=tokens)
        self.prompts = Prompts(self._pipeline.get_tokenizer())
        self._held = HeldBlocks(tokens // BLOCK, BLOCK)
        return [Failed(i, "constraint" if i in blamed else "died", reason) for i in sorted(lost)]


def build(options: Options, *, prefix_cache: bool, tokens: int) -> Any:
    """A pipeline whose KV cache holds `tokens` tokens."""
    import openvino_genai

    scheduler = openvino_genai.SchedulerConfig()
    scheduler.cache_size = 0
    scheduler.num_kv_blocks = -(-tokens // BLOCK)
    scheduler.enable_prefix_caching = prefix_cache
    scheduler.max_num_batched_tokens = options.batch_tokens
    return openvino_genai.ContinuousBatchingPipeline(options.path, scheduler, options.device)


def last_line(error: Exception) -> str:
    """What an error says at its end: the backend's messages begin with source files."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]


def counts(part: Part) -> bool:
    """Whether what a part reads can be counted: constraints and beams don't go with a repeated
    prompt.
    """
    job = part.work.job
    plain = job.constraint is None and not job.likeliest
    return plain and part.scored is None and not part.warms


def _config(part: Part, prompts: Prompts, *, count: bool = False) -> Any:
    import openvino_genai

    job = part.work.job
    config = openvino_genai.GenerationConfig(
        max_new_tokens=part.work.max_tokens,
        apply_chat_template=False,
        echo=part.scored is not None or count,
        logprobs=int(job.logprobs or job.likeliest > 0 or part.scored is not None or count),
        stop_strings={s for s in job.stop if s},
        include_stop_str_in_output=bool(job.stop),  # left out, it is cut at tokens, not characters
    )
    config.set_eos_token_id(prompts.eos)
    config.stop_token_ids = set(prompts.ends)
    if job.likeliest:  # the pipeline gives one log-probability a token: beams of length 1 give more
        config.num_beams = config.num_return_sequences = job.likeliest
    if job.temperature > 0:
        config.do_sample = True
        config.temperature = job.temperature
        config.top_p = job.top_p
        config.rng_seed = mixed(job.seed, part.number)
        config.num_return_sequences = part.n
    if job.constraint is not None:
        kind, text = job.constraint
        config.structured_output_config = openvino_genai.StructuredOutputConfig(**{kind: text})
    config.validate()
    return config


def _tensor(ids: Sequence[int]) -> Any:
    import numpy as np
    import openvino

    return openvino.Tensor(np.array([ids], dtype=np.int64))  # (1, tokens)


def _running(part: Part) -> bool:
    return bool(part.handle.get_status().name == "RUNNING")


def _blocks_before(prompt: Sequence[int]) -> int:
    """How many tokens lie in whole blocks before the prompt's last token."""
    return (len(prompt) - 1) // BLOCK * BLOCK


def _whole_blocks(tokens: int) -> int:
    return -(-tokens // BLOCK) * BLOCK
