"""Strategies on a simulated reasoner of known strength: against theory, and at equal tokens.

    python benchmarks/simulation.py [--questions N] [--seed S]

theory          accuracy of majority vote, best-of-4 and weighted best-of-4 by a perfect, a noisy
                and a useless verifier, beside the exact one
equal tokens    beam, DVTS and MCTS against best-of-N with as many tokens (to half a sample), where
                steps and outcomes, only outcomes, or neither can be told apart
"""

import argparse
import json
from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path
from statistics import mean
from time import process_time
from typing import Any

from ragreason.evaluation.statistics import bootstrap_interval, paired_interval
from ragreason.protocols import Strategy
from ragreason.search.beam import Beam
from ragreason.search.best_of_n import BestOfN
from ragreason.search.dvts import DVTS
from ragreason.search.majority import Majority
from ragreason.search.mcts import MCTS
from ragreason.search.weighted_best_of_n import WeightedBestOfN
from ragreason.simulation import (
    Measured,
    SimulatedReasoner,
    SimulatedVerifier,
    auc_of,
    best_of_n_accuracy,
    majority_accuracy,
    measure,
    simulated_questions,
    weighted_best_of_n_accuracy,
)
from ragreason.types import Question

RESULT = Path(__file__).parent / "results" / "simulation.json"
N = 4
STRENGTHS = {"perfect": inf, "noisy": 1.5, "useless": 0.0}
SHORT = SimulatedReasoner(p=(0.3, 0.55), depth=1, wrong=(0.6, 0.3, 0.1))
LONG = SimulatedReasoner(p=(0.55, 0.65, 0.75), depth=4)
INFORMED = {
    "steps and outcomes": SimulatedVerifier(2.0),
    "outcomes": SimulatedVerifier(0.0, outcome_d_prime=2.0),
    "neither": SimulatedVerifier(0.0),
}
SEARCHES: dict[str, Strategy] = {
    "beam": Beam(width=4, branching=4),
    "dvts": DVTS(subtrees=4, branching=4),
    "mcts": MCTS(simulations=14, branching=4, parallel=4),
}


def theory(questions: Sequence[Question], seed: int) -> list[dict[str, Any]]:
    """One row a strategy and verifier."""
    rows = [_compared("majority", "none", Majority(n=N), majority_accuracy, questions, seed)]
    for name, d in STRENGTHS.items():
        exact: dict[str, tuple[Strategy, Callable[[Sequence[float], int], float]]] = {
            "best_of_n": (BestOfN(n=N), lambda s, n, d=d: best_of_n_accuracy(s[0], n, d)),
            "weighted_best_of_n": (
                WeightedBestOfN(n=N),
                lambda s, n, d=d: weighted_best_of_n_accuracy(s, n, d),
            ),
        }
        rows += [
            _compared(strategy, name, part, formula, questions, seed)
            for strategy, (part, formula) in exact.items()
        ]
    return rows


def _compared(
    strategy: str,
    verifier: str,
    part: Strategy,
    exact: Callable[[Sequence[float], int], float],
    questions: Sequence[Question],
    seed: int,
) -> dict[str, Any]:
    judge = SimulatedVerifier(STRENGTHS[verifier]) if verifier in STRENGTHS else None
    measured = measure(questions, policy=SHORT, strategy=part, verifier=judge, seed=seed)
    known = {shares: exact(shares, N) for shares in map(SHORT.answers, questions)}
    return {
        "strategy": strategy,
        "verifier": verifier,
        "measured": measured.accuracy,
        "standard_error": measured.standard_error,
        "exact": mean(known[SHORT.answers(q)] for q in questions),
    }


def equal_tokens(questions: Sequence[Question], seed: int) -> list[dict[str, Any]]:
    """One row a search and verifier, each beside best-of-N with as many tokens."""
    rows = []
    for informed, verifier in INFORMED.items():

        def run(part: Strategy, verifier: SimulatedVerifier = verifier) -> Measured:
            return measure(questions, policy=LONG, strategy=part, verifier=verifier, seed=seed)

        one = run(BestOfN(n=1)).tokens.mean()
        samples: dict[int, Measured] = {}
        for name, part in SEARCHES.items():
            search = run(part)
            n = round(search.tokens.mean() / one)
            samples[n] = samples.get(n) or run(BestOfN(n=n))
            rows.append({"informed": informed, **_row(name, search, n, samples[n])})
    return rows


def _row(name: str, search: Measured, n: int, samples: Measured) -> dict[str, Any]:
    right, other = search.right.astype(float), samples.right.astype(float)
    return {
        "strategy": name,
        "accuracy": bootstrap_interval(right),
        "tokens": float(search.tokens.mean()),
        "waves": float(search.waves.mean()),
        "n": n,
        "best_of_n": bootstrap_interval(other),
        "best_of_n_tokens": float(samples.tokens.mean()),
        "gain": paired_interval(right, other),
    }


def theory_table(rows: Sequence[dict[str, Any]]) -> str:
    """As docs/simulation.md shows it."""
    lines = ["| strategy | verifier | measured | exact |", "|---|---|---|---|"]
    for row in rows:
        measured = f"{row['measured']:.3f} ± {row['standard_error']:.3f}"
        name = f"`{row['strategy']}`"
        lines.append(f"| {name} | {row['verifier']} | {measured} | {row['exact']:.3f} |")
    return "\n".join(lines)


def tokens_table(rows: Sequence[dict[str, Any]]) -> str:
    """As docs/simulation.md shows it."""
    lines = [
        "| told apart | strategy | tokens | accuracy | best-of-N at as many tokens | difference |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        value, low, high = row["gain"]
        lines.append(
            f"| {row['informed']} | `{row['strategy']}` | {row['tokens']:,.0f} "
            f"| {row['accuracy'][0]:.2f} | {row['best_of_n'][0]:.2f} (N = {row['n']}, "
            f"{row['best_of_n_tokens']:,.0f}) | {value:+.2f} [{low:+.2f}, {high:+.2f}] |"
        )
    return "\n".join(lines)


def rounded(value: Any) -> Any:
    """Floats to four digits, everywhere."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(inner) for inner in value]
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    questions, started_s = simulated_questions(options.questions), process_time()
    result = rounded(
        {
            "questions": options.questions,
            "seed": options.seed,
            "noisy_auc": auc_of(STRENGTHS["noisy"]),
            "informed_auc": auc_of(2.0),
            "theory": theory(questions, options.seed),
            "equal_tokens": equal_tokens(questions[: options.questions // 4], options.seed),
            "cpu_s": process_time() - started_s,
        }
    )
    print(theory_table(result["theory"]), "", tokens_table(result["equal_tokens"]), sep="\n")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
