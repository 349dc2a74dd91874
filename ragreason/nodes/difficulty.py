"""How hard is the question? A number for edges to branch on."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar

from ragreason.errors import ConfigError
from ragreason.events import TraceEvent
from ragreason.nodes.emit import emit
from ragreason.nodes.features import Feature, evidence_features, question_features, told
from ragreason.state import State
from ragreason.verification.calibration import platt

WEIGHTS: Mapping[Feature, float] = {
    "words": -0.8,
    "names": -0.6,
    "compares": -1.4,
    "links": 0.2,
    "open": -0.5,
    "top": -0.1,
    "covered": -0.4,
    "missing": 0.6,
    "gap": 0.3,
    "doubt": 1.0,
}
INTERCEPT = 2.3
"""Fitted to 207 questions: HotpotQA's training sample (100), 2WikiMultihopQA's (57) and MuSiQue's
(50), read once by Qwen2.5-Coder-0.5B from a hybrid search's best five; the area under the ROC curve
is 0.69 in tenfold cross-validation. `ragreason calibrate` fits others."""
USUAL: Mapping[Feature, float] = {
    "top": 0.56,
    "covered": 0.86,
    "missing": 0.05,
    "gap": 0.04,
    "doubt": 0.29,
}
"""Of what is not known yet, the mean over those questions."""


@dataclass(frozen=True)
class Difficulty:
    """Estimate `difficulty`, the chance that reading once answers wrongly, from 0 to 1.

    It is sigmoid(sum of weight * feature + intercept) over the features of `nodes.features`: what
    the question's wording says; where there is evidence, how well the kept passages cover the
    question; where an answer came with a `confidence`, `doubt`, which is 1 minus that. What is not
    known counts as it usually is. `weights` and `intercept` are given together, as `ragreason
    calibrate` writes them; a feature without a weight does not count. No model is asked: two cheap
    answers that agree are an answer node with `samples`. Source: Adaptive-RAG, arXiv 2403.14403,
    where a trained language model takes this place.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("evidence", "confidence")
    writes: ClassVar[tuple[str, ...]] = ("difficulty",)

    name: str
    weights: Mapping[Feature, float] | None = None
    intercept: float | None = None

    def __post_init__(self) -> None:
        """Raises ConfigError for half of a fit, and for what is no number."""
        if (self.weights is None) != (self.intercept is None):
            raise ConfigError(f"'{self.name}': give both weights and intercept, or neither")
        if not all(map(isfinite, [*(self.weights or {}).values(), self.intercept or 0.0])):
            raise ConfigError(f"'{self.name}': weights and intercept must be finite numbers")

    async def __call__(self, state: State) -> dict[str, Any]:
        """No model call."""
        question = state["question"].text
        hits = [entry.hit for entry in state.get("evidence", {}).values() if entry.keep]
        found = {**question_features(question), **evidence_features(question, hits)}
        if "confidence" in state:
            found["doubt"] = 1.0 - state["confidence"]
        estimate = self.estimate(found)
        emit(TraceEvent(kind="difficulty", node=self.name, text=told(estimate, found)))
        return {"difficulty": estimate}

    def estimate(self, features: Mapping[Feature, float]) -> float:
        """The difficulty that these features give."""
        known = {**USUAL, **features}
        weights = WEIGHTS if self.weights is None else self.weights
        score = sum(weight * known[name] for name, weight in weights.items())
        return platt(score, 1.0, INTERCEPT if self.intercept is None else self.intercept)
