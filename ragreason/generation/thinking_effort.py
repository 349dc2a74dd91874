"""How hard to think: a level, or the knobs behind it."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from ragreason.errors import CapabilityError
from ragreason.protocols import Capability, Generator
from ragreason.registry import engines_with
from ragreason.types import Effort, Value

THINKER_CAPS: Mapping[Effort, int] = {"low": 1024, "medium": 2048, "high": 8192}
"""Most thinking tokens of models that were trained to think."""
PLAIN_CAPS: Mapping[Effort, int] = {"low": 48, "medium": 128, "high": 384}
"""The same for other models, which gain nothing by long thoughts and lose the thread."""
PLAIN_WORDS: Mapping[Effort, int] = {"low": 25, "medium": 60, "high": 200}
"""How many words other models are asked for."""

CONTINUED: frozenset[Capability] = frozenset({"prefill"})
PROBED: frozenset[Capability] = frozenset({"prefill", "logprobs", "stream"})


class Thought(Value):
    """What `effort` says in a graph: `low` for short, or `{level: low, cap: 64, exit: 0.95}`.

    `cap` is the most thinking tokens, after which the answer is forced; `at_least` the fewest: a
    model that stops before is made to go on ("Wait"), at most `WAITS` times; `soft` asks it in the
    prompt to keep to that many words, 0 says nothing. What is not given follows from the level.
    With `exit`, the answer is probed after each thought, and thinking ends once the geometric mean
    of the probabilities of its tokens is above that. Thinking that repeats itself ends unless
    `repeats` is true. Sources: arXiv 2501.19393 (forced ends and "Wait"), 2504.15895 (early exit).
    """

    level: Effort = "medium"
    cap: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    at_least: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    soft: Annotated[int, Field(ge=0, le=100_000)] | None = None
    exit: Annotated[float, Field(gt=0, lt=1)] | None = None
    repeats: bool = False

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"level": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits(self) -> "Thought":
        knobs = self.cap or self.at_least or self.soft or self.exit
        if self.level == "none" and knobs:
            raise ValueError("effort none thinks nothing, so it has no cap, at_least, soft or exit")
        if self.cap is not None and self.at_least > self.cap:
            raise ValueError(f"at_least ({self.at_least}) is more than cap ({self.cap})")
        return self

    @property
    def thinks(self) -> bool:
        """Whether there is to be thinking at all."""
        return self.level != "none"

    def most(self, *, trained: bool) -> int:
        """The cap in tokens, for models that were `trained` to think or others."""
        caps = THINKER_CAPS if trained else PLAIN_CAPS
        return self.cap or max(caps[self.level], self.at_least)

    def words(self, *, trained: bool) -> int:
        """How many words the prompt asks for; 0 where it says nothing."""
        if self.soft is not None:
            return self.soft
        if trained or self.at_least:
            return 0
        return min(PLAIN_WORDS[self.level], max(1, self.most(trained=False) // 2))

    def check(self, engine: Generator) -> None:
        """Raise CapabilityError if the engine can't do this."""
        needs = PROBED if self.exit is not None else CONTINUED if self.at_least else frozenset()
        lacking = needs - engine.capabilities
        if lacking:
            able = ", ".join(engines_with(needs)) or "no registered engine"
            knob = "exit" if self.exit is not None else "at_least"
            raise CapabilityError(
                f"effort with {knob} needs {', '.join(sorted(lacking))}, which the engine "
                f"'{engine.name}' lacks; engines that have it: {able}"
            )
