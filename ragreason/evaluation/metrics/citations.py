"""Passages that an answer cites against those that are needed."""

from collections.abc import Sequence

from ragreason.evaluation.supports import score_set
from ragreason.types import Citation


def citation_scores(
    citations: Sequence[Citation], needed: Sequence[str]
) -> dict[str, float | None]:
    """citation_precision: share of the cited passages that are needed, None where none is cited;
    citation_recall: share of the needed ones that are cited; citation_f1 of both, 0 without any.

    By passage id; empty where the dataset names no supports. ALCE (arXiv 2305.14627) asks another
    question by the same names: whether the cited text entails the statement; `groundedness` and the
    verifier of that name come near to that.
    """
    if not needed:
        return {}
    cited = {citation.passage_id for citation in citations}
    score = score_set(cited, needed)
    return {
        "citation_precision": score.precision if cited else None,
        "citation_recall": score.recall,
        "citation_f1": score.f1,
    }
