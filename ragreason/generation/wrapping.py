"""What all that stands around an engine has in common."""

from ragreason.protocols import Capability, Generator


class Wrapping:
    """Says of itself what its `engine` says."""

    engine: Generator

    @property
    def name(self) -> str:
        """The engine's."""
        return self.engine.name

    @property
    def context(self) -> int:
        """The engine's."""
        return self.engine.context

    @property
    def capabilities(self) -> frozenset[Capability]:
        """The engine's."""
        return self.engine.capabilities
