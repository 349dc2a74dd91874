"""How a run looks in a terminal: its events line by line, then the answer and what it cost."""

import textwrap

from ragreason.events import TraceEvent
from ragreason.types import Answer, Citation, Hit, Step, Usage

WIDTH = 80
MARGIN = 9


def event_lines(event: TraceEvent, *, full: bool = False) -> list[str]:
    """The lines for one event; `full` adds passages' texts and node starts."""
    if event.kind == "search":
        return _block("search", event.query) + hit_lines(event.hits, full=full)
    if event.kind == "step" and event.step is not None:
        branch = f" (branch {event.parent}>{event.tree_node})" if full else ""
        return _step_lines(event.step, branch) + hit_lines(event.step.hits, full=full)
    if event.kind == "verdict" and event.verdict is not None:
        verdict = event.verdict
        words = [f"{verdict.score:.2f}", verdict.label or ""]
        missing = "; ".join(verdict.missing or verdict.unsupported)
        return _block("verdict", " ".join(words) + (f" - {missing}" if missing else ""))
    if event.kind in {"forced", "dropped"} or (event.kind == "failed" and full):
        return _block(event.kind, event.text)
    if event.kind == "node" and full:
        return _block("node", f"{event.node} {event.text} at {event.at_s:.1f} s")
    return []


def _step_lines(step: Step, branch: str) -> list[str]:
    """What was thought, and on a line of its own what is searched for."""
    thought = step.text
    if step.kind == "search" and thought.rstrip().endswith(step.query):
        thought = thought.rpartition("\n")[0]
    word = "back" if step.kind == "backtrack" else "think"
    lines = _block(word, thought + branch) if thought.strip() else []
    return lines + (_block("search", step.query) if step.kind == "search" else [])


def hit_lines(hits: tuple[Hit, ...], *, full: bool = False) -> list[str]:
    """One line a hit: score and title; with its text where `full`."""
    lines = []
    for hit in hits:
        title = printable(hit.passage.title or hit.passage.text[:50])
        lines.append(f"{' ' * MARGIN}{hit.score:6.3f}  {fit(title, WIDTH - MARGIN - 8)}")
        if full:
            lines += textwrap.wrap(
                printable(hit.passage.text),
                WIDTH,
                initial_indent=" " * (MARGIN + 8),
                subsequent_indent=" " * (MARGIN + 8),
            )
    return lines


def answer_lines(answer: Answer) -> list[str]:
    """The answer, its numbered citations, and one line of cost."""
    lines = _block("answer", answer.cited or answer.text or "(none)")
    for citation in answer.citations:
        lines += citation_lines(citation)
    return [*lines, f"{'cost':<{MARGIN}}{cost(answer.usage, answer.elapsed_s)}"]


def citation_lines(citation: Citation) -> list[str]:
    """Number, title, page and the quoted span."""
    page = f", page {citation.page}" if citation.page else ""
    text = printable(f"[{citation.number}] {citation.title}{page}: {citation.quote}")
    indent = " " * MARGIN
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "    ")


def cost(usage: Usage, elapsed_s: float) -> str:
    """Tokens by kind, calls, retrievals and seconds, on one line."""
    cached = f" ({usage.cached_tokens:,} cached)" if usage.cached_tokens is not None else ""
    verifier = f" + {usage.verifier_tokens:,} verifier" if usage.verifier_tokens else ""
    return (
        f"{usage.prompt_tokens:,} prompt{cached} + {usage.completion_tokens:,} generated{verifier} "
        f"tokens, {usage.calls} calls, {usage.retrievals} searches, {elapsed_s:.1f} s"
    )


def printable(text: str) -> str:
    """On one line, without control characters: documents must not command the terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _block(word: str, text: str) -> list[str]:
    text = printable(text)
    first = f"{word:<{MARGIN}}"
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * MARGIN) or [
        first
    ]


def status(answer: Answer) -> str:
    """How it ended, in a word."""
    return "abstained" if answer.abstained else answer.status


def fit(text: str, width: int) -> str:
    """The text on one line, cut to `width` columns of a terminal."""
    return cut(" ".join(text.split()), width)


def cut(text: str, width: int) -> str:
    """The text's beginning, at most `width` columns wide: Chinese characters take two."""
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"
