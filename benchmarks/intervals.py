"""Whether intervals cover and tests alarm as often as they say, on simulated runs.

    python benchmarks/intervals.py [--simulations N] [--tests N] [--seed S]

coverage        how often the 95 % bootstrap interval holds the true mean: right and wrong answers
                at several rates; scores like F1, many of them 0, some 1, the rest between; and five
                seeds of each question, averaged within it or wrongly counted as questions
false alarms    how often the paired tests tell two equally good systems apart at 0.05, on questions
                that are hard or easy for both
power           how often the permutation test finds a true difference as large as the one that
                `minimal_detectable_difference` names for that many questions

The ratio at the end is the worst distance from what was asked for, by how much was allowed: the
coverage within 0.95 +- 0.02 from 200 questions on, false alarms within 0.05 +- 0.01. At most 1 is
wanted.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from ragreason.evaluation.power import minimal_detectable_difference
from ragreason.evaluation.statistics import (
    SMALL,
    Floats,
    bootstrap_interval,
    mcnemar,
    paired_permutation_test,
)

RESULT = Path(__file__).parent / "results" / "intervals.json"
QUESTIONS = (20, 50, 100, 200, 500)
RATES = (0.05, 0.1, 0.3, 0.5, 0.8)
BOOTSTRAPS, FLIPS = 2_000, 1_000
Draw = Callable[[np.random.Generator, int], Floats]


def exact_match(rate: float) -> Draw:
    """Right and wrong answers."""
    return lambda random, count: (random.random(count) < rate).astype(float)


def like_f1(zero: float, one: float) -> Draw:
    """0 with the one chance, 1 with the other, else between, by Beta(2, 2)."""

    def draw(random: np.random.Generator, count: int) -> Floats:
        kinds = random.random(count)
        between = random.beta(2, 2, count)
        return np.where(kinds < zero, 0.0, np.where(kinds < zero + one, 1.0, between))

    return draw


SCORES: dict[str, tuple[Draw, float]] = {
    **{f"em {rate:g}": (exact_match(rate), rate) for rate in RATES},
    "f1, 50 % zero": (like_f1(0.5, 0.25), 0.25 + 0.25 / 2),
    "f1, 80 % zero": (like_f1(0.8, 0.1), 0.1 + 0.1 / 2),
    "f1, 20 % zero": (like_f1(0.2, 0.4), 0.4 + 0.4 / 2),
}


def coverage(simulations: int, seed: int) -> list[dict[str, Any]]:
    """One row a kind of score and number of questions."""
    rows = []
    for name, (draw, truth) in SCORES.items():
        for count in QUESTIONS:
            random = np.random.default_rng([seed, count, len(rows)])
            held = [_holds(draw(random, count), truth, i) for i in range(simulations)]
            rows.append({"scores": name, "questions": count, "coverage": float(np.mean(held))})
    return rows


def seeds(simulations: int, seed: int, count: int = 200, repeats: int = 5) -> dict[str, float]:
    """Coverage where each of the questions has several seeds, of which a tenth turns the answer."""
    random = np.random.default_rng([seed, 1])
    averaged, pooled = [], []
    for i in range(simulations):
        right = random.random((count, 1)) < 0.5
        turned = random.random((count, repeats)) < 0.1
        rows = np.where(turned, ~right, right).astype(float)  # (questions, seeds)
        averaged.append(_holds(rows.mean(axis=1), 0.5, i))
        pooled.append(_holds(rows.ravel(), 0.5, i))
    return {"averaged": float(np.mean(averaged)), "counted as questions": float(np.mean(pooled))}


def false_alarms(tests: int, seed: int, count: int = 200) -> list[dict[str, Any]]:
    """One row a kind of score and test."""
    found: dict[tuple[str, str], list[bool]] = {}
    for name in ("em", "f1"):
        random = np.random.default_rng([seed, 2, len(name), ord(name[0])])
        for i in range(tests):
            ours, theirs = _equals(name, random, count)
            p = paired_permutation_test(ours, theirs, seed=i, samples=FLIPS)
            found.setdefault((name, "permutation"), []).append(p <= 0.05)
            discordant = mcnemar(ours, theirs)
            if discordant is not None:
                found.setdefault((name, "McNemar"), []).append(discordant.p <= 0.05)
    return [
        {"scores": name, "test": test, "questions": count, "alarms": float(np.mean(alarms))}
        for (name, test), alarms in found.items()
    ]


def power(tests: int, seed: int, count: int = 200) -> dict[str, float]:
    """How often a true difference of the minimal detectable size is found: 0.8 is wanted."""
    random = np.random.default_rng([seed, 3])
    size = minimal_detectable_difference(random.normal(0, 0.3, 1_000_000), np.zeros(1_000_000))
    assert size is not None
    size *= (1_000_000 / count) ** 0.5
    nothing = np.zeros(count)
    found = [
        paired_permutation_test(random.normal(size, 0.3, count), nothing, seed=i, samples=FLIPS)
        for i in range(tests)
    ]
    return {"difference": size, "found": float(np.mean(np.array(found) <= 0.05))}


def _holds(values: Floats, truth: float, seed: int) -> bool:
    _, low, high = bootstrap_interval(values, seed=seed, samples=BOOTSTRAPS)
    return low - 1e-12 <= truth <= high + 1e-12


def _equals(name: str, random: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """Two systems on the same questions: each has its own chance of 0, the same for both."""
    hard = random.beta(1, 1, count)
    if name == "em":
        ours, theirs = (random.random((2, count)) > hard).astype(float)
    else:
        kinds, between = random.random((2, count)), random.beta(2, 2, (2, count))
        ours, theirs = np.where(kinds < hard, 0.0, np.where(kinds < (1 + hard) / 2, 1.0, between))
    return ours, theirs


def worst(document: dict[str, Any]) -> float:
    """The largest distance from what was asked for, by how much was allowed."""
    covered = [r["coverage"] for r in document["coverage"] if r["questions"] >= SMALL]
    covered.append(document["seeds"]["averaged"])
    alarms = [r["alarms"] for r in document["false_alarms"]]
    return max(*(abs(c - 0.95) / 0.02 for c in covered), *(abs(a - 0.05) / 0.01 for a in alarms))


def main() -> None:
    """Print the tables, keep the figures."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--simulations", type=int, default=2_000)
    parser.add_argument("--tests", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    began_s = process_time()
    document: dict[str, Any] = {
        **vars(given),
        "bootstraps": BOOTSTRAPS,
        "flips": FLIPS,
        "coverage": coverage(given.simulations, given.seed),
        "seeds": seeds(given.simulations, given.seed),
        "false_alarms": false_alarms(given.tests, given.seed),
        "power": power(given.tests, given.seed),
    }
    document |= {"cpu_s": round(process_time() - began_s, 1), "ratio": worst(document)}
    print("coverage of the 95 % interval, by the number of questions")
    print("scores".ljust(16), *(str(count).rjust(6) for count in QUESTIONS))
    for name in SCORES:
        held = [r["coverage"] for r in document["coverage"] if r["scores"] == name]
        print(name.ljust(16), *(f"{share:6.3f}" for share in held))
    for name, share in document["seeds"].items():
        print(f"five seeds of 200 questions, {name}: {share:.3f}")
    for row in document["false_alarms"]:
        print(f"false alarms at 0.05, {row['scores']}, {row['test']}: {row['alarms']:.4f}")
    print(f"power at the minimal detectable difference: {document['power']['found']:.3f}")
    print(f"ratio {document['ratio']:.2f}; at most 1 is wanted")
    if (given.simulations, given.tests) == (2_000, 5_000):
        RESULT.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
