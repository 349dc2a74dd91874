"""What can be told about a question, and about what was found for it, without asking a model."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from ragreason.text.language import HAN, language
from ragreason.text.overlap import coverage, keys, units
from ragreason.types import Hit
from ragreason.verification.expected import expected

Feature = Literal[
    "words", "names", "compares", "links", "open", "top", "covered", "missing", "gap", "doubt"
]
_MOST_WORDS = 40
_MOST_NAMES = 5
_MOST_LINKS = 4
_COMPARES = re.compile(rf"\b(?:both|same|either)\b|[{HAN}](?:都|相同|一样)", re.IGNORECASE)
_LINKS = re.compile(r"\b(?:of|that|which|who|whom|whose|where)\b|的", re.IGNORECASE)


def question_features(question: str) -> dict[Feature, float]:
    """Numbers in [0, 1] that the wording gives.

    `words`: of 40 words (or Han characters), `names`: of 5 names and numbers, `links`: of 4 words
    that lead from one thing to the next ("of", "whose", "的"), each cut off at 1. `compares`: 1 for
    a question of yes or no, of several options, or about both of two things. `open`: 1 where the
    wording does not tell what kind of answer is asked for.
    """
    text = question.strip()
    kind = expected(text)
    closed = kind in {"choice", "yes or no"} or _COMPARES.search(text) is not None
    length = len(re.findall(f"[{HAN}]", text)) if language(text) == "zh" else len(text.split())
    names = sum(unit.kind != "word" for unit in units(text))
    return {
        "words": min(1.0, length / _MOST_WORDS),
        "names": min(1.0, names / _MOST_NAMES),
        "compares": float(closed),
        "links": min(1.0, len(_LINKS.findall(text)) / _MOST_LINKS),
        "open": float(kind is None),
    }


def evidence_features(question: str, hits: Sequence[Hit]) -> dict[Feature, float]:
    """Numbers in [0, 1] about the hits, best first; none without hits.

    `top` and `covered`: the share of the question's names, numbers and content words (names and
    numbers count twice) that the best passage holds, and all of them together. `missing`: the
    share of its names and numbers that none holds. `gap`: how far the second score lies below the
    first, as a share of it; 0 for scores below 0, which have no ratio.
    """
    if not hits:
        return {}
    asked = units(question)
    named = [unit for unit in asked if unit.kind != "word"]
    texts = [keys(f"{hit.passage.title}\n{hit.passage.text}") for hit in hits]
    held = frozenset[str]().union(*texts)
    return {
        "top": coverage(asked, texts[0]),
        "covered": coverage(asked, held),
        "missing": 1.0 - coverage(named, held),
        "gap": _gap([hit.score for hit in hits]),
    }


def _gap(scores: Sequence[float]) -> float:
    best, second, *_ = (*scores, 0.0)
    return min(1.0, max(0.0, (best - second) / best)) if best > 0 else 0.0


def told(difficulty: float, features: Mapping[Feature, float]) -> str:
    """As traces say it: "0.7132: words 0.4000, names 0.2000"; `read_told` reads it again."""
    return f"{difficulty:.4f}: " + ", ".join(f"{n} {value:.4f}" for n, value in features.items())


def read_told(text: str) -> dict[str, float]:
    """The features of what `told` made."""
    pairs = (part.split() for part in text.partition(": ")[2].split(", ") if part)
    return {name: float(value) for name, value in pairs}
