"""The model catalogue: names to files on this machine, fetched and hash-checked on demand."""

from ragreason.models.catalogue import CATALOGUE, Hub, Model, Wheel, find, known
from ragreason.models.fetch import cached, is_path, located, path
from ragreason.models.inspect import context_length, thinks

__all__ = [
    "CATALOGUE",
    "Hub",
    "Model",
    "Wheel",
    "cached",
    "context_length",
    "find",
    "is_path",
    "known",
    "located",
    "path",
    "thinks",
]
