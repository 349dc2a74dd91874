"""Names in a graph file to classes and checked parameters, without building anything."""

import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from ragreason import registry
from ragreason.errors import ConfigError, GraphError, nearest
from ragreason.graph.definition import Definition, NodeSpec, Origin, Part, Place

PART_KINDS: Mapping[str, registry.Kind] = {
    "policy": "policies",
    "strategy": "strategies",
    "verifier": "verifiers",
}
LISTS: Mapping[str, str] = {"members": "verifier", "tools": "tool"}
"""Fields of a part that hold several parts, and what each of them is."""

NAMES: Mapping[str, str] = {"model": "engine", "retriever": "retriever", "graph": "graph"}
"""Fields that hold a name, and which part of the constructor it is for."""


@dataclass(frozen=True)
class Resolved:
    """A class and the parameters that the file gives it, checked and converted."""

    cls: Any
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def takes(self) -> frozenset[str]:
        """Which other parts the constructor takes."""
        return registry.injected(self.cls)


@dataclass(frozen=True)
class NodeKind:
    """What flow checks and the wrapper need to know of a node.

    `answers`: a run that is forced goes there, and no budget stops it. By default every node that
    writes `answer`; a class says otherwise by a ClassVar `answers`.
    """

    reads: frozenset[str] = frozenset()
    optional_reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    answers: bool = False
    keys: Mapping[str, Any] = field(default_factory=dict)
    """State keys of its own that the node's class declares (ClassVar `keys`), with their types."""


def resolve_part(
    kind: registry.Kind,
    use: str,
    given: Mapping[str, Any],
    place: Place,
    origin: Origin,
    allow_imports: Collection[str] = (),
) -> Resolved:
    """The class named `use` and its parameters. Raises GraphError at `place`."""
    try:
        cls = registry.load(kind, use, allow_imports)
    except ConfigError as error:
        raise origin.error((*place, "use"), str(error)) from error
    model = registry.parameters(cls)
    try:
        checked = model.model_validate(dict(given))
    except ValidationError as error:
        raise _parameter_error(error.errors()[0], use, model, place, origin) from error
    found = Resolved(cls, {n: getattr(checked, n) for n in checked.model_fields_set})
    if hasattr(cls, "consent"):
        _check_consent(found, use, place, origin, allow_imports)
    return found


def _check_consent(
    found: Resolved, use: str, place: Place, origin: Origin, allowed: Collection[str]
) -> None:
    """A part that starts programs or speaks to servers has to be allowed, as code is."""
    try:
        wanted = found.cls(**found.parameters).consent
    except ConfigError as error:
        raise origin.error(place, str(error)) from error
    if wanted not in allowed:
        advice = f"allow it with --allow-import {shlex.quote(wanted)}"
        raise origin.error(place, f"'{use}' would use '{wanted}'; {advice}")


def _parameter_error(
    error: Any, use: str, model: type[BaseModel], place: Place, origin: Origin
) -> GraphError:
    name = str(error["loc"][0])
    known = list(model.model_fields)
    if error["type"] == "extra_forbidden":
        near = nearest(name, known)
        guess = f"did you mean '{near}'? " if near else ""
        listed = ", ".join(known) or "none"
        return origin.error(
            (*place, name), f"'{use}' has no parameter '{name}'; {guess}known: {listed}"
        )
    if error["type"] == "missing":
        return origin.error(place, f"'{use}' needs the parameter '{name}'")
    message = str(error["msg"])
    message = message[:1].lower() + message[1:]
    given = repr(error["input"])[:60]
    return origin.error((*place, name), f"'{use}': {name}: {message}; given {given}")


def resolve_node(
    definition: Definition, name: str, allow_imports: Collection[str] = ()
) -> Resolved:
    """The node's class and parameters; parts it can't use are errors, not dropped."""
    spec = definition.nodes[name]
    place: Place = ("nodes", name)
    parameters = spec.parameters
    origin = definition.origin
    if spec.effort is not None and _has_own_effort(spec.use, allow_imports):
        parameters["effort"] = spec.effort.level
    found = resolve_part("nodes", spec.use, parameters, place, origin, allow_imports)
    _refuse_unused(spec, found.takes, place, origin)
    if spec.effort is not None and not ("engine" in found.takes or "effort" in found.parameters):
        where = "give it to nodes inside" if "graph" in found.takes else "it calls no model"
        raise origin.error((*place, "effort"), f"'{spec.use}' has no effort of its own: {where}")
    return found


def _has_own_effort(use: str, allow_imports: Collection[str]) -> bool:
    try:
        cls = registry.load("nodes", use, allow_imports)
    except ConfigError:  # told where the node is resolved
        return False
    return "effort" in registry.parameters(cls).model_fields


def _refuse_unused(
    spec: NodeSpec | Part, takes: frozenset[str], place: Place, origin: Origin
) -> None:
    fields = {**NAMES, **{key: key for key in PART_KINDS}}
    if isinstance(spec, Part):
        fields |= {key: key for key in LISTS}
    # What a sub-graph's nodes take is not known here: `model` and `retriever` are passed on.
    usable = [k for k, part in fields.items() if part in takes or "graph" in takes]
    for key in fields:
        if getattr(spec, key, None) is not None and key not in usable:
            listed = ", ".join(usable) or "no parts"
            raise origin.error((*place, key), f"'{spec.use}' uses no {key}; it takes {listed}")
    if "graph" in takes and spec.graph is None:
        raise origin.error(place, f"'{spec.use}' needs a graph; give graph: NAME or a path")
    if isinstance(spec, NodeSpec) and "graph" not in takes and (spec.in_ or spec.out):
        key = "in" if spec.in_ else "out"
        raise origin.error((*place, key), f"'{key}' belongs to nodes with 'use: graph'")


def resolve_inner(
    key: str, part: Part, place: Place, origin: Origin, allow_imports: Collection[str] = ()
) -> Resolved:
    """A policy, strategy, verifier or tool named inside a node."""
    kind = "tools" if key == "tool" else PART_KINDS[key]
    found = resolve_part(kind, part.use, part.parameters, place, origin, allow_imports)
    _refuse_unused(part, found.takes, place, origin)
    return found


def inner_parts(spec: NodeSpec | Part, place: Place) -> Iterator[tuple[str, Part, Place]]:
    """The parts named inside a node or part: its key in `PART_KINDS` or "tool", the part, its
    place.
    """
    for key in PART_KINDS:
        part = getattr(spec, key, None)
        if isinstance(part, Part):
            yield key, part, (*place, key)
    for name in LISTS:
        yield from listed(name, spec, place)


def listed(name: str, spec: NodeSpec | Part, place: Place) -> Iterator[tuple[str, Part, Place]]:
    """The verifiers that an ensemble is made of, or the tools of a policy, likewise."""
    if isinstance(spec, Part):
        for number, part in enumerate(getattr(spec, name) or ()):
            yield LISTS[name], part, (*place, name, number)


def judged_by(
    part: Part,
    place: Place,
    origin: Origin,
    allow_imports: Collection[str] = (),
    given: Collection[str] = (),
) -> Any:
    """What says which items the verifier `part` will judge, by its `judges`: its class, or what the
    class's `judging` makes of the part's parameters and members. None where that can't be known: a
    verifier, or a member, that is `given` at run time or can't be resolved. Raises GraphError.
    """
    if part.use in given and not part.parameters:
        return None
    found = resolve_inner("verifier", part, place, origin, allow_imports)
    judging = getattr(found.cls, "judging", None)
    if judging is None:
        return found.cls
    members: list[Any] = []
    for _, member, inside in inner_parts(part, place):
        try:
            members.append(judged_by(member, inside, origin, allow_imports, given))
        except GraphError:  # told where the member is checked
            members.append(None)
    if None in members:
        return None
    try:
        return type(
            found.cls.__name__, (found.cls,), {"judges": judging(found.parameters, members)}
        )
    except ConfigError as error:
        raise origin.error(place, f"'{part.use}': {error}") from error


def node_kind(spec: NodeSpec, cls: Any) -> NodeKind:
    """What the node's class says about itself; a sub-graph's keys come from `in` and `out`."""
    if spec.graph is not None and "graph" in registry.injected(cls):
        inputs = dict(spec.in_) or {"question": "question"}
        outputs = dict(spec.out) or {"answer": "answer"}
        asked = inputs.get("question", "question")
        return NodeKind(
            reads=frozenset({asked}),
            optional_reads=frozenset(inputs.values()) - {asked},
            writes=frozenset({*outputs.values(), "evidence"}),
            answers=outputs.get("answer") == "answer",
        )
    return NodeKind(
        reads=frozenset(cls.reads),
        optional_reads=frozenset(getattr(cls, "optional_reads", ())),
        writes=frozenset(cls.writes),
        answers=bool(getattr(cls, "answers", "answer" in cls.writes)),
        keys=dict(getattr(cls, "keys", {})),
    )
