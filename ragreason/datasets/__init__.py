"""Dataset files to questions, gold and paragraphs."""

from ragreason.datasets.example import Dataset, Example, Gold
from ragreason.datasets.load import LOADERS, load_dataset

__all__ = ["LOADERS", "Dataset", "Example", "Gold", "load_dataset"]
