"""Why a question's answer is wrong: one cause a row, by rules that look at the row alone.

The first that fits counts, in this order:

error           the run failed; it is scored nowhere
abstained       no answer was given
overconfident   the question can't be answered, and an answer was given
wrong_form      the right content in another form (`forms.other_form`)
forced          a budget, a bound or a full context ended the search
not_retrieved   a passage that is needed was never retrieved
wrong_hop       the answer is an entity on the way to the gold, such as a needed passage's title
unused          all was retrieved, but something needed is missing in the last prompt, or the
                answer cites passages and none that is needed
misread         all was there to be read, and the answer is wrong
unexplained     the dataset names no needed passages
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ragreason.evaluation.figures import score_of
from ragreason.evaluation.rows import is_error
from ragreason.report.forms import Form, other_form, stands_in
from ragreason.text.answers import canonical_answer

Cause = Literal[
    "error",
    "abstained",
    "overconfident",
    "wrong_form",
    "forced",
    "not_retrieved",
    "wrong_hop",
    "unused",
    "misread",
    "unexplained",
]

CAUSES: Mapping[Cause, str] = {
    "error": "error",
    "abstained": "abstained",
    "overconfident": "should have abstained",
    "wrong_form": "wrong form",
    "forced": "forced",
    "not_retrieved": "not retrieved",
    "wrong_hop": "wrong hop",
    "unused": "retrieved, unused",
    "misread": "read, but wrong",
    "unexplained": "wrong, supports unknown",
}
"""The causes in the order of their rules, with the words that they are shown by."""

MEANINGS: Mapping[Cause, str] = {
    "error": "The run failed: counted apart, scored nowhere.",
    "abstained": "No answer was given.",
    "overconfident": "The question has no answer, and one was given.",
    "wrong_form": "The right content in another form than the gold's.",
    "forced": "A budget, a bound or a full context ended the search.",
    "not_retrieved": "A passage that is needed was never retrieved.",
    "wrong_hop": "The answer is an entity on the way to the gold.",
    "unused": "All was retrieved, but was not in the last prompt, or was not cited.",
    "misread": "Everything needed was there to be read.",
    "unexplained": "The dataset does not say which passages are needed.",
}

_FORMS: Mapping[Form, str] = {
    "yes_no": "yes or no, said otherwise",
    "number": "the same number, written otherwise",
    "order": "the same words in another order",
    "contains": "the gold and more",
    "part": "a part of the gold",
}
RIGHT = ("accuracy", "em")
"""What says whether an answer is right: the first that the row has."""


@dataclass(frozen=True)
class Diagnosis:
    """Why an answer is wrong; `detail` says what the rule saw."""

    cause: Cause
    detail: str = ""


def is_right(row: Mapping[str, Any]) -> bool | None:
    """Whether the answer counts as right: all of the dataset's accuracy or of exact match; of a
    question without an answer, whether none was given. None where nothing says so: of failed rows,
    and where the dataset has no answers.
    """
    told = (score_of(row, name) for name in ("abstention", *RIGHT))
    value = next((value for value in told if value is not None), None)
    return None if value is None else value >= 1.0


def diagnose(row: Mapping[str, Any], titles: Mapping[str, str]) -> Diagnosis | None:
    """The cause; None where the answer is right, or nothing says whether it is. `titles` gives
    passages' titles by id; where one is unknown, the answer can't be found to be it.
    """
    if is_error(row):
        return Diagnosis("error", str(row.get("error") or ""))
    if is_right(row) is not False:
        return None
    answer = str(row.get("answer") or "")
    return _by_answer(row, answer) or _by_passages(row, answer, titles)


def _by_answer(row: Mapping[str, Any], answer: str) -> Diagnosis | None:
    if score_of(row, "abstention") is not None:
        return Diagnosis("overconfident")
    if row.get("abstained") or not answer.strip():
        return Diagnosis("abstained", "" if row.get("abstained") else "the answer is empty")
    form = other_form(answer, row["gold"])
    if form is not None:
        return Diagnosis("wrong_form", _FORMS[form])
    if row["status"] == "forced":
        return Diagnosis("forced", str(row.get("forced_by") or ""))
    return None


def _by_passages(row: Mapping[str, Any], answer: str, titles: Mapping[str, str]) -> Diagnosis:
    needed = list(dict.fromkeys(row.get("support_ids") or ()))
    on_the_way = intermediate(row, titles)
    if not needed:
        if is_on_the_way(answer, on_the_way):
            return Diagnosis("wrong_hop", "an entity of the evidence")
        return Diagnosis("unexplained")
    missing = _missing(needed, row.get("retrieved") or ())
    if missing:
        return Diagnosis("not_retrieved", f"{missing} of {len(needed)} were not found")
    if is_on_the_way(answer, on_the_way):
        return Diagnosis("wrong_hop", "the title of a needed passage, or an entity of the evidence")
    return _by_use(row, needed)


def _by_use(row: Mapping[str, Any], needed: Sequence[str]) -> Diagnosis:
    shown = row.get("in_prompt")
    unseen = 0 if shown is None else _missing(needed, shown)
    if unseen:
        return Diagnosis("unused", f"{unseen} of {len(needed)} were not in the last prompt")
    cited = {citation.get("passage_id") for citation in row.get("citations") or ()}
    if cited and not cited & set(needed):
        return Diagnosis("unused", "only other passages are cited")
    return Diagnosis("misread")


def _missing(needed: Sequence[str], found: Iterable[str]) -> int:
    return len(set(needed) - set(found))


def intermediate(row: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    """Entities between question and gold: the titles of needed passages, and what the row's
    `intermediates` name; without the golds and without what the question itself names.
    """
    named = [titles.get(i, "") for i in row.get("support_ids") or ()]
    golds = {canonical_answer(gold) for gold in row["gold"]}
    asked = canonical_answer(str(row.get("question") or "")).split()
    found = {canonical_answer(_plain(name)) for name in (*named, *(row.get("intermediates") or ()))}
    return sorted(name for name in found - golds if name and not stands_in(name.split(), asked))


def is_on_the_way(answer: str, entities: Sequence[str]) -> bool:
    """Whether the answer is one of these canonical entities."""
    return canonical_answer(answer) in entities


def _plain(title: str) -> str:
    """A title without what tells it from its namesakes: "Ed Wood (film)" gives "Ed Wood"."""
    return title.partition(" (")[0]
