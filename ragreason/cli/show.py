"""How a run looks in a terminal: its events line by line, then the answer and what it cost."""

import re
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence

from ragreason.events import EventKind, TraceEvent
from ragreason.types import Answer, Citation, Hit, Step, StepKind, Usage, Verdict

WIDTH = 80
MARGIN = 9
_WORDS: Mapping[StepKind, str] = {"answer": "draft", "backtrack": "back"}
"""A candidate answer is a draft: the run's answer comes at its end."""
_EVENTS: Mapping[EventKind, str] = {"thinking": "think", "difficulty": "hard"}
"""Words that fit into the margin."""


class Transcript:
    """The lines of one run's events, given in order; `full` adds passages' texts and node starts.

    A passage's text is shown once. Where a search has branches, steps and verdicts say theirs:
    `(branch 1>3)` is step 3, which follows step 1; the first step is 1.
    """

    def __init__(self, *, full: bool = False) -> None:
        self.full = full
        self._shown: set[str] = set()
        self._children: defaultdict[tuple[str, str, int | None], set[int]] = defaultdict(set)
        self._branched: set[tuple[str, str]] = set()

    def lines(self, event: TraceEvent) -> list[str]:
        """The lines for the next event; none for what is not shown."""
        self._count_branches(event)
        if event.kind == "search":
            return _block("search", event.query) + self._hit_lines(event.hits)
        if event.kind == "step" and event.step is not None:
            return _step_lines(event.step, self._branch(event)) + self._hit_lines(event.step.hits)
        if event.kind == "verdict" and event.verdict is not None:
            return _verdict_lines(event.verdict, self._judged(event))
        if event.kind in {"thinking", "difficulty", "forced", "dropped"} or (
            event.kind == "failed" and self.full
        ):
            return _block(_EVENTS.get(event.kind, event.kind), event.text)
        if event.kind == "node" and self.full:
            return _block("node", f"{event.node} {event.text} at {event.at_s:.1f} s")
        return []

    def _count_branches(self, event: TraceEvent) -> None:
        if event.kind == "step" and event.tree_node is not None:
            search = (event.node, event.question_id)
            children = self._children[(*search, event.parent)]
            children.add(event.tree_node)
            if len(children) > 1:
                self._branched.add(search)

    def _branch(self, event: TraceEvent) -> str:
        told = self.full or (event.node, event.question_id) in self._branched
        return f" (branch {event.parent}>{event.tree_node})" if told else ""

    def _judged(self, event: TraceEvent) -> str:
        """Which step or which trajectory's answer a verdict is about, where that is a question."""
        if event.tree_node is None:
            return ""
        if (event.node, event.question_id) not in self._branched:
            return " (answer)" if event.outcome else ""
        return f" ({'answer of ' if event.outcome else ''}branch {event.tree_node})"

    def _hit_lines(self, hits: Sequence[Hit]) -> list[str]:
        """One line a hit: score and title; with its text where that is new."""
        lines = []
        for hit in hits:
            title = printable(hit.passage.title or hit.passage.text[:50])
            lines.append(f"{' ' * MARGIN}{hit.score:6.3f}  {fit(title, WIDTH - MARGIN - 8)}")
            if self.full and hit.passage.id not in self._shown:
                self._shown.add(hit.passage.id)
                indent = " " * (MARGIN + 8)
                lines += textwrap.wrap(
                    printable(hit.passage.text),
                    WIDTH,
                    initial_indent=indent,
                    subsequent_indent=indent,
                )
        return lines


def event_lines(event: TraceEvent, *, full: bool = False) -> list[str]:
    """The lines for one event by itself."""
    return Transcript(full=full).lines(event)


def _step_lines(step: Step, branch: str) -> list[str]:
    """What was thought, and on a line of its own what is searched for."""
    if step.kind == "call":
        return _call_lines(step, branch)
    thought = step.text
    if step.kind == "search" and thought.rstrip().endswith(step.query):
        thought = thought.rpartition("\n")[0]
    if step.kind == "backtrack" and not thought.strip():
        thought = "the last step is taken back"
    word = "think" if step.truncated else _WORDS.get(step.kind, "think")
    lines = _block(word, thought + branch) if thought.strip() else []
    if step.kind != "search":
        return lines
    return lines + _block("search", step.query + ("" if lines else branch))


def _call_lines(step: Step, branch: str) -> list[str]:
    """The tool, its arguments, and the text that came back; passages are shown by themselves."""
    lines = _block("call", f"{step.tool or '(no tool)'} {step.arguments}{branch}")
    word = "failed" if step.failed else "result"
    return lines + (_block(word, step.result) if step.result else [])


def _verdict_lines(verdict: Verdict, judged: str) -> list[str]:
    words = f"{verdict.score:.2f} {verdict.label or ''}".rstrip() + judged
    missing = "; ".join(verdict.missing or verdict.unsupported)
    return _block("verdict", words + (f" - {missing}" if missing else ""))


def answer_lines(answer: Answer) -> list[str]:
    """The answer, what other evidence says, the numbered citations, and the cost."""
    lines = answer_block(answer.cited or answer.text or "(none)")
    for other in answer.alternatives:
        counted = f"{other.documents} document{'s' * (other.documents != 1)}"
        lines += _block("or", f"{other.text} ({counted}, {other.weight:.0%} of the support)")
    for citation in answer.citations:
        lines += citation_lines(citation)
    spent = cost(answer.usage, answer.elapsed_s, answer.first_token_s)
    return [*lines, *_block("cost", spent)]


def answer_block(text: str) -> list[str]:
    """The answer's text, or its beginning."""
    return _block("answer", text)


def citation_lines(citation: Citation) -> list[str]:
    """Number, title, page and the quoted span."""
    page = f", page {citation.page}" if citation.page else ""
    text = printable(f"[{citation.number}] {citation.title}{page}: {citation.quote}")
    indent = " " * MARGIN
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "    ")


def cost(usage: Usage, elapsed_s: float, first_token_s: float | None = None) -> str:
    """Tokens by kind, calls, retrievals and seconds, on one line."""
    cached = f" ({usage.cached_tokens:,} cached)" if usage.cached_tokens is not None else ""
    thought = f" ({usage.reasoning_tokens:,} thinking)" if usage.reasoning_tokens else ""
    verifier = f" + {usage.verifier_tokens:,} verifier" if usage.verifier_tokens else ""
    first = f" ({first_token_s:.1f} s to the first token)" if first_token_s is not None else ""
    kept = f" ({usage.cache_hits:,} from the response cache)" if usage.cache_hits else ""
    return (
        f"{usage.prompt_tokens:,} prompt{cached} + {usage.completion_tokens:,} generated{thought}"
        f"{verifier} tokens, {usage.calls} calls{kept}, {usage.retrievals} searches, "
        f"{elapsed_s:.1f} s{first}"
    )


def printable(text: str) -> str:
    """On one line, without control characters: documents must not command the terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _block(word: str, text: str) -> list[str]:
    """Lines of a block. No line ends between a number and its " s"."""
    text = re.sub(r"(?<=\d) s\b", "\N{NO-BREAK SPACE}s", printable(text))
    first = f"{word:<{MARGIN}}"
    lines = textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * MARGIN)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines] or [first]


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
