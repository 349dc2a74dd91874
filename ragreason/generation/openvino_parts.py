"""What the OpenVINO worker's batch is made of: jobs on their way, and their parts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ragreason.generation.openvino_messages import Job, Sample

BLOCK = 32
"""Tokens in a block of the KV cache."""


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
            return self.work.prompt[: blocks_before(self.work.prompt)]
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


def counts(part: Part) -> bool:
    """Whether what a part reads can be counted: constraints and beams don't go with a repeated
    prompt.
    """
    job = part.work.job
    plain = job.constraint is None and not job.likeliest
    return plain and part.scored is None and not part.warms


def blocks_before(prompt: Sequence[int]) -> int:
    """How many tokens lie in whole blocks before the prompt's last token."""
    return (len(prompt) - 1) // BLOCK * BLOCK


def _whole_blocks(tokens: int) -> int:
    return -(-tokens // BLOCK) * BLOCK
