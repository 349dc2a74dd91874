"""The running batch of the OpenVINO worker: jobs in, one pipeline step at a time, replies out.

A job becomes one or more parts, each one request of the pipeline. Parts enter first in, first out,
as long as their tokens fit the KV cache. Parts of one job that share a prompt wait until the first
of them has filled the prefix cache.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any

from ragreason.errors import EngineError
from ragreason.generation.openvino_apart import Apart
from ragreason.generation.openvino_cache import HeldBlocks
from ragreason.generation.openvino_messages import Delta, Done, Failed, Job, Options, Reply, Sample
from ragreason.generation.openvino_parts import BLOCK, Output, Part, Work, blocks_before, counts
from ragreason.generation.openvino_pipeline import build, config_of, last_line, tensor_of
from ragreason.generation.openvino_prompt import Prompts
from ragreason.generation.openvino_scores import ScoreMemory
from ragreason.generation.text import certain, cut_at_stop

_REMEMBERED = 1 << 17
"""How many blocks of earlier prompts and replies are compared with new ones."""


class Batch:
    """Holds the pipeline. `add` and `cancel` between steps; `step` gives the replies."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._pipeline = build(options, prefix_cache=True, tokens=options.cache_tokens)
        self._held = HeldBlocks(options.cache_tokens // BLOCK, BLOCK)
        self._seen = HeldBlocks(_REMEMBERED, BLOCK)
        self.prompts = Prompts(self._pipeline.get_tokenizer())
        self._memory = ScoreMemory()
        self._apart = Apart(options, self._memory)
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
        warms = parts and blocks_before(work.prompt)
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
        config = config_of(part, self.prompts, count=self._counts(part))
        part.handle = self._pipeline.add_request(self._requests, tensor_of(part.ids), config)
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
        if known is None:
            known = self._apart.score(part, scored, self.prompts)
        return sum(known, 0.0)

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


def _running(part: Part) -> bool:
    return bool(part.handle.get_status().name == "RUNNING")
