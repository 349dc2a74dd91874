"""A store of solved questions: what was answered and verified, kept to learn from."""

from ragreason.experience.learn import learn
from ragreason.experience.memory import Memory
from ragreason.experience.store import Solved, Store, shipped_store

__all__ = ["Memory", "Solved", "Store", "learn", "shipped_store"]
