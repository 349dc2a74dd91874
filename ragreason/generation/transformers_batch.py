"""The running batch of the transformers engine: rows of sequences that share each forward pass.

Rows join when there is room, first in, first out, and leave when they are finished. Prompts are
padded on the left, so that the last column is every row's newest token. A row's keys and values
stay where they are: rows that join are padded to the batch's length, or the batch to theirs.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from ragreason.errors import EngineError, RagreasonError
from ragreason.generation.transformers_grammar import Grammars, masked
from ragreason.generation.transformers_pass import Pass, joined, read, scored
from ragreason.generation.transformers_prompt import Prompts
from ragreason.generation.transformers_rows import Job, Row
from ragreason.generation.transformers_sampling import chosen, likeliest
from ragreason.generation.transformers_text import GrowingText


class Batch:
    """`add` jobs, then `step` while `busy`. One thread's; `rows` bounds how many run together."""

    def __init__(
        self, model: Any, prompts: Prompts, rows: int, grammars: Callable[[], Grammars]
    ) -> None:
        self._model = model
        self._prompts = prompts
        self._most = rows
        self._grammars = grammars
        self._waiting: deque[Row] = deque()
        self._rows: list[Row] = []
        self._pass: Pass | None = None

    @property
    def busy(self) -> bool:
        """Whether a step has something to do."""
        return bool(self._waiting or self._rows)

    def add(self, job: Job) -> None:
        """Take a job in. Scores are worked out at once; samples wait for their turn."""
        try:
            if job.continuations is not None:
                job.hear(scored(self._model, job.prompt, job.continuations, self._most))
                return
            constrained = job.request.json_schema is not None or job.request.regex is not None
            for number in range(job.samples):
                matcher = self._grammars().matcher(job.request) if constrained else None
                text = GrowingText(self._prompts.decode, job.request.stop)
                job.rows.append(Row(job, number, text, matcher))
            self._waiting.extend(job.rows)
        except Exception as error:  # whatever it is, it is this job's alone
            job.hear(as_engine_error(error))

    def step(self) -> None:
        """Let rows in, give each running one its next token, and send off what is finished."""
        try:
            self._forget_cancelled()
            self._admit()
            if self._rows:
                self._advance()
        except Exception as error:  # the batch's tensors can't be trusted any more
            lost = {id(row.job): row.job for row in self._rows}
            self._rows, self._pass = [], None
            self._waiting = deque(row for row in self._waiting if id(row.job) not in lost)
            for job in lost.values():
                job.hear(as_engine_error(error))

    def _forget_cancelled(self) -> None:
        self._waiting = deque(r for r in self._waiting if not r.job.cancelled.is_set())
        self._keep([not row.job.cancelled.is_set() for row in self._rows])

    def _admit(self) -> None:
        room = self._most - len(self._rows)
        if room <= 0 or not self._waiting or (self._pass and not self._pass.joinable):
            return
        new = [self._waiting.popleft() for _ in range(min(room, len(self._waiting)))]
        self._rows += new  # before the pass: where it fails, they are lost too
        jobs = list({id(row.job): row.job for row in new}.values())
        begun = read(self._model, [job.prompt for job in jobs])
        begun.select([jobs.index(row.job) for row in new])
        self._pass = begun if self._pass is None else joined(self._pass, begun)

    def _advance(self) -> None:
        assert self._pass is not None
        tokens = self._next_tokens(self._pass.logits)
        for row in self._rows:
            _tell(row)
        going = [not row.finished for row in self._rows]
        tokens = [token for token, goes in zip(tokens, going, strict=True) if goes]
        self._keep(going)
        if self._rows:
            self._pass.advance(self._model, tokens)

    def _next_tokens(self, logits: Any) -> list[int]:
        """Choose and note a token for each row. `logits`: (rows, vocabulary), float32."""
        allowed = masked(logits, [row.matcher for row in self._rows])
        tokens = chosen(allowed, [row.draw() for row in self._rows])
        for row, token, own in zip(self._rows, tokens, logits, strict=True):
            request = row.job.request
            if request.logprobs or request.top_logprobs:
                logprobs = own.log_softmax(dim=-1)  # (vocabulary,), of the model itself
                row.logprobs.append(float(logprobs[token]))
                row.likeliest += likeliest(logprobs[None], request.top_logprobs)
            row.add(token, ends=token in self._prompts.ends)
        return tokens

    def _keep(self, going: Sequence[bool]) -> None:
        if all(going):
            return
        self._rows = [row for row, goes in zip(self._rows, going, strict=True) if goes]
        if not self._rows:
            self._pass = None
        elif self._pass is not None:
            self._pass.select([place for place, goes in enumerate(going) if goes])


def _tell(row: Row) -> None:
    job = row.job
    if job.streamed and (new := row.news()):
        job.hear(new)
    if row.finished and all(r.finished for r in job.rows):
        job.hear(job.rows)


def as_engine_error(error: Exception) -> RagreasonError:
    """An error of ours as it is, any other as an EngineError with what it says."""
    if isinstance(error, RagreasonError):
        return error
    told = " ".join(str(error).split())[:300]
    return EngineError(f"transformers: {type(error).__name__}: {told}")
