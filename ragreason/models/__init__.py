"""The model catalogue: names to files on this machine, fetched and hash-checked on demand."""

from ragreason.models.catalogue import CATALOGUE, Hub, Model, Wheel, find, known
from ragreason.models.fetch import cached, is_path, path

__all__ = ["CATALOGUE", "Hub", "Model", "Wheel", "cached", "find", "is_path", "known", "path"]
