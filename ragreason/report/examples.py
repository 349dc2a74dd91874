"""Wrong answers to open: of each cause a few, with all that led there."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ragreason.evaluation.figures import score_of
from ragreason.evaluation.passages import Text
from ragreason.evaluation.rows import Row
from ragreason.report.causes import Cause, Diagnosis
from ragreason.report.gather import Told
from ragreason.report.tokens import spent
from ragreason.report.words import cut, metric_name

PER_CAUSE = 12
FEWEST = 2
"""Examples of a cause and run, however many runs there are."""
MOST_PASSAGES = 12
_SCORES = (
    *("accuracy", "em", "f1", "support_recall", "support_all", "sp_f1", "joint_f1"),
    *("citation_precision", "citation_recall", "groundedness", "sufficiency"),
)
"""Of some forty scores those that tell of one answer; all of them are in results.jsonl."""
_STEP_CHARS = 3_000
_PASSAGE_CHARS = 1_500
_STEPS = 60


@dataclass(frozen=True)
class Shown:
    """A passage of an example. `text` is cut in pieces, those that hold a gold answer marked; it is
    empty where the run kept no texts.
    """

    title: str
    text: Sequence[tuple[str, bool]]
    gold: bool
    retrieved: bool
    prompted: bool | None
    cited: bool


@dataclass(frozen=True)
class Found:
    """A hit of a step."""

    title: str
    score: float | None
    gold: bool


@dataclass(frozen=True)
class Taken:
    """A step of the trajectory: a search, a thought, an answer, a verdict."""

    kind: str
    node: str
    query: str
    text: str
    hits: Sequence[Found]
    score: float | None = None
    label: str = ""
    missing: Sequence[str] = ()


@dataclass(frozen=True)
class Example:
    """A row with its diagnosis, ready to be shown."""

    row: Row
    place: str
    diagnosis: Diagnosis
    scores: Sequence[tuple[str, float]]
    tokens: int
    steps: Sequence[Taken]
    left_out_steps: int
    passages: Sequence[Shown]
    left_out_passages: int


def per_cause(runs: int) -> int:
    """How many examples of a cause a run has on a page of so many runs."""
    return max(FEWEST, PER_CAUSE // runs)


def examples(run: Told, most: int, prefix: str) -> Mapping[Cause, Sequence[Example]]:
    """At most `most` examples of each cause; `prefix` begins their places in the page.

    Those whose ids have the smallest hashes are taken: for one question the same in every run, and
    not those that happen to come first in the file.
    """
    return {
        cause: [_example(run, at, f"{prefix}-{at}") for at in chosen(run.rows, positions, most)]
        for cause, positions in run.by_cause.items()
    }


def chosen(rows: Sequence[Row], positions: Sequence[int], most: int) -> list[int]:
    """The `most` positions whose rows' ids have the smallest hashes, in the order of the rows."""
    return sorted(sorted(positions, key=lambda at: _hash(rows[at]))[:most])


def _hash(row: Mapping[str, Any]) -> tuple[bytes, int]:
    name = str(row["id"]).encode("utf-8", "surrogatepass")
    return hashlib.sha256(name).digest(), row.get("seed") or 0


def _example(run: Told, at: int, place: str) -> Example:
    row, diagnosis = run.rows[at], run.diagnoses[at]
    assert diagnosis is not None
    trace = row.get("trace") or []
    passages, more = _passages(row, run.passages, run.titles)
    return Example(
        row=row,
        place=place,
        diagnosis=diagnosis,
        scores=_scores(row),
        tokens=spent(row),
        steps=[_step(entry, set(row.get("support_ids") or ())) for entry in trace[:_STEPS]],
        left_out_steps=max(0, len(trace) - _STEPS),
        passages=passages,
        left_out_passages=more,
    )


def _scores(row: Row) -> list[tuple[str, float]]:
    found = ((metric_name(name), score_of(row, name)) for name in _SCORES)
    return [(name, value) for name, value in found if value is not None]


def _step(entry: Mapping[str, Any], needed: set[str]) -> Taken:
    titles = list(entry.get("titles") or ())
    ids = list(entry.get("ids") or ()) or [""] * len(titles)
    values = list(entry.get("scores") or ()) or [None] * len(titles)
    return Taken(
        kind=str(entry.get("kind") or "step"),
        node=str(entry.get("node") or ""),
        query=str(entry.get("query") or ""),
        text=cut(str(entry.get("text") or "").strip(), _STEP_CHARS),
        hits=[
            Found(title, value, passage in needed)
            for title, passage, value in zip(titles, ids, values, strict=False)
        ],
        score=entry.get("score"),
        label=str(entry.get("label") or ""),
        missing=[str(part) for part in entry.get("missing") or ()],
    )


def _passages(
    row: Row, texts: Mapping[str, Text], titles: Mapping[str, str]
) -> tuple[list[Shown], int]:
    """Needed ones first, then cited ones, then those retrieved first; and how many more there are.
    Passages of which neither title nor text is known are left out, but needed ones.
    """
    needed = list(dict.fromkeys(row.get("support_ids") or ()))
    retrieved = list(row.get("retrieved") or ())
    cited = [citation["passage_id"] for citation in row.get("citations") or ()]
    known = (i for i in [*cited, *retrieved] if i in texts or i in titles)
    ids = list(dict.fromkeys([*needed, *known]))
    prompted = row.get("in_prompt")
    shown = [
        Shown(
            title=titles.get(i) or ("(title not kept)" if i not in texts else ""),
            text=marked(cut(texts[i].text, _PASSAGE_CHARS), row["gold"]) if i in texts else (),
            gold=i in needed,
            retrieved=i in retrieved,
            prompted=None if prompted is None else i in prompted,
            cited=i in cited,
        )
        for i in ids[:MOST_PASSAGES]
    ]
    return shown, max(0, len(ids) - MOST_PASSAGES)


def marked(text: str, golds: Sequence[str]) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is a gold answer as it stands, as whole words.

    Yes and no are not looked for. ("In Rome.", ["Rome"]) gives "In ", "Rome" (True), ".".
    """
    words = [g.strip() for g in golds if g.strip() and g.strip().lower() not in {"yes", "no"}]
    if not words:
        return [(text, False)]
    ordered = sorted(words, key=len, reverse=True)
    pattern = "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in ordered)
    pieces = re.split(f"({pattern})", text, flags=re.IGNORECASE)
    return [(piece, bool(i % 2)) for i, piece in enumerate(pieces) if piece]
