"""Do the samples of a strategy differ? Copies cost as much as samples, and vote."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ragreason import registry
from ragreason.errors import GraphError
from ragreason.graph.definition import NodeSpec, Part, Place
from ragreason.graph.nested import Nested
from ragreason.graph.resolve import Resolved, inner_parts, resolve_inner, resolve_node
from ragreason.tree import Expand, Tree
from ragreason.types import Usage


def check_samples(nested: Nested, allow_imports: Collection[str] = ()) -> Iterator[GraphError]:
    """Complaints about strategies that draw several samples of one prompt at temperature 0.

    How many a strategy draws is what it wants of an empty tree. Of policies and nodes that are not
    ragreason's own nothing is known, and nothing is said.
    """
    definition = nested.definition
    for name, spec in definition.nodes.items():
        if spec.strategy is None or spec.policy is None:
            continue
        place: Place = ("nodes", name)
        n = _drawn(nested, spec.strategy, (*place, "strategy"), allow_imports)
        if n < 2 or _spreads(resolve_node(definition, name, allow_imports).parameters):
            continue
        if not _varies(nested, "policy", spec.policy, (*place, "policy"), allow_imports):
            yield definition.origin.error(
                (*place, "strategy"),
                f"'{spec.strategy.use}' draws {n} samples, and '{spec.policy.use}' gives the same "
                f"one each time: {_advice(spec.policy)}, "
                f"or temperatures: [0.3, 0.7, 1.0] on the node '{name}'",
            )


def _advice(policy: Part) -> str:
    if policy.graph is None:
        return f"give policy: {{use: {policy.use}, temperature: 0.7}}"
    return "set a temperature in its graph, as in set: {answer.temperature: 0.7}"


def _drawn(nested: Nested, part: Part, place: Place, allow_imports: Collection[str]) -> int:
    """The most proposals that the strategy asks for at one node of an empty tree; 1 if unknown."""
    found = resolve_inner("strategy", part, place, nested.definition.origin, allow_imports)
    if found.takes - {"name"}:
        return 1
    named = {"name": part.use} if "name" in found.takes else {}
    decision = found.cls(**named, **found.parameters).decide(Tree(), Usage())
    return max((n for _, n in decision.nodes), default=1) if isinstance(decision, Expand) else 1


def _spreads(parameters: Mapping[str, Any]) -> bool:
    spread = any(t > 0 for t in parameters.get("temperatures", ()))
    return spread or parameters.get("first_tokens", 0) > 1


def _varies(
    nested: Nested, kind: str, part: Part, place: Place, allow_imports: Collection[str]
) -> bool:
    """Whether the part's proposals may differ from sample to sample."""
    if part.graph is not None and place in nested.inner:
        return _graph_varies(nested.inner[place], allow_imports)
    origin = nested.definition.origin
    if part.policy is not None and _varies(
        nested, "policy", part.policy, (*place, "policy"), allow_imports
    ):
        return True
    return _samples(resolve_inner(kind, part, place, origin, allow_imports))


def _graph_varies(nested: Nested, allow_imports: Collection[str]) -> bool:
    """Whether anything in the graph, or in those that it uses, draws samples."""
    definition = nested.definition
    for name, spec in definition.nodes.items():
        place: Place = ("nodes", name)
        if _samples(resolve_node(definition, name, allow_imports)):
            return True
        if any(_varies(nested, *inner, allow_imports) for inner in _inner(spec, place)):
            return True
    return any(_graph_varies(inner, allow_imports) for inner in nested.inner.values())


def _inner(spec: NodeSpec, place: Place) -> Iterator[tuple[str, Part, Place]]:
    pending: list[tuple[str, Part, Place]] = list(inner_parts(spec, place))
    while pending:
        key, part, inside = pending.pop()
        if key == "policy":
            yield key, part, inside
        pending += inner_parts(part, inside)


def _samples(found: Resolved) -> bool:
    """A temperature above 0; also for a class that says nothing of temperatures and is not ours."""
    model = registry.parameters(found.cls)
    if "temperature" not in model.model_fields and not found.cls.__module__.startswith(
        "ragreason."
    ):
        return True
    field = model.model_fields.get("temperature")
    temperature = found.parameters.get("temperature", field.default if field else 0)
    return _spreads(found.parameters) or bool(temperature)
