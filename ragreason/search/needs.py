"""Does a strategy have the verifier it needs?"""

from contextlib import suppress
from typing import Any

from ragreason import registry
from ragreason.errors import ConfigError
from ragreason.protocols import Judges

_SAYS = {"step": "steps", "trajectory": "trajectories"}


def lacking_verifier(strategy: Any, verifier: Any) -> str | None:
    """What is wrong with guiding `strategy` by `verifier`, both parts or classes; None if nothing.

    A strategy that `requires` scores of steps or of trajectories needs a verifier that gives at
    least one of the two kinds; one that judges a step in its context ("prefix") gives step scores.
    Strategies that it may hand over to (`delegates`) need theirs too.
    """
    for part in () if isinstance(strategy, type) else getattr(strategy, "delegates", ()):
        if wrong := lacking_verifier(part, verifier):
            return wrong
    required: frozenset[Judges] = getattr(strategy, "requires", frozenset())
    if not required or (verifier is not None and required & given(verifier)):
        return None
    name = _name(strategy if isinstance(strategy, type) else type(strategy))
    return _complaint(name, required, verifier)


def lacking_steps(name: str, verifier: Any) -> str | None:
    """What is wrong where `name` goes by the scores of steps; None if the verifier gives them."""
    if verifier is not None and "step" in given(verifier):
        return None
    return _complaint(f"'{name}'", frozenset({"step"}), verifier)


def _complaint(name: str, required: frozenset[Judges], verifier: Any) -> str:
    kinds = " or ".join(_SAYS[kind] for kind in sorted(required))
    able = ", ".join(n for n in registry.known("verifiers") if required & _gives(n))
    have = "none was given" if verifier is None else f"this one scores {_listed(verifier)}"
    return f"{name} needs a verifier that scores {kinds}; {have}. Those that do: {able}"


def given(verifier: Any) -> frozenset[Judges]:
    """The kinds of scores it gives: "step" (also from prefixes), "trajectory", "hits"."""
    judges: frozenset[Judges] = verifier.judges
    return judges | {"step"} if "prefix" in judges else judges


def _listed(verifier: Any) -> str:
    return " and ".join(sorted(_SAYS.get(kind, kind) for kind in given(verifier) - {"prefix"}))


def _name(cls: type) -> str:
    """As graph files name the strategy, in quotes; a class that is not registered by its own."""
    for name in registry.known("strategies"):
        with suppress(ConfigError):  # another one, whose package is missing
            if registry.load("strategies", name) is cls:
                return f"'{name}'"
    return cls.__name__


def _gives(name: str) -> frozenset[Judges]:
    try:
        return given(registry.load("verifiers", name))
    except ConfigError:
        return frozenset()
