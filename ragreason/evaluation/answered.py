"""What the answering side hands over, and what kinds of callables are taken for one."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from inspect import isawaitable
from math import isfinite
from typing import Any

from ragreason.events import TraceEvent
from ragreason.runner import Run, Runner
from ragreason.types import Answer, Passage, Question, Step, Verdict


@dataclass(frozen=True)
class Answered:
    """An answer, the compact trace of how it came about, and the passages that were found on the
    way, each once, first seen first.
    """

    answer: Answer
    trace: tuple[Mapping[str, Any], ...] = field(default=())
    passages: tuple[Passage, ...] = ()


Answerer = Callable[[Question], Awaitable[Answered]]
"""Answers one question, given the question and nothing else. What it raises makes an error row."""


def from_runner(runner: Runner, seed: int = 0) -> Answerer:
    """A graph as an answerer."""

    async def answer(question: Question) -> Answered:
        return answered(await runner.answer(question, seed=seed))

    return answer


def from_callable(ask: Callable[[Question], Any]) -> Answerer:
    """Any function of a question that gives (or awaits to) a text, an Answer, a Run or an Answered.

    A plain function runs in the event loop's thread: one question at a time.
    """

    async def answer(question: Question) -> Answered:
        given = ask(question)
        return answered(await given if isawaitable(given) else given)

    return answer


def answered(given: str | Answer | Run | Answered) -> Answered:
    """Any of these as an Answered. Raises TypeError for anything else."""
    match given:
        case Answered():
            return given
        case Run():
            return Answered(given.answer, compact_trace(given.events), found_in(given.events))
        case Answer():
            return Answered(given)
        case str():
            return Answered(Answer(text=given))
    raise TypeError(f"expected a text, an Answer or a Run from the answerer, got {type(given)}")


def found_in(events: Iterable[TraceEvent]) -> tuple[Passage, ...]:
    """The passages of all searches and steps, each once, first seen first."""
    hits = (h for e in events for h in (*e.hits, *(e.step.hits if e.step is not None else ())))
    return tuple({hit.passage.id: hit.passage for hit in hits}.values())


_KEPT = ("search", "step", "verdict", "thinking", "difficulty", "dropped", "forced")


def compact_trace(events: Iterable[TraceEvent]) -> tuple[dict[str, Any], ...]:
    """The steps worth keeping in a results row: searches, model steps, verdicts, what was thought
    before replies, how hard the question was held to be, what was dropped, what forced the answer.

    Each has `kind`, `node`, `query`, `text`, and of its hits the `titles`, `ids` and `scores`, best
    first. A verdict has its `score` and `label`, and what is `missing` or unsupported.
    """
    return tuple(_compact(event) for event in events if event.kind in _KEPT)


def _asked(step: Step) -> str:
    """What the step searched for, or called."""
    return f"{step.tool} {step.arguments}" if step.kind == "call" else step.query


def _compact(event: TraceEvent) -> dict[str, Any]:
    step = event.step
    hits = step.hits if step is not None and step.hits else event.hits
    return {
        "kind": step.kind if step is not None else event.kind,
        "node": event.node,
        "query": _asked(step) if step is not None else event.query,
        "titles": [hit.passage.title for hit in hits],
        "ids": [hit.passage.id for hit in hits],
        "scores": [_finite(hit.score) for hit in hits],
        "text": step.text if step is not None else event.text,
        **(_verdict(event.verdict) if event.verdict is not None else {}),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "text": verdict.reason,
        "score": _finite(verdict.score),
        "label": verdict.label,
        "missing": [*verdict.missing, *verdict.unsupported],
    }


def _finite(score: float) -> float | None:
    """Four digits behind the point; null for what JSON has no word for."""
    return round(score, 4) if isfinite(score) else None
