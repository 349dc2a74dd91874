"""Whether what was answered stands in what was read: without a model, and without gold."""

from collections.abc import Iterable

from ragreason.text.overlap import units
from ragreason.types import Passage
from ragreason.verification.answered import holding, is_verdict
from ragreason.verification.cite import is_short, unmarked
from ragreason.verification.evidence import read
from ragreason.verification.groundedness import claims
from ragreason.verification.support import lexical_support


def groundedness(question: str, answer: str, passages: Iterable[Passage]) -> float | None:
    """How much of the answer the passages say, in [0, 1].

    A short answer: 1 where one sentence, read with its passage's title, holds at least three
    quarters of its words, else 0. A longer one: the mean over its sentences of how far the best
    sentence covers names, numbers and words (`verification.support`). No embeddings and no model:
    the same answer always gets the same score. None where nothing was answered or read, and for a
    bare yes or no, which can't be looked for.
    """
    text = unmarked(answer)
    source = read(passages)
    if not text or not source.lines or is_verdict(text):
        return None
    found = claims(text)
    if is_short(text) or not found:
        return float(bool(holding(units(question), text, source)))
    return sum(lexical_support(claim, source) for claim in found) / len(found)
