"""Which strategy lacks which verifier, in the words of graph files."""

from typing import ClassVar

from ragreason.protocols import Judges
from ragreason.search.beam import Beam
from ragreason.search.needs import lacking_verifier


class Own:
    """A strategy that nobody registered."""

    requires: ClassVar[frozenset[Judges]] = frozenset({"step"})


def test_a_registered_strategy_has_its_registered_name() -> None:
    for part in (Beam, Beam()):
        told = str(lacking_verifier(part, None))
        assert told.startswith("'beam' needs a verifier that scores steps; none was given.")


def test_a_strategy_that_is_not_registered_has_its_class_s_name() -> None:
    assert str(lacking_verifier(Own(), None)).startswith("Own needs a verifier that scores steps;")
