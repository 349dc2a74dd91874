"""Dataset files to questions, gold and paragraphs."""

from ragreason.datasets.example import Dataset, Example, Gold
from ragreason.datasets.load import LOADERS, load_dataset
from ragreason.datasets.select import Selection

__all__ = ["LOADERS", "Dataset", "Example", "Gold", "Selection", "load_dataset"]
