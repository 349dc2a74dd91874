"""Several verifiers as one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar, TypedDict, get_args

import numpy.typing as npt

from ragreason.concurrency import all_or_none
from ragreason.errors import ConfigError, VerifierError
from ragreason.protocols import Aggregation, Costs, Item, Judges, Verifier
from ragreason.types import Hit, Question, Step, Verdict
from ragreason.verification.calibration import fit_logistic, platt

_ORDER: tuple[Costs, ...] = get_args(Costs)


class Fitted(TypedDict):
    """What `fit_weights` found, as `Ensemble` takes it: `Ensemble(members, **fitted)`."""

    weights: tuple[float, ...]
    intercept: float


@dataclass(frozen=True)
class Ensemble:
    """Scores by several verifiers at once, put together with weights.

    Without `intercept` the score is the weighted mean of the members' scores, each mapped to [0, 1]
    by its range; a member that can't judge an item, or has weight 0, is left out with its weight.
    With `intercept` (as `fit_weights` gives) it is sigmoid(weights @ scores + intercept), for which
    every member has to judge every item: the ensemble judges what all of them judge. `weights` None
    weighs all members alike.

    A member that does not judge trajectories scores one by its last step. `aggregation` is that of
    the heaviest member that scores steps (the first of equals), `costs` the dearest member's. A
    verdict has the label that all members give (None where they differ), all their `unsupported`
    and `missing`, and a `reason` that names each one's score. Raises ConfigError, also when a graph
    is checked, for weights that don't fit the members.
    """

    judges: ClassVar[frozenset[Judges]] = frozenset({"step", "prefix", "trajectory", "hits"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "last"
    costs: ClassVar[Costs] = "nothing"

    members: tuple[Verifier, ...]
    weights: tuple[float, ...] | None = None
    intercept: float | None = None

    def __post_init__(self) -> None:
        """What the class leaves open is known from here on."""
        given = {"weights": self.weights, "intercept": self.intercept}
        own = {
            "judges": self.judging(given, self.members),
            "aggregation": _aggregation(self.members, self._weights),
            "costs": max(
                (m.costs for m, used in zip(self.members, self._used, strict=True) if used),
                key=_ORDER.index,
            ),
        }
        for name, value in own.items():
            object.__setattr__(self, name, value)

    @classmethod
    def judging(cls, parameters: Mapping[str, Any], members: Sequence[Any]) -> frozenset[Judges]:
        """What an ensemble of these verifiers (or classes) judges. Raises ConfigError."""
        fitted = parameters.get("intercept") is not None
        weights = parameters.get("weights")
        _check(weights, members, fitted=fitted)
        used = [m for m, w in zip(members, weights or [1] * len(members), strict=True) if w]
        judged = frozenset[Judges]().union(*(m.judges for m in (members if fitted else used)))
        if not fitted:
            return judged
        shared = judged.intersection(*(_able(m.judges) for m in members))
        if not shared:
            listed = "; ".join(", ".join(sorted(m.judges)) for m in members)
            raise ConfigError(
                f"there is nothing that all members judge ({listed}), as an intercept demands"
            )
        return shared

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order; the members judge at the same time."""
        shown = [
            [_shown(member, item) if used else None for item in items]
            for member, used in zip(self.members, self._used, strict=True)
        ]
        for views in zip(*shown, strict=True):
            self._check_judged(sum(view is not None for view in views))
        found = await all_or_none(
            [_judged(m, question, views) for m, views in zip(self.members, shown, strict=True)]
        )
        return [self._combined(verdicts) for verdicts in zip(*found, strict=True)]

    @property
    def _weights(self) -> tuple[float, ...]:
        return self.weights or (1.0,) * len(self.members)

    @property
    def _used(self) -> list[bool]:
        return [self.intercept is not None or weight != 0 for weight in self._weights]

    def _check_judged(self, able: int) -> None:
        who = ("any", 1) if self.intercept is None else ("each", len(self.members))
        if able < who[1]:
            raise VerifierError(
                f"the ensemble got an item that not {who[0]} of its members judges; it judges "
                f"{', '.join(sorted(self.judges))}"
            )

    def _combined(self, verdicts: Sequence[Verdict | None]) -> Verdict:
        given = [
            (member, weight, verdict)
            for member, weight, verdict in zip(self.members, self._weights, verdicts, strict=True)
            if verdict is not None
        ]
        labels = {v.label for _, _, v in given}
        return Verdict(
            score=self._score(given),
            label=labels.pop() if len(labels) == 1 else None,
            unsupported=_all(v.unsupported for _, _, v in given),
            missing=_all(v.missing for _, _, v in given),
            reason="; ".join(_told(member, v) for member, _, v in given),
        )

    def _score(self, given: Sequence[tuple[Verifier, float, Verdict]]) -> float:
        if self.intercept is not None:
            return platt(sum(w * v.score for _, w, v in given), 1.0, self.intercept)
        total = sum(weight for _, weight, _ in given)
        return sum(weight * _unit(v.score, m.range) for m, weight, v in given) / total


def fit_weights(scores: npt.ArrayLike, right: npt.ArrayLike, penalty: float = 1.0) -> Fitted:
    """Weights and intercept of an ensemble that tells right from wrong best.

    `scores`: (n, members), what each member gave each trajectory, in the members' order; `right`:
    (n,). By logistic regression (`calibration.fit_logistic`, which says what `penalty` does and
    what it raises): report the result on other questions than those it was fitted on.
    """
    weights, intercept = fit_logistic(scores, right, penalty)
    return Fitted(weights=weights, intercept=intercept)


def _check(weights: Sequence[float] | None, members: Sequence[Any], *, fitted: bool) -> None:
    if not members:
        raise ConfigError("an ensemble needs members: give members: [groundedness, ...]")
    if weights is None and fitted:
        raise ConfigError("an intercept belongs to fitted weights: give both, or neither")
    if weights is not None and len(weights) != len(members):
        raise ConfigError(f"{len(weights)} weights for {len(members)} members; give one each")
    if weights is not None and not all(map(isfinite, weights)):
        raise ConfigError(f"weights {list(weights)}: each must be a finite number")
    if fitted:
        return
    if weights is not None and (min(weights) < 0 or not any(weights)):
        raise ConfigError(
            f"weights {list(weights)}: without an intercept none may be below 0, and not all 0"
        )
    for member in members:
        if not all(map(isfinite, member.range)):
            raise ConfigError(
                f"{_name(member)} scores from {member.range[0]} to {member.range[1]}, so that no "
                "mean can be taken; give fitted weights and an intercept"
            )


def _able(judges: Collection[Judges]) -> frozenset[Judges]:
    """What such a member can be given: trajectories too where it judges their last step."""
    steps: set[Judges] = {"prefix", "trajectory"} if {"step", "prefix"} & set(judges) else set()
    return frozenset(judges) | steps


def _shown(member: Verifier, item: Item) -> Item | None:
    """The item as this member takes it, None if it can't judge it."""
    if isinstance(item, Hit):
        return item if "hits" in member.judges else None
    if isinstance(item, Step):
        return item if "step" in member.judges else None
    finished = bool(item.steps) and item.steps[-1].kind == "answer" and not item.steps[-1].truncated
    if "prefix" in member.judges or (finished and "trajectory" in member.judges):
        return item
    return item.steps[-1] if item.steps and "step" in member.judges else None


async def _judged(
    member: Verifier, question: Question, shown: Sequence[Item | None]
) -> list[Verdict | None]:
    places = [place for place, item in enumerate(shown) if item is not None]
    items = [item for item in shown if item is not None]
    verdicts = await member.judge(question, items) if items else []
    if len(verdicts) != len(items):
        raise VerifierError(f"{_name(member)} gave {len(verdicts)} verdicts on {len(items)} items")
    found = dict(zip(places, verdicts, strict=True))
    return [found.get(place) for place in range(len(shown))]


def _aggregation(members: Sequence[Verifier], weights: Sequence[float]) -> Aggregation:
    steps = [
        (abs(weight), member.aggregation)
        for member, weight in zip(members, weights, strict=True)
        if {"step", "prefix"} & member.judges
    ]
    return max(steps, key=lambda pair: pair[0])[1] if steps else "last"


def _unit(score: float, bounds: tuple[float, float]) -> float:
    low, high = bounds
    return (score - low) / (high - low)


def _all(texts: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for several in texts for text in several))


def _told(member: Verifier, verdict: Verdict) -> str:
    said = f" ({verdict.reason})" if verdict.reason else ""
    return f"{_name(member)} {verdict.score:.2f}{said}"


def _name(member: Any) -> str:
    return str((member if isinstance(member, type) else type(member)).__name__)
