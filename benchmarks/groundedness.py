"""How well support by passages tells true statements from the same ones with an entity swapped.

    python benchmarks/groundedness.py [--limit N] [--embedder NAME]

Data: HotpotQA training sample (each supporting sentence, with its question's paragraphs as
evidence) and 2WikiMultihopQA's evidence triples, put into words. Conditions:

    verbatim     the sentence as it stands
    titled       a leading pronoun replaced by the paragraph's title
    shortened    brackets and a trailing clause dropped too
    triple       "X's director is Y": words that the evidence mostly does not have

Swaps: an entity of the statement (a paragraph title, a run of capitalised words, a number or date)
is replaced by another of its kind: "hard" from the same question's paragraphs, so that it occurs in
the evidence, "easy" from the next question's. Pronouns and entities are found here by rules of this
file, not by those of the scorer. Statements without a swap are left out; questions are resampled
for the interval. The evidence never changes, and swapped and true statements meet one function.
"""

import argparse
import asyncio
import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from ragreason.embedding.open import open_embedder
from ragreason.protocols import Embedder
from ragreason.settings import settings
from ragreason.text.passages import paragraph_text, passage_id
from ragreason.types import Passage
from ragreason.verification.support import SUPPORTED, support

RESULT = Path(__file__).parent / "results" / "groundedness.json"
_PRONOUN = re.compile(r"^(He|She|It|They|The (film|album|band|song|series|book|company|city))\b ")
_BRACKETS = re.compile(r"\s*\([^()]*\)")
_NAMES = re.compile(r"\b[A-Z][\w'.-]+(?: (?:of |the |de )?[A-Z][\w'-]+)*")
_NUMBERS = re.compile(
    r"\b(?:(?:January|February|March|April|May|June|July|August|September|October"
    r"|November|December) \d{1,2}, \d{4}|\d{1,2} [A-Z][a-z]+ \d{4}|\d[\d,.]*\d|\d)\b"
)


@dataclass(frozen=True)
class Case:
    """A statement, its swaps and the evidence of its question."""

    question: str
    condition: str
    statement: str
    hard: str | None
    easy: str | None
    passages: tuple[Passage, ...]


def entities(text: str, titles: Sequence[str] = ()) -> dict[str, str]:
    """Surface to kind ("name" or "number"), found by titles and by rules."""
    found = {m.group(): "number" for m in _NUMBERS.finditer(text)}
    inner = [m for m in _NAMES.finditer(text) if m.start() > 0 and len(m.group()) > 2]
    found |= {m.group(): "name" for m in inner if m.group() not in found}
    return found | {title: "name" for title in titles if title in text}


def swapped(statement: str, own: dict[str, str], others: dict[str, str], seed: str) -> str | None:
    """The statement with one entity replaced by one of the same kind that it does not hold."""
    rng = random.Random(seed)
    choices = [
        (old, new)
        for old, kind in sorted(own.items())
        for new, other in sorted(others.items())
        if kind == other and new not in statement and old not in new and new not in old
    ]
    if not choices:
        return None
    olds = sorted({old for old, _ in choices})
    old = rng.choice(olds)
    new = rng.choice([n for o, n in choices if o == old])
    return statement.replace(old, new)


def titled(sentence: str, title: str) -> str:
    """The sentence with a leading pronoun replaced by the title."""
    return _PRONOUN.sub(f"{title} ", sentence)


def shortened(sentence: str, title: str) -> str:
    """`titled`, without brackets and without what follows the last comma past the fifth word."""
    text = _BRACKETS.sub("", titled(sentence, title)).strip()
    head, comma, _ = text.rpartition(", ")
    return f"{head}." if comma and len(head.split()) >= 5 else text


def hotpot_cases(path: Path, limit: int | None = None) -> list[Case]:
    """One case a supporting sentence and condition."""
    rows = json.loads(path.read_text(encoding="utf-8"))[:limit]
    cases = []
    for row, following in zip(rows, [*rows[1:], rows[0]], strict=True):
        passages = _passages(row["context"])
        hard, easy = _pool(row["context"]), _pool(following["context"])
        texts = dict(row["context"])
        for title, number in row["supporting_facts"]:
            if number >= len(texts[title]):
                continue
            sentence = texts[title][number].strip()
            forms = {
                "verbatim": sentence,
                "titled": titled(sentence, _bare(title)),
                "shortened": shortened(sentence, _bare(title)),
            }
            for condition, statement in forms.items():
                own = entities(statement, [_bare(title)])
                key = f"{row['_id']}/{title}/{number}/{condition}"
                cases.append(
                    _case(row["_id"], condition, statement, own, hard, easy, key, passages)
                )
    return cases


def triple_cases(path: Path, limit: int | None = None) -> list[Case]:
    """One case a 2WikiMultihopQA triple; its object is swapped."""
    rows = json.loads(path.read_text(encoding="utf-8"))[:limit]
    cases = []
    for row, following in zip(rows, [*rows[1:], rows[0]], strict=True):
        passages = _passages(row["context"])
        hard, easy = _pool(row["context"]), _pool(following["context"])
        for number, (subject, relation, value) in enumerate(row["evidences"]):
            statement = f"{subject}'s {relation} is {value}."
            own = {value: "number" if _NUMBERS.search(value) else "name"}
            key = f"{row['_id']}/{number}"
            cases.append(_case(row["_id"], "triple", statement, own, hard, easy, key, passages))
    return cases


def _case(
    question: str,
    condition: str,
    statement: str,
    own: dict[str, str],
    hard: dict[str, str],
    easy: dict[str, str],
    key: str,
    passages: tuple[Passage, ...],
) -> Case:
    return Case(
        question,
        condition,
        statement,
        swapped(statement, own, hard, key),
        swapped(statement, own, easy, key),
        passages,
    )


def _bare(title: str) -> str:
    return _BRACKETS.sub("", title).strip()


def _passages(context: Any) -> tuple[Passage, ...]:
    pairs = [(title, paragraph_text(sentences)) for title, sentences in context]
    return tuple(
        Passage(id=passage_id(title, text), title=title, text=text, end=len(text))
        for title, text in pairs
    )


def _pool(context: Any) -> dict[str, str]:
    titles = [_bare(title) for title, _ in context]
    found = dict.fromkeys(titles, "name")
    for _, sentences in context:
        found |= entities(paragraph_text(sentences))
    return found


async def score(cases: Sequence[Case], embedder: Embedder) -> list[dict[str, float | None]]:
    """For each case the scores of the true statement and of its swaps; one call a question."""
    rows: list[dict[str, float | None]] = []
    for question in dict.fromkeys(case.question for case in cases):
        mine = [case for case in cases if case.question == question]
        texts = [t for c in mine for t in (c.statement, c.hard, c.easy) if t is not None]
        found = await support(texts, mine[0].passages, embedder)
        scores = {s.statement: s.score for s in found}
        rows += [
            {
                "true": scores[c.statement],
                "hard": None if c.hard is None else scores[c.hard],
                "easy": None if c.easy is None else scores[c.easy],
            }
            for c in mine
        ]
    return rows


def auc(true: Sequence[float], false: Sequence[float]) -> float:
    """P(true scores above false), ties half: the Mann-Whitney statistic over all pairs."""
    a, b = np.asarray(true)[:, None], np.asarray(false)[None, :]  # (true, 1), (1, false)
    return float((a > b).mean() + 0.5 * (a == b).mean())


def summary(
    cases: Sequence[Case], rows: Sequence[dict[str, float | None]], resamples: int = 500
) -> dict[str, Any]:
    """Per condition and swap: AUC with a 95 % interval over resampled questions, and accuracy at
    the threshold.
    """
    table: dict[str, Any] = {}
    for condition in dict.fromkeys(case.condition for case in cases):
        for swap in ("hard", "easy"):
            by_question: dict[str, list[tuple[float, float]]] = {}
            for case, row in zip(cases, rows, strict=True):
                true, false = row["true"], row[swap]
                if case.condition == condition and true is not None and false is not None:
                    by_question.setdefault(case.question, []).append((true, false))
            table[f"{condition}/{swap}"] = _interval(list(by_question.values()), resamples)
    return table


def _interval(groups: list[list[tuple[float, float]]], resamples: int) -> dict[str, float | int]:
    rng = random.Random(0)

    def value(chosen: list[list[tuple[float, float]]]) -> float:
        pairs = [pair for group in chosen for pair in group]
        return auc([p[0] for p in pairs], [p[1] for p in pairs])

    drawn = [value(rng.choices(groups, k=len(groups))) for _ in range(resamples)]
    pairs = [pair for group in groups for pair in group]
    return {
        "auc": round(value(groups), 4),
        "low": round(float(np.percentile(drawn, 2.5)), 4),
        "high": round(float(np.percentile(drawn, 97.5)), 4),
        "pairs": len(pairs),
        "true_supported": round(sum(p[0] >= SUPPORTED for p in pairs) / len(pairs), 4),
        "swapped_supported": round(sum(p[1] >= SUPPORTED for p in pairs) / len(pairs), 4),
    }


async def measure(data: Path, limit: int | None, embedder: Embedder) -> dict[str, Any]:
    """The whole table."""
    cases = hotpot_cases(data / "hotpotqa" / "train_sample.json", limit)
    cases += triple_cases(data / "2wikimultihopqa" / "train_sample.json", limit or 100)
    started_s = perf_counter()
    rows = await score(cases, embedder)
    return {
        "embedder": embedder.name,
        "threshold": SUPPORTED,
        "seconds": round(perf_counter() - started_s, 1),
        "conditions": summary(cases, rows),
    }


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, help="questions of each data set")
    parser.add_argument("--embedder", default="minilm")
    options = parser.parse_args()
    embedder = open_embedder(options.embedder)
    result = asyncio.run(measure(settings().data, options.limit, embedder))
    for name, row in result["conditions"].items():
        print(
            f"{name:18} AUC {row['auc']:.3f} [{row['low']:.3f}, {row['high']:.3f}]  "
            f"pairs {row['pairs']:4}  supported: true {row['true_supported']:.2f}, "
            f"swapped {row['swapped_supported']:.2f}"
        )
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
