"""One engine for several users: it ends when the last of them closes."""

import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from ragreason.generation.wrapping import Wrapping
from ragreason.protocols import Chunk, Generator
from ragreason.types import Completion, Request

Key = tuple[str, ...]


@dataclass
class _Held:
    engine: Generator
    users: set[int] = field(default_factory=set)


_held: dict[Key, _Held] = {}
_lock = threading.RLock()  # a collected view may leave while its thread holds it


def share(key: Key, make: Callable[[], Generator]) -> "Shared":
    """A user of the engine held under `key`, made if there is none. What makes two engines equal
    must be in the key.
    """
    with _lock:
        if key not in _held:
            _held[key] = _Held(make())
        return Shared(key, _held[key].engine)


class Shared(Wrapping):
    """One user's view of a shared engine. Closing it leaves the engine to the others."""

    def __init__(self, key: Key, engine: Generator) -> None:
        self._key = key
        self.engine = engine
        _held[key].users.add(id(self))

    @property
    def identity(self) -> str:
        """The engine's, "" for one that has none."""
        return getattr(self.engine, "identity", "")

    @property
    def kv_tokens(self) -> int | None:
        """The engine's, None for one that does not say."""
        return getattr(self.engine, "kv_tokens", None)

    @property
    def counts_prefixes(self) -> bool:
        """Whether the engine tells what was reusable."""
        return getattr(self.engine, "counts_prefixes", False)

    @property
    def shared(self) -> Generator:
        """The engine that all views have in common."""
        return self.engine

    async def generate(self, request: Request) -> list[Completion]:
        """The engine's."""
        return await self.engine.generate(request)

    def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """The engine's."""
        return self.engine.stream(request)

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """The engine's."""
        return await self.engine.score(request, continuations)

    async def count_tokens(self, request: Request) -> int:
        """The engine's."""
        return await self.engine.count_tokens(request)

    def start(self) -> None:
        """Load the model now, where the engine can do so beside other work."""
        start = getattr(self.engine, "start", None)
        if start is not None:
            start()

    async def aclose(self) -> None:
        """No longer use the engine; the last user ends it."""
        if self._leave():
            await self.engine.aclose()

    def _leave(self) -> bool:
        """Whether this was the last user."""
        with _lock:
            held = _held.get(self._key)
            if held is None or id(self) not in held.users:
                return False
            held.users.discard(id(self))
            if not held.users:
                del _held[self._key]
            return not held.users

    def __del__(self) -> None:
        # A view that was dropped unclosed must not keep the engine for ever: once the last one is
        # gone, so is the entry, and the engine's own finalizer ends its process.
        self._leave()
