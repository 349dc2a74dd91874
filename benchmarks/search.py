"""What voting and verifiers make of sampled trajectories on real questions.

    python benchmarks/search.py [--samples DIR]

Reads what `benchmarks/samples.py` recorded; runs no model. For each temperature:

    pass@k, majority@k, and best-of-k and weighted best-of-k by each verifier, k = 1 to 8: the mean
    over all subsets of k samples of a question, with 95 % bootstrap intervals over questions
    AUC of each verifier, right against wrong trajectories, and its tokens on a question's 8
    the choice: the verifier with the highest AUC on the first 100 questions recorded, and of best
    and weighted best-of-8 by it the better one there, reported on the others: the share of the gap
    between one sample and pass@8 that it closes, and its AUC

`ensemble` is fitted on the first 100 questions, and its AUC there, by which it may be chosen, is
that of two-fold cross-validation; its other figures are those of the other questions. Without a
recording, the scores kept in benchmarks/results are reported again: they hold scores by question
id, never a question or an answer.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from samples import FOLDER, GREEDY, TEMPERATURES, N, makers, rows_in, verdicts_file

from ragreason.evaluation.plots import plot_scaling
from ragreason.evaluation.points import Point
from ragreason.evaluation.statistics import bootstrap_interval
from ragreason.evaluation.test_time import best_of_k, pass_at_k, weighted_at_k
from ragreason.text.votes import vote_key
from ragreason.verification.ensemble import fit_weights

RESULT = Path(__file__).parent / "results" / "search.json"
PLOT = Path(__file__).parents[1] / "docs" / "images" / "search"
ENSEMBLE = "ensemble"
DRAWS = 2_000
CHOSEN_ON = 100
"""More questions than that are needed: the others are reported on."""
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """`N` samples of each question at one temperature. Arrays are (questions, samples).

    `votes` holds numbers that are equal where answers count as one vote, 0 for an empty answer.
    `cost`: verifier to the tokens of one of its requests and their number, a mean over questions
    whose trajectories were all judged together; of an ensemble, its members'. `prompt` and `reply`
    hold the tokens of the prompt, and of one sample.
    """

    ids: tuple[str, ...]
    right: Array
    greedy: Array  # (questions,)
    votes: npt.NDArray[np.int64]
    scores: Mapping[str, Array]
    cost: Mapping[str, Sequence[tuple[float, float]]]
    prompt: Array  # (questions,)
    reply: Array  # (questions,)

    def at(self, places: npt.NDArray[np.int64]) -> "Samples":
        """The questions at these places."""
        return Samples(
            tuple(self.ids[i] for i in places),
            self.right[places],
            self.greedy[places],
            self.votes[places],
            {name: scores[places] for name, scores in self.scores.items()},
            self.cost,
            self.prompt[places],
            self.reply[places],
        )

    @cached_property
    def halves(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The places of the questions to choose on, and of those to report on."""
        places = np.arange(len(self.ids))
        return places[:CHOSEN_ON], places[CHOSEN_ON:]

    def passed(self, k: int) -> Array:
        """pass@k: (questions,)."""
        return np.array([pass_at_k([bool(r) for r in right], k) for right in self.right])

    def best(self, name: str, k: int) -> Array:
        """Best-of-k by this verifier: (questions,)."""
        pairs = zip(self.right, self.scores[name], strict=True)
        return np.array([best_of_k(right, scores, k) for right, scores in pairs])

    def weighted(self, name: str | None, k: int) -> Array:
        """Weighted best-of-k by this verifier, majority@k without one: (questions,)."""
        weights = np.ones_like(self.right) if name is None else self.scores[name]
        rows = zip(self.votes, self.right, weights, strict=True)
        return np.array(
            [weighted_at_k([str(v or "") for v in votes], r, w, k) for votes, r, w in rows]
        )

    def verified(self, name: str, k: int) -> float:
        """At most so many tokens this verifier reads for k trajectories of a question: they take at
        most a request each, and no more than all that were judged together took.
        """
        return sum(tokens * min(k, requests) for tokens, requests in self.cost[name])

    def by(self, rule: str, name: str, k: int) -> Array:
        """`rule` is "best" or "weighted"."""
        return self.best(name, k) if rule == "best" else self.weighted(name, k)


def with_ensemble(samples: Samples, members: Sequence[str]) -> Samples:
    """The samples with the scores of an ensemble: fitted on the first questions for the others, and
    on each half of the first ones for their other half.
    """
    stacked = np.stack([samples.scores[name] for name in members], axis=-1)
    first, others = samples.halves
    even, odd = first[::2], first[1::2]
    found = np.zeros_like(samples.right)
    for fitted_on, scored in ((first, others), (even, odd), (odd, even)):
        rows = stacked[fitted_on].reshape(-1, len(members))
        fitted = fit_weights(rows, samples.right[fitted_on].ravel() > 0)
        odds = stacked[scored] @ np.array(fitted["weights"]) + fitted["intercept"]
        found[scored] = 1 / (1 + np.exp(-odds))
    scores = {**samples.scores, ENSEMBLE: found}
    cost = {**samples.cost, ENSEMBLE: [part for name in members for part in samples.cost[name]]}
    return replace(samples, scores=scores, cost=cost)


def auc(scores: Array, right: Array) -> float:
    """How often a right sample scores above a wrong one, ties counting half; 0.5 without either."""
    yes, no = scores[right > 0], scores[right == 0]
    if not yes.size or not no.size:
        return 0.5
    above = (yes[:, None] > no[None]).mean() + 0.5 * (yes[:, None] == no[None]).mean()
    return float(above)


def resampled(samples: Samples, figure: Any) -> list[float]:
    """A figure's 95 % interval, questions drawn with replacement: [value, low, high]."""
    random = np.random.default_rng(0)
    count = len(samples.ids)
    drawn = [figure(random.integers(0, count, count)) for _ in range(DRAWS)]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return rounded([figure(np.arange(count)), low, high])


def auc_interval(samples: Samples, name: str) -> list[float]:
    """The verifier's AUC over all samples, with its interval."""
    scores, right = samples.scores[name], samples.right
    return resampled(samples, lambda places: auc(scores[places], right[places]))


def closed(samples: Samples, found: Array) -> list[float]:
    """The share of the gap between one sample and pass@N that is closed, with its interval."""
    one, most = samples.right.mean(axis=1), samples.passed(N)

    def share(places: npt.NDArray[np.int64]) -> float:
        gap = most[places].mean() - one[places].mean()
        return float((found[places].mean() - one[places].mean()) / gap) if gap else float("nan")

    return resampled(samples, share)


def interval(values: Array) -> list[float]:
    """Mean, low, high."""
    return rounded(bootstrap_interval(values))


def rounded(values: Sequence[float]) -> list[float]:
    """To four digits."""
    return [round(float(value), 4) for value in values]


def chosen(samples: Samples) -> dict[str, Any]:
    """The choice on one half and what it is worth on the other."""
    first, second = (samples.at(places) for places in samples.halves)
    aucs = {name: auc(scores, first.right) for name, scores in first.scores.items()}
    name = max(sorted(aucs), key=aucs.__getitem__)
    rule = max(("best", "weighted"), key=lambda rule: first.by(rule, name, N).mean())
    found = second.by(rule, name, N)
    return {
        "verifier": name,
        "rule": rule,
        "questions": [len(first.ids), len(second.ids)],
        "auc_on_first": rounded([aucs[name]])[0],
        "one": interval(second.right.mean(axis=1)),
        "greedy": interval(second.greedy),
        "pass": interval(second.passed(N)),
        "majority": interval(second.weighted(None, N)),
        "chosen": interval(found),
        "over_greedy": interval(found - second.greedy),
        "closed": closed(second, found),
        "closed_by_majority": closed(second, second.weighted(None, N)),
        "auc": auc_interval(second, name),
    }


def curves(samples: Samples) -> dict[str, Any]:
    """Every strategy's accuracy for k = 1 to N."""
    _, second = samples.halves
    report = {ENSEMBLE: samples.at(second)}
    ks = range(1, N + 1)
    found: dict[str, Any] = {
        "pass": [interval(samples.passed(k)) for k in ks],
        "majority": [interval(samples.weighted(None, k)) for k in ks],
    }
    for name in samples.scores:
        those = report.get(name, samples)
        found[f"best_of_n {name}"] = [interval(those.best(name, k)) for k in ks]
        found[f"weighted_best_of_n {name}"] = [interval(those.weighted(name, k)) for k in ks]
    return found


def verifiers(samples: Samples) -> dict[str, Any]:
    """Each verifier's AUC, tokens for `N` trajectories, and the share of the gap that it closes."""
    _, second = samples.halves
    found = {}
    for name in samples.scores:
        those = samples.at(second) if name == ENSEMBLE else samples
        found[name] = {
            "auc": auc_interval(those, name),
            "tokens": round(samples.verified(name, N), 1),
            "closed_best": closed(those, those.best(name, N)),
            "closed_weighted": closed(those, those.weighted(name, N)),
        }
    return found


def points(samples: Samples, names: Sequence[str]) -> list[Point]:
    """Accuracy against tokens: majority, and weighted best-of-k by each of these verifiers."""
    made = []
    for label, name in [("majority", None), *((f"weighted by {n}", n) for n in names)]:
        for k in (1, 2, 4, 8):
            spent = samples.prompt + k * samples.reply
            spent = spent + (samples.verified(name, k) if name is not None else 0)
            score = samples.weighted(name, k)
            made.append(Point(label, "n", k, {"em": score}, {"tokens": spent}))
    return made


def read(folder: Path) -> dict[str, Any]:
    """The recording as numbers by question id: what is kept in the project."""
    rows = rows_in(folder / "samples.jsonl")
    verdicts = {name: rows_in(verdicts_file(folder, name)) for name in makers()}
    verdicts = {name: found for name, found in verdicts.items() if found}
    whole = [key for key in rows if all(key in found for found in verdicts.values())]
    kept = {}
    for key in whole:
        row = rows[key]
        kept[key] = {
            name: {
                "right": row["em"][name],
                "votes": numbered([t["steps"][-1].get("answer", "") for t in drawn]),
                "prompt": drawn[0]["steps"][-1]["usage"]["prompt_tokens"],
                "reply": sum(len(t["steps"][-1].get("token_ids", ())) for t in drawn) / len(drawn),
                "scores": {v: rounded(verdicts[v][key]["scores"][name]) for v in verdicts},
            }
            for name, drawn in row["trajectories"].items()
        }
    cost = {name: [requests(list(found.values()))] for name, found in verdicts.items()}
    return {"questions": kept, "cost": cost}


def requests(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Tokens a request, and requests a question, of a verifier's rows."""
    calls = sum(row["calls"] for row in rows)
    tokens = sum(row["tokens"] for row in rows)
    return (tokens / calls if calls else 0.0, calls / len(rows))


def numbered(answers: Sequence[str]) -> list[int]:
    """Answers that count as one vote have one number, from 1; an empty one has 0."""
    keys = [vote_key(answer) if answer else "" for answer in answers]
    order = {key: place for place, key in enumerate(dict.fromkeys(k for k in keys if k), start=1)}
    return [order.get(key, 0) for key in keys]


def samples_at(kept: Mapping[str, Any], temperature: float) -> Samples:
    """What was kept of one temperature."""
    rows = list(kept["questions"].values())
    drawn = [row[str(temperature)] for row in rows]
    found = Samples(
        ids=tuple(kept["questions"]),
        right=np.array([d["right"] for d in drawn]),
        greedy=np.array([row[GREEDY]["right"][0] for row in rows]),
        votes=np.array([d["votes"] for d in drawn]),
        scores={name: np.array([d["scores"][name] for d in drawn]) for name in kept["cost"]},
        cost=kept["cost"],
        prompt=np.array([float(d["prompt"]) for d in drawn]),
        reply=np.array([d["reply"] for d in drawn]),
    )
    members = sorted(name for name in kept["cost"] if name != "random")
    return with_ensemble(found, members)


def main() -> None:
    """Report, plot and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=FOLDER)
    options = parser.parse_args()
    if (options.samples / "samples.jsonl").exists():
        kept = read(options.samples)
    else:
        kept = json.loads(RESULT.read_text(encoding="utf-8"))["kept"]
    if len(kept["questions"]) <= CHOSEN_ON:
        parser.error(f"{len(kept['questions'])} recorded; expected more than {CHOSEN_ON}")
    report = {}
    for temperature in TEMPERATURES:
        samples = samples_at(kept, temperature)
        report[str(temperature)] = {
            "chosen": chosen(samples),
            "verifiers": verifiers(samples),
            "curves": curves(samples),
        }
        tell(temperature, samples, report[str(temperature)])
    text = json.dumps({"report": report, "kept": kept}, separators=(",", ":"))
    RESULT.write_text(text + "\n", encoding="utf-8")
    samples = samples_at(kept, 1.0)
    _, second = samples.halves
    _, png = plot_scaling(
        points(samples.at(second), ["agreement", "likelihood", "groundedness", "random"]),
        "em",
        PLOT,
        f"{len(second)} questions, samples of the 0.5B model at temperature 1.0",
    )
    png.unlink()  # the page shows the SVG
    print(f"kept in {RESULT}")


def tell(temperature: float, samples: Samples, report: Mapping[str, Any]) -> None:
    """The table of one temperature."""
    choice = report["chosen"]
    one = samples.right.mean()
    print(
        f"temperature {temperature}, {len(samples.ids)} questions: one sample {one:.3f}, greedy "
        f"{samples.greedy.mean():.3f}, majority {samples.weighted(None, N).mean():.3f}, pass@{N} "
        f"{samples.passed(N).mean():.3f}"
    )
    for name, found in sorted(report["verifiers"].items(), key=lambda item: -item[1]["auc"][0]):
        best, weighted = shown(found["closed_best"]), shown(found["closed_weighted"])
        print(
            f"  {name:<20} AUC {shown(found['auc'])}  gap closed: best {best}  weighted {weighted}"
            f"  {found['tokens']:.0f} tokens"
        )
    print(
        f"  chosen on {choice['questions'][0]}: {choice['rule']} by {choice['verifier']}; on the "
        f"other {choice['questions'][1]}: {shown(choice['chosen'])}, one sample "
        f"{shown(choice['one'])}, greedy {shown(choice['greedy'])}, pass@{N} "
        f"{shown(choice['pass'])}; gap closed {shown(choice['closed'])} (majority "
        f"{shown(choice['closed_by_majority'])}), AUC {shown(choice['auc'])}"
    )


def shown(found: Sequence[float]) -> str:
    """A figure with its interval."""
    return f"{found[0]:.2f} [{found[1]:.2f}, {found[2]:.2f}]"


if __name__ == "__main__":
    main()
