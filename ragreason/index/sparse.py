"""BM25 by bm25s, on terms of one tokenizer for passages and queries."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ragreason.index.passages import Mask
from ragreason.index.rank import Ranked, best
from ragreason.text.tokens import Tokenizer

K1 = 1.5
B = 0.75


def write_sparse(
    folder: Path, texts: Iterable[str], *, k1: float = K1, b: float = B, tokenizer: Tokenizer
) -> None:
    """Write the BM25 scores of every term in every text (Lucene's variant); nothing is pickled.

    Terms are numbered by first occurrence, so that equal corpora give equal files.
    """
    import bm25s

    vocabulary: dict[str, int] = {}
    ids = [[vocabulary.setdefault(t, len(vocabulary)) for t in tokenizer(text)] for text in texts]
    if not vocabulary:  # bm25s needs a term: one that no query has
        vocabulary, ids = {"": 0}, [[0] for _ in ids]
    scores = bm25s.BM25(k1=k1, b=b, method="lucene")
    scores.index((ids, vocabulary), create_empty_token=False, show_progress=False)
    scores.save(folder, show_progress=False)


class SparseIndex:
    """The written scores, memory-mapped."""

    def __init__(self, folder: Path, tokenizer: Tokenizer) -> None:
        import bm25s

        self._scores: Any = bm25s.BM25.load(folder, mmap=True, load_corpus=False)
        self._tokenizer = tokenizer

    def search(self, queries: Sequence[str], k: int, keep: Mask | None = None) -> list[Ranked]:
        """The best `k` rows a query, among those that `keep` marks; rows without a term left out.

        A term that a query repeats counts as often.
        """
        return [self._search_one(self._tokenizer(query), k, keep) for query in queries]

    def _search_one(self, terms: list[str], k: int, keep: Mask | None) -> Ranked:
        known = self._scores.get_tokens_ids(terms)
        if not known:
            return []
        scores = self._scores.get_scores_from_ids(known)  # (passages,)
        found = scores > 0 if keep is None else (scores > 0) & keep
        return best(scores, found, k)
