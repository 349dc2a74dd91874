"""Documents to passages: whole sentences up to a number of tokens, with some overlap."""

from collections.abc import Iterator
from itertools import pairwise

from ragreason.corpus.document import Document, Section
from ragreason.corpus.passages import passage
from ragreason.text.sentences import Span, sentences, trim
from ragreason.text.tokens import count_tokens, token_spans
from ragreason.types import Passage


def chunk(document: Document, max_tokens: int = 120, overlap: int = 20) -> list[Passage]:
    """The passages of a document, in order; `text == document.text[start:end]` for each.

    Tokens are those of `text.tokens.count_tokens`. A document of at most `max_tokens` on one page
    stays one passage under its own title. Otherwise each section is cut between sentences; the
    last sentences of a chunk, up to `overlap` tokens, open the next one. A sentence longer than
    `max_tokens` is cut between words.
    """
    sections = document.parts()
    if document.whole or _is_short(document, max_tokens):
        sections = (_joined(document, sections),)
    return [
        passage(
            section.title,
            document.text[span.start : span.end],
            document=document.id,
            page=section.page,
            start=span.start,
            metadata=document.metadata,
        )
        for section in sections
        for span in _spans(document, section, max_tokens, overlap)
    ]


def _is_short(document: Document, max_tokens: int) -> bool:
    one_page = len({section.page for section in document.parts()}) == 1
    return one_page and count_tokens(document.text) <= max_tokens


def _joined(document: Document, sections: tuple[Section, ...]) -> Section:
    """All sections as one. The text before the first (a heading, front matter) stays out."""
    return Section(sections[0].start, sections[-1].end, document.title, sections[0].page)


def _spans(document: Document, section: Section, max_tokens: int, overlap: int) -> Iterator[Span]:
    text = document.text[section.start : section.end]
    if document.whole or count_tokens(text) <= max_tokens:
        found = [trim(text, Span(0, len(text)))]
    else:
        found = pack(text, max_tokens, overlap)
    for start, end in found:
        if start < end:
            yield Span(section.start + start, section.start + end)


def pack(text: str, max_tokens: int, overlap: int) -> list[Span]:
    """Spans of whole sentences of at most `max_tokens`, each beginning within the one before."""
    pieces = [p for s in sentences(text) for p in _fitting(text, s, max_tokens)]
    sizes = [count_tokens(text[p.start : p.end]) for p in pieces]
    spans: list[Span] = []
    first = 0
    while first < len(pieces):
        last = _fill(sizes, first, max_tokens)
        spans.append(Span(pieces[first].start, pieces[last - 1].end))
        if last == len(pieces):
            break
        first = _back(sizes, first, last, overlap, max_tokens)
    return spans


def _fill(sizes: list[int], first: int, max_tokens: int) -> int:
    """One past the last piece that still fits; at least one is taken."""
    last, total = first + 1, sizes[first]
    while last < len(sizes) and total + sizes[last] <= max_tokens:
        total += sizes[last]
        last += 1
    return last


def _back(sizes: list[int], first: int, last: int, overlap: int, max_tokens: int) -> int:
    """Where the next chunk begins: before `last` by at most `overlap` tokens, so that it still
    takes the piece at `last`.
    """
    begin, total = last, 0
    while begin - 1 > first and total + sizes[begin - 1] <= overlap:
        if total + sizes[begin - 1] + sizes[last] > max_tokens:
            break
        begin -= 1
        total += sizes[begin]
    return begin


def _fitting(text: str, sentence: Span, max_tokens: int) -> list[Span]:
    """The sentence, or its pieces of at most `max_tokens`."""
    start, end = sentence
    if count_tokens(text[start:end]) <= max_tokens:
        return [sentence]
    cuts, total = [start], 0
    for (first, _), size in token_spans(text[start:end]):
        if total + size > max_tokens and total:
            cuts.append(start + first)
            total = 0
        total += size
    spans = [Span(a, b) for a, b in pairwise([*cuts, end])]
    return [trim(text, span) for span in spans]
