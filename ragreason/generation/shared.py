"""One engine for several users: it ends when the last of them closes."""

import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from ragreason.protocols import Capability, Chunk, Generator
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


class Shared:
    """One user's view of a shared engine. Closing it leaves the engine to the others."""

    def __init__(self, key: Key, engine: Generator) -> None:
        self._key = key
        self._engine = engine
        self.name = engine.name
        self.context = engine.context
        self.capabilities: frozenset[Capability] = engine.capabilities
        self.identity: str = getattr(engine, "identity", "")
        self.kv_tokens: int | None = getattr(engine, "kv_tokens", None)
        self.counts_prefixes: bool = getattr(engine, "counts_prefixes", False)
        _held[key].users.add(id(self))

    @property
    def shared(self) -> Generator:
        """The engine that all views have in common."""
        return self._engine

    async def generate(self, request: Request) -> list[Completion]:
        """The engine's."""
        return await self._engine.generate(request)

    def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """The engine's."""
        return self._engine.stream(request)

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """The engine's."""
        return await self._engine.score(request, continuations)

    async def count_tokens(self, request: Request) -> int:
        """The engine's."""
        return await self._engine.count_tokens(request)

    def start(self) -> None:
        """Load the model now, where the engine can do so beside other work."""
        start = getattr(self._engine, "start", None)
        if start is not None:
            start()

    async def aclose(self) -> None:
        """No longer use the engine; the last user ends it."""
        if self._leave():
            await self._engine.aclose()

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
