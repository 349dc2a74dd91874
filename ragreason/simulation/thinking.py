"""Accuracy and cost of thinking, controlled as real thinking is, over simulated questions."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from ragreason.generation.metered import Metered
from ragreason.generation.thinking import Thinking
from ragreason.generation.thinking_effort import Thought
from ragreason.ledger import Meter, metering
from ragreason.protocols import Generator
from ragreason.simulation.measured import Measured
from ragreason.simulation.reasoner import RIGHT
from ragreason.simulation.thinker import SimulatedThinker
from ragreason.types import Question


async def measure_thinking(
    questions: Sequence[Question], thinker: SimulatedThinker, effort: Thought
) -> Measured:
    """Ask every question of the thinker, told to think by `effort`, through the engine that graphs
    use.

    `tokens` holds what was generated, thinking and probes, and what was read outside of the prefix
    cache; `waves` how many requests were made.
    """
    engine = Thinking(cast(Generator, Metered(thinker)), effort)
    right, tokens, calls = [], [], []
    for question in questions:
        with metering(Meter()) as meter:
            (reply,) = await engine.generate(thinker.request(question))
        spent = meter.spent
        right.append(reply.text == RIGHT)
        tokens.append(spent.tokens - (spent.cached_tokens or 0))
        calls.append(spent.calls)
    none = np.zeros(len(questions), dtype=np.int64)
    return Measured(
        right=np.array(right, dtype=np.bool_),
        tokens=np.array(tokens, dtype=np.int64),
        verifier_tokens=none,
        waves=np.array(calls, dtype=np.int64),
        unanswered=none.astype(np.bool_),
    )
