"""Supporting facts out of an answer's citations: which sentences of which paragraphs they quote."""

from collections.abc import Sequence

from ragreason.datasets import Example
from ragreason.evaluation.answers import AnswerScore
from ragreason.evaluation.supports import score_set
from ragreason.text.passages import sentence_spans
from ragreason.types import Citation

Fact = tuple[str, int]
_ELSEWHERE = -1
_ENOUGH = 0.5


def cited_facts(citations: Sequence[Citation], example: Example) -> list[Fact]:
    """(title, sentence from 0) of every sentence that a citation quotes, each once.

    A sentence counts as quoted where quote and sentence share at least half of the shorter one. A
    citation of a paragraph that is not the example's, or whose quote is not found in it, gives its
    title with sentence -1, which is never right.
    """
    places = {passage.id: place for place, passage in enumerate(example.passages)}
    found: dict[Fact, None] = {}
    for citation in citations:
        place = places.get(citation.passage_id)
        sentences = [] if place is None else _quoted(citation.quote, example, place)
        for sentence in sentences or [_ELSEWHERE]:
            found[citation.title, sentence] = None
    return list(found)


def score_facts(citations: Sequence[Citation], example: Example) -> AnswerScore | None:
    """The cited facts against the needed ones, as HotpotQA's script does it; None where the dataset
    names none. Without citations all is 0.
    """
    needed = example.gold.supporting_facts
    return score_set(cited_facts(citations, example), needed) if needed else None


def _quoted(quote: str, example: Example, place: int) -> list[int]:
    start = example.passages[place].text.find(quote) if quote else -1
    if start < 0 or place >= len(example.sentences):
        return []
    spans = sentence_spans(example.sentences[place])
    return [
        number
        for number, (first, last) in enumerate(spans)
        if _shared(start, start + len(quote), first, last) >= _ENOUGH
    ]


def _shared(start: int, end: int, first: int, last: int) -> float:
    """Of two spans, the common part by the length of the shorter one."""
    shorter = min(end - start, last - first)
    return max(0, min(end, last) - max(start, first)) / shorter if shorter > 0 else 0.0
