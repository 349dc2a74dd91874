"""Votes that stop early, against as many samples of a plain majority vote.

    python benchmarks/thinking.py [--questions N] [--seed S]

simulated       a reasoner whose questions are of three kinds, easy to hard: adaptive votes at
                several confidences, each beside majority votes of as many tokens. Between the two
                nearest numbers of votes majority's score and cost are interpolated
recorded        the answers kept in results/search.json (`benchmarks/samples.py`: 8 of each of 170
                questions at three temperatures), replayed in the order in which they were drawn
"""

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from math import ceil, floor
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import numpy.typing as npt

from ragreason.evaluation.statistics import bootstrap_interval, paired_interval
from ragreason.search.adaptive_majority import AdaptiveMajority
from ragreason.search.majority import Majority
from ragreason.simulation import Measured, SimulatedReasoner, measure, simulated_questions
from ragreason.tree import Added, Asked, Event, Expand, Tree
from ragreason.types import Question, Step, Usage

RESULT = Path(__file__).parent / "results" / "thinking.json"
RECORDED = Path(__file__).parent / "results" / "search.json"
REASONER = SimulatedReasoner(p=(0.35, 0.6, 0.9), depth=1, wrong=(0.5, 0.3, 0.2))
MOST = 16
CONFIDENCES = (0.8, 0.9, 0.95, 0.99)
TEMPERATURES = ("0.7", "1.0", "1.3")
Floats = npt.NDArray[np.float64]


def simulated(questions: Sequence[Question], seed: int) -> list[dict[str, Any]]:
    """One row a confidence."""
    votes: dict[int, Measured] = {}

    def majority(n: int) -> Measured:
        if n not in votes:
            votes[n] = measure(questions, policy=REASONER, strategy=Majority(n=n), seed=seed)
        return votes[n]

    rows = []
    for confidence in CONFIDENCES:
        part = AdaptiveMajority(n=MOST, first=3, confidence=confidence)
        found = measure(questions, policy=REASONER, strategy=part, seed=seed)
        drawn = found.tokens / REASONER.step_tokens
        low, high = floor(drawn.mean()), ceil(drawn.mean())
        share = drawn.mean() - low
        others = (1 - share) * majority(low).right + share * majority(high).right
        row = compared(found.right.astype(float), others, drawn)
        rows.append(
            {
                "confidence": confidence,
                **row,
                "waves": float(found.waves.mean()),
                "all_votes": float(majority(MOST).right.mean()),
            }
        )
    return rows


def compared(right: Floats, others: Floats, drawn: Floats) -> dict[str, Any]:
    """Adaptive votes beside as many of a plain vote; every array is (questions,)."""
    return {
        "adaptive": bootstrap_interval(right),
        "majority": bootstrap_interval(others),
        "samples": bootstrap_interval(drawn),
        "gain": paired_interval(right, others),
    }


def recorded(kept: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a temperature and confidence."""
    rows = []
    for temperature in TEMPERATURES:
        drawn = [row[temperature] for row in kept.values()]
        for confidence in CONFIDENCES:
            part = AdaptiveMajority(n=8, first=3, confidence=confidence)
            played = [replayed(one["votes"], one["right"], part) for one in drawn]
            right = np.array([found for found, _ in played])
            used = np.array([float(count) for _, count in played])
            low, high = floor(used.mean()), ceil(used.mean())
            share = used.mean() - low
            plain = [[voted(one["votes"], one["right"], n) for one in drawn] for n in (low, high)]
            others = (1 - share) * np.array(plain[0]) + share * np.array(plain[1])
            full = np.array([voted(one["votes"], one["right"], 8) for one in drawn])
            rows.append(
                {
                    "temperature": float(temperature),
                    "confidence": confidence,
                    **compared(right, others, used),
                    "all_votes": bootstrap_interval(full),
                    "over_all": paired_interval(right, full),
                    "agrees": float(np.mean(right == full)),
                }
            )
    return rows


def replayed(
    votes: Sequence[int], right: Sequence[float], strategy: AdaptiveMajority
) -> tuple[float, int]:
    """Whether the strategy is right, and how many of the recorded samples it took, in order."""
    events: list[Event] = []
    while isinstance(decision := strategy.decide(Tree(events), Usage()), Expand):
        ((_, n),) = decision.nodes
        at = len(Tree(events)) - 1
        new = [Step(kind="answer", text="t", answer=str(v or "")) for v in votes[at : at + n]]
        events += [Asked(node=0, n=n), *(Added(parent=0, step=step) for step in new)]
    best = decision.nodes[0][0] - 1 if decision.nodes else 0
    return float(right[best]), len(Tree(events)) - 1


def voted(votes: Sequence[int], right: Sequence[float], n: int) -> float:
    """Whether majority vote of the first `n` is right; ties go to the one seen first."""
    counts = Counter(vote for vote in votes[:n] if vote)
    best = max(counts, key=lambda vote: counts[vote]) if counts else votes[0]
    return float(right[list(votes).index(best)])


def simulated_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """As docs/thinking.md shows it."""
    lines = [
        "| confidence | samples | accuracy | majority of as many | difference | majority of 16 |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['confidence']} | {row['samples'][0]:.1f} | {row['adaptive'][0]:.3f} "
        f"| {row['majority'][0]:.3f} | {signed(row['gain'])} | {row['all_votes']:.3f} |"
        for row in rows
    ]
    return "\n".join(lines)


def recorded_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """As docs/thinking.md shows it."""
    lines = [
        "| temperature | confidence | samples | EM | majority of as many | majority of 8 "
        "| difference to that |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['temperature']} | {row['confidence']} | {row['samples'][0]:.1f} "
        f"| {row['adaptive'][0]:.3f} | {row['majority'][0]:.3f} | {row['all_votes'][0]:.3f} "
        f"| {signed(row['over_all'])} |"
        for row in rows
    ]
    return "\n".join(lines)


def signed(interval: Sequence[float]) -> str:
    """A difference and its interval."""
    value, low, high = interval
    return f"{value:+.3f} [{low:+.3f}, {high:+.3f}]"


def rounded(value: Any) -> Any:
    """Floats to four digits, everywhere."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(inner) for inner in value]
    return round(float(value), 4) if isinstance(value, float) else value


def keep(found: Mapping[str, Any]) -> None:
    """Write these parts into the kept result, beside what others keep there."""
    before = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    text = json.dumps({**before, **rounded(dict(found))}, indent=1)
    RESULT.write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--questions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    questions, started_s = simulated_questions(options.questions), process_time()
    votes = simulated(questions, options.seed)
    kept = json.loads(RECORDED.read_text(encoding="utf-8"))["kept"]["questions"]
    replay = recorded(kept)
    print(simulated_table(votes), "", recorded_table(replay), sep="\n")
    keep(
        {
            "adaptive_votes": {
                "questions": options.questions,
                "seed": options.seed,
                "simulated": votes,
                "recorded_questions": len(kept),
                "recorded": replay,
                "cpu_s": process_time() - started_s,
            }
        }
    )
    print(f"kept in {RESULT}")


if __name__ == "__main__":
    main()
