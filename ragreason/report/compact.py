"""All rows of all runs as one compact document for the page: columns, each question once."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ragreason.evaluation.figures import score_of
from ragreason.evaluation.rows import Row
from ragreason.report.causes import CAUSES, Diagnosis, is_right
from ragreason.report.gather import Told
from ragreason.report.tokens import spent
from ragreason.report.words import cut, metric_name

_QUESTION_CHARS = 1_000
_ANSWER_CHARS = 500
Key = tuple[str, int]


def compact(runs: Sequence[Told], metric: str, places: Mapping[tuple[int, int], str]) -> str:
    """The document as JSON that can stand in a page: it holds no "<", ">" or "&".

    `questions` has a column for id, seed, text, golds, type, hops; each of `runs` one for answer,
    score (of the metric), tokens, cause (a position in `causes`, -1 where right, -2 where nothing
    says so, null where the run has no such row) and `open` (position to the place of an example).
    `places` gives those by run and position in its rows.
    """
    keys = _keys(runs)
    order = {key: at for at, key in enumerate(keys)}
    heads: list[Mapping[str, Any]] = [{}] * len(keys)
    told = []
    for number, run in enumerate(runs):
        column: dict[str, list[Any]] = {
            name: [None] * len(keys) for name in ("answer", "score", "tokens", "cause")
        }
        opened = {}
        for position, row in enumerate(run.rows):
            at = order[_key(row)]
            heads[at] = row
            diagnosis = run.diagnoses[position]
            column["answer"][at] = cut(str(row.get("answer") or ""), _ANSWER_CHARS)
            column["score"][at] = _rounded(score_of(row, metric))
            column["tokens"][at] = spent(row)
            column["cause"][at] = _code(row, diagnosis)
            if (number, position) in places:
                opened[at] = places[number, position]
        told.append({"name": run.name, **column, "open": opened})
    document = {
        "metric": metric_name(metric),
        "causes": list(CAUSES.values()),
        "questions": {
            "id": [key[0] for key in keys],
            "seed": [key[1] for key in keys] if any(key[1] for key in keys) else None,
            "text": [cut(str(row.get("question") or ""), _QUESTION_CHARS) for row in heads],
            "gold": [list(map(str, row.get("gold") or ())) for row in heads],
            "type": [row.get("type") or "" for row in heads],
            "hops": [row.get("hops") or 0 for row in heads],
        },
        "runs": told,
    }
    return as_script(document)


_CAUSES = list(CAUSES)


def _code(row: Row, diagnosis: Diagnosis | None) -> int:
    if diagnosis is not None:
        return _CAUSES.index(diagnosis.cause)
    return -1 if is_right(row) else -2


def as_script(document: Any) -> str:
    r"""JSON that can't end or open an element: "<", ">" and "&" are escaped as \u003c and so on."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _keys(runs: Sequence[Told]) -> list[Key]:
    """Every question and seed that a run has, in the dataset's order."""
    placed: dict[Key, tuple[int, int]] = {}
    for run in runs:
        for row in run.rows:
            placed.setdefault(_key(row), (row["position"], row.get("seed") or 0))
    return sorted(placed, key=placed.__getitem__)


def _key(row: Mapping[str, Any]) -> Key:
    return str(row["id"]), row.get("seed") or 0


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 3)
