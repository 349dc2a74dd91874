"""What the OpenVINO engine and its worker process say to each other: plain, picklable values."""

from dataclasses import dataclass
from typing import Literal

Trouble = Literal["overflow", "constraint", "died", "refused", "broken"]


@dataclass(frozen=True)
class Options:
    """How the worker builds its pipeline. `cache_tokens`: how many tokens the KV cache holds.
    `count_cached`: the pipeline itself says what it read from its prefix cache, which costs time.
    """

    path: str
    device: str
    context: int
    cache_tokens: int
    batch_tokens: int
    count_cached: bool = False


@dataclass(frozen=True)
class Job:
    """A request. `kind` says what is wanted back; `continuations` are for "score" only. With
    `likeliest` the samples that come back are the most likely first tokens.
    """

    id: int
    kind: Literal["generate", "stream", "score", "count"]
    chat: tuple[tuple[str, str], ...]
    prefill: str
    n: int = 1
    max_tokens: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int | None = None
    json_schema: str | None = None
    regex: str | None = None
    logprobs: bool = False
    likeliest: int = 0
    continuations: tuple[str, ...] = ()

    @property
    def constraint(self) -> tuple[str, str] | None:
        """The kind and text of what the output must match, or None."""
        if self.json_schema is not None:
            return ("json_schema", self.json_schema)
        return ("regex", self.regex) if self.regex is not None else None


@dataclass(frozen=True)
class Sample:
    """One finished sample."""

    text: str
    token_ids: tuple[int, ...]
    finish_reason: Literal["stop", "length"]
    logprobs: tuple[float, ...]


@dataclass(frozen=True)
class Cancel:
    """Forget job `id`."""

    id: int


@dataclass(frozen=True)
class Delta:
    """More text of a streamed job."""

    id: int
    text: str


@dataclass(frozen=True)
class Done:
    """A finished job: samples, scores, or only the number of prompt tokens. `cached_tokens` of them
    were in the prefix cache when it began, `reusable_tokens` in blocks that an earlier prompt or
    reply began with too.
    """

    id: int
    prompt_tokens: int
    samples: tuple[Sample, ...] = ()
    scores: tuple[float, ...] = ()
    cached_tokens: int = 0
    reusable_tokens: int = 0


@dataclass(frozen=True)
class Failed:
    """A job that failed; `id` None means that the worker itself can't go on."""

    id: int | None
    trouble: Trouble
    reason: str
    prompt_tokens: int = 0


Reply = Delta | Done | Failed
