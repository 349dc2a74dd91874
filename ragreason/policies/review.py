"""What a further attempt is told of the last one: its answer, and what was held against it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ragreason.prompts import neutralise
from ragreason.text.language import Language
from ragreason.types import Label, Step, Trajectory

REVIEW = "Review:"
TAKEN_BACK = "Taken back:"
_LONGEST = 160
_MOST = 3


class _Words(NamedTuple):
    answer: str
    silent: str
    labels: Mapping[Label | None, str]
    unsupported: str
    missing: str
    reason: str
    again: str
    between: str
    passages: str
    step: str
    because: str
    led_nowhere: str


_WORDS: Mapping[Language, _Words] = {
    "en": _Words(
        answer='The answer "{}" ',
        silent="No answer was given.",
        labels={
            None: "was not accepted.",
            "supported": "is supported by the passages.",
            "partial": "is only partly supported by the passages.",
            "unsupported": "is not supported by the passages.",
            "none": "has nothing in the passages to support it.",
            "sufficient": "has the evidence it needs.",
        },
        unsupported=" Without support: {}.",
        missing=" Missing: {}.",
        reason=" Reason: {}.",
        again=" Think again and answer better.",
        between="; ",
        passages="passages {}",
        step="the last step",
        because=" ({})",
        led_nowhere="This led nowhere.",
    ),
    "zh": _Words(
        answer="答案“{}”",
        silent="没有给出答案。",
        labels={
            None: "没有被接受。",
            "supported": "有段落支持。",
            "partial": "只有一部分有段落支持。",
            "unsupported": "没有段落支持。",
            "none": "在段落里找不到任何支持。",
            "sufficient": "证据充足。",
        },
        unsupported="没有支持：{}。",
        missing="缺少：{}。",
        reason="原因：{}。",
        again="请重新思考，给出更好的答案。",
        between="；",
        passages="段落 {}",
        step="上一步",
        because="（{}）",
        led_nowhere="这样行不通。",
    ),
}


def stops(trajectory: Trajectory) -> tuple[str, ...]:
    """What the model must not write itself once it has seen a review, or steps taken back."""
    reviewed = any(map(is_reviewed, trajectory.steps))
    taken = any(step.kind == "backtrack" for step in trajectory.steps)
    return (f"\n{REVIEW}",) * reviewed + (f"\n{TAKEN_BACK}",) * taken


def is_reviewed(step: Step) -> bool:
    """Whether the step is an answer that a verifier judged: what follows is a further attempt."""
    return step.kind == "answer" and not step.truncated and step.verdict is not None


def attempt(trajectory: Trajectory) -> tuple[Step, ...]:
    """The steps of the attempt that is under way: those after the last reviewed answer."""
    ends = [i for i, step in enumerate(trajectory.steps, start=1) if is_reviewed(step)]
    return trajectory.steps[ends[-1] if ends else 0 :]


def review(step: Step, lang: Language) -> str:
    """One line on a reviewed answer, in words, by the verdict's label, claims without support, what
    is missing, and the reason. The score is not shown: its scale is the verifier's own.

    Verdicts quote answers and passages, so all of it is shortened and made inert. At most 3 claims
    and 3 missing parts are named, each by its first 160 characters.
    """
    words, verdict = _WORDS[lang], step.verdict
    answer = _short(step.answer)
    line = words.silent
    if answer:
        line = words.answer.format(answer) + words.labels[verdict.label if verdict else None]
    if verdict is not None:
        claims = [claim for claim in _listed(verdict.unsupported) if claim != answer]
        line += _told(words.unsupported, claims, words)
        line += _told(words.missing, _listed(verdict.missing), words)
        line += _told(words.reason, _listed([verdict.reason]), words)
    return neutralise(f"{REVIEW} {line}{words.again}")


def taken_back(step: Step, passages: Sequence[int], lang: Language) -> str:
    """Two lines on a backtrack: that it led nowhere, and the numbers of the passages that no longer
    count, with the reason.
    """
    words = _WORDS[lang]
    shown = ", ".join(f"[{number}]" for number in passages)
    what = words.passages.format(shown) if shown else words.step
    why = words.because.format(_short(step.text)) if step.text.strip() else ""
    return neutralise(f"{words.led_nowhere}\n{TAKEN_BACK} {what}{why}")


def _told(form: str, parts: Sequence[str], words: _Words) -> str:
    return form.format(words.between.join(parts)) if parts else ""


def _listed(texts: Sequence[str]) -> list[str]:
    return [short for text in texts if (short := _short(text))][:_MOST]


def _short(text: str) -> str:
    line = " ".join(text.split()).rstrip(".。")
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
