"""Files to passages: load, chunk."""

from ragreason.corpus.paragraphs import paragraph_passage
from ragreason.corpus.passages import passage

__all__ = ["paragraph_passage", "passage"]
