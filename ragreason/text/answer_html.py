"""An answer as a notebook shows it."""

import re
from collections.abc import Iterator
from typing import Any

from ragreason.text.html import FADED, Markup, folded, joined, tag

_MARK = re.compile(r"\[(\d+)\]")


def answer_html(answer: Any) -> Markup:
    """The cited text, what its marks stand for, other answers, and what it cost. `answer` is an
    `Answer`, which stands in a layer above.
    """
    if answer.error:
        head = tag("div", tag("b", "failed"), f": {answer.error}")
    elif answer.abstained:
        missing = "; ".join(answer.missing)
        head = tag("div", tag("b", "no answer"), f": missing is {missing}" if missing else "")
    else:
        head = tag("div", *_cited(answer), style="font-size:1.1em")
    others = [f"{a.text} ({a.weight:.0%})" for a in answer.alternatives]
    parts: list[str] = [head]
    if others:
        parts.append(tag("div", f"others say: {'; '.join(others)}"))
    if answer.citations:
        sources = (_source(citation) for citation in answer.citations)
        parts.append(folded(f"{len(answer.citations)} cited", *sources, opened=True))
    parts.append(tag("div", _cost(answer), style=f"{FADED};font-size:.9em"))
    return joined(parts)


def _cited(answer: Any) -> Iterator[str]:
    """The text, each `[n]` that is a citation with its quote to be pointed at."""
    quotes = {c.number: f"{c.title}: {c.quote}" for c in answer.citations}
    text, end = answer.cited or answer.text, 0
    for found in _MARK.finditer(text):
        if int(found[1]) in quotes:
            yield text[end : found.start()]
            yield tag("sup", found[0], title=quotes[int(found[1])])
            end = found.end()
    yield text[end:]


def _source(citation: Any) -> Markup:
    page = f", page {citation.page}" if citation.page else ""
    place = f"{citation.document}{page}" if citation.document else ""
    return tag(
        "div",
        f"[{citation.number}] ",
        tag("b", citation.title or place or citation.passage_id),
        tag("span", f" {place}" if citation.title else "", style=FADED),
        tag("div", f"“{citation.quote}”" if citation.quote else "", style="padding-left:2em"),
    )


def _cost(answer: Any) -> str:
    usage = answer.usage
    told = [
        f"forced by {answer.forced_by}" if answer.forced_by else "",
        f"confidence {answer.confidence:.2f}" if answer.confidence is not None else "",
        f"{usage.calls} calls, {usage.tokens:,} tokens, {usage.retrievals} searches",
        f"{answer.elapsed_s:.1f} s",
    ]
    return " · ".join(text for text in told if text)
