"""How figures and names are written in a report."""

from collections.abc import Mapping
from typing import Any

from ragreason.evaluation.statistics import Interval

METRIC_NAMES: Mapping[str, str] = {
    "em": "EM",
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "support_recall": "support recall",
    "support_all": "all supports",
    "citation_f1": "citation F1",
    "sp_em": "supporting facts EM",
    "sp_f1": "supporting facts F1",
    "sp_precision": "supporting facts precision",
    "sp_recall": "supporting facts recall",
    "joint_em": "joint EM",
    "joint_f1": "joint F1",
    "char_f1": "character F1",
    "mrr": "MRR",
    "map": "MAP",
}

_IN_PROMPT = "prompt_"


def metric_name(name: str) -> str:
    """What people call it: f1 is F1, ndcg@10 is nDCG@10."""
    if name.startswith(_IN_PROMPT):
        return f"{metric_name(name.removeprefix(_IN_PROMPT))} in the last prompt"
    return METRIC_NAMES.get(name) or name.replace("_", " ").replace("ndcg", "nDCG")


def told(interval: Interval) -> str:
    """A value with its interval: "0.360 [0.271, 0.457]"."""
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def interval_of(figure: Mapping[str, Any] | None) -> Interval | None:
    """A summary's figure as an interval; None where it has no value."""
    if not figure or figure.get("value") is None:
        return None
    return Interval(figure["value"], figure["low"], figure["high"])


def cut(text: str, most: int) -> str:
    """The text's beginning, at most so many characters, with an ellipsis where it was cut."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def p_value(p: float) -> str:
    """Four digits behind the point, or below what they can say."""
    return "<0.0001" if p < 0.0001 else f"{p:.4f}"
