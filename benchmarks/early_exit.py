"""Thinking that ends once a probed answer is sure, against a plain cap of as many tokens.

    python benchmarks/early_exit.py [--questions N] [--seed S]

A simulated thinker (`ragreason.simulation.SimulatedThinker`) is asked through the engine that
graphs use: its stream is capped, probed after each thought, and closed on an exit, every token
counted. Each threshold stands beside plain caps of as many tokens; between the two nearest caps
score and cost are interpolated. Three probes: sharp, fair and useless.
"""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from time import process_time
from typing import Any

from thinking import RESULT, keep, signed

from ragreason.evaluation.statistics import bootstrap_interval, paired_interval
from ragreason.generation.thinking_effort import Thought
from ragreason.simulation import (
    Measured,
    SimulatedThinker,
    capped_accuracy,
    exit_accuracy,
    measure_thinking,
    simulated_questions,
)
from ragreason.types import Question

PROBES = {"sharp": 3.0, "fair": 2.0, "useless": 0.0}
THRESHOLDS = (0.8, 0.9, 0.95, 0.99)
MOST = 32
"""Thoughts."""


class Caps:
    """Plain caps of one thinker, each measured once."""

    def __init__(self, questions: Sequence[Question], thinker: SimulatedThinker) -> None:
        self.questions = questions
        self.thinker = thinker
        self._measured: dict[int, Measured] = {}

    async def at(self, thoughts: int) -> Measured:
        """What a cap of so many thoughts gives."""
        if thoughts not in self._measured:
            effort = Thought(cap=thoughts * self.thinker.thought_tokens)
            self._measured[thoughts] = await measure_thinking(self.questions, self.thinker, effort)
        return self._measured[thoughts]

    async def like(self, tokens: float) -> tuple[Any, float, float]:
        """Scores a question of a cap with as many tokens, the cap in thoughts, and what theory says
        of its accuracy. Between two caps, both in proportion.
        """
        low = 1
        while low < MOST and (await self.at(low + 1)).tokens.mean() <= tokens:
            low += 1
        one, two = await self.at(low), await self.at(low + 1)
        share = (tokens - one.tokens.mean()) / (two.tokens.mean() - one.tokens.mean())
        share = min(1.0, max(0.0, float(share)))
        exact = [capped_accuracy(self.thinker, low + i) for i in (0, 1)]
        mixed = (1 - share) * exact[0] + share * exact[1]
        return (1 - share) * one.right + share * two.right, low + share, mixed


async def exits(questions: Sequence[Question], seed: int) -> list[dict[str, Any]]:
    """One row a probe and threshold."""
    rows = []
    for name, d_prime in PROBES.items():
        thinker = SimulatedThinker(d_prime=d_prime, seed=seed)
        caps = Caps(questions, thinker)
        for threshold in THRESHOLDS:
            effort = Thought(cap=MOST * thinker.thought_tokens, exit=threshold)
            found = await measure_thinking(questions, thinker, effort)
            right, tokens = found.right.astype(float), found.tokens.astype(float)
            others, cap, exact = await caps.like(float(tokens.mean()))
            rows.append(
                {
                    "probe": name,
                    "d_prime": d_prime,
                    "threshold": threshold,
                    "exit": bootstrap_interval(right),
                    "exit_exact": exit_accuracy(thinker, MOST, threshold),
                    "tokens": bootstrap_interval(tokens),
                    "cap": bootstrap_interval(others),
                    "cap_exact": exact,
                    "cap_thoughts": cap,
                    "gain": paired_interval(right, others),
                }
            )
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """As docs/thinking.md shows it."""
    lines = [
        "| probe | threshold | tokens | accuracy (exact) | plain cap of as many (exact) "
        "| difference |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['probe']} | {row['threshold']} | {row['tokens'][0]:.0f} "
        f"| {row['exit'][0]:.3f} ({row['exit_exact']:.3f}) "
        f"| {row['cap'][0]:.3f} ({row['cap_exact']:.3f}), {row['cap_thoughts']:.1f} thoughts "
        f"| {signed(row['gain'])} |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--questions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started_s = process_time()
    rows = asyncio.run(exits(simulated_questions(options.questions), options.seed))
    print(table(rows))
    about = {"questions": options.questions, "seed": options.seed}
    keep({"early_exit": {**about, "rows": rows, "cpu_s": process_time() - started_s}})
    print(f"kept in {RESULT}")


if __name__ == "__main__":
    main()
