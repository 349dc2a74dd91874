"""A verifier made in Python has raw parts: its calls have to be charged like any others."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

from ragreason.protocols import Verifier


def charged(verifier: Verifier) -> Verifier:
    """The verifier, its `engine` and `retriever` behind the ledger; of an ensemble, its `members`.

    Graph files need no such thing: there parts are bound behind the ledger. What is behind it
    already, and a verifier that is no dataclass, stays as it is.
    """
    if not is_dataclass(verifier) or isinstance(verifier, type):
        return verifier
    new = {}
    for field in fields(verifier):
        old = getattr(verifier, field.name)
        part = _charged(field.name, old)
        if part is not old:
            new[field.name] = part
    made: Any = replace(verifier, **new) if new else verifier
    return made


def _charged(name: str, part: Any) -> Any:
    from ragreason.generation.metered import Metered as MeteredEngine
    from ragreason.retrieval.metered import Metered as MeteredRetriever

    if part is None or isinstance(part, MeteredEngine | MeteredRetriever):
        return part
    if name == "engine":
        return MeteredEngine(part)
    if name == "retriever":
        return MeteredRetriever(part)
    if name != "members":
        return part
    members = tuple(charged(member) for member in part)
    same = all(new is old for new, old in zip(members, part, strict=True))
    return part if same else members
