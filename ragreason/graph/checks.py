"""The rules a graph keeps, checked before anything runs.

Each `_check` yields the complaints of one rule. Later rules need what earlier ones established, so
the flow of a graph with unknown names is not judged.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ragreason.errors import GraphError, nearest
from ragreason.graph.conditions import complaint, shape, state_keys
from ragreason.graph.definition import END, START, Definition, Edge, NodeSpec, Part, Place
from ragreason.graph.flow import Flow
from ragreason.graph.resolve import (
    NodeKind,
    inner_parts,
    judged_by,
    node_kind,
    resolve_inner,
    resolve_node,
)
from ragreason.search.needs import lacking_verifier


def check_graph(
    definition: Definition,
    allow_imports: Collection[str] = (),
    verifiers: Collection[str] = (),
) -> list[GraphError]:
    """Everything that is wrong with the graph, in the order of the file; empty if nothing is.

    `verifiers` are names of verifiers given at run time. Graphs that this one uses are
    `graph.library`'s matter.
    """
    kinds, errors = check_parts(definition, allow_imports, verifiers)
    names = list(_unknown_ends(definition))
    errors += names
    if not errors:
        errors += _check_keys(definition, kinds)
        errors += _check_choices(definition)
    if not names and len(kinds) == len(definition.nodes):
        flow = Flow(definition, kinds)
        errors += (
            [*_check_reach(flow), *_check_loops(flow)]
            or [*_check_exits(flow), *_check_reads(flow)]
            or [*_check_ends(flow)]
        )
    return sorted(errors, key=lambda e: e.line or 0)


def check_parts(
    definition: Definition,
    allow_imports: Collection[str] = (),
    verifiers: Collection[str] = (),
) -> tuple[dict[str, NodeKind], list[GraphError]]:
    """The node kinds that could be resolved, and what is wrong with nodes and their parts."""
    kinds: dict[str, NodeKind] = {}
    errors: list[GraphError] = []
    for name, spec in definition.nodes.items():
        if name in {START, END}:
            errors.append(definition.origin.error(("nodes", name), f"'{name}' is no node name"))
        try:
            kinds[name] = node_kind(spec, resolve_node(definition, name, allow_imports).cls)
        except GraphError as error:
            errors.append(error)
        errors += _check_inner(definition, name, allow_imports, verifiers)
    return kinds, errors


def _check_inner(
    definition: Definition,
    name: str,
    allow_imports: Collection[str],
    verifiers: Collection[str],
) -> Iterator[GraphError]:
    pending: list[tuple[Place, NodeSpec | Part]] = [(("nodes", name), definition.nodes[name])]
    while pending:
        place, spec = pending.pop()
        found: dict[str, Any] = {}
        for key, part, inside in inner_parts(spec, place):
            if part.use in verifiers and not part.parameters:
                continue
            try:
                resolved = resolve_inner(key, part, inside, definition.origin, allow_imports)
                inner = resolved.cls
                if hasattr(inner, "delegates"):  # which ones is said by its parameters
                    inner = inner(**resolved.parameters)
                if key == "verifier":
                    inner = judged_by(part, inside, definition.origin, allow_imports, verifiers)
            except GraphError as error:
                yield error
            else:
                if inner is not None:
                    found[key] = inner
            pending.append((inside, part))
        unguided = "strategy" in found and (spec.verifier is None or "verifier" in found)
        wrong = unguided and lacking_verifier(found["strategy"], found.get("verifier"))
        if wrong:
            yield definition.origin.error((*place, "strategy"), wrong)


def _unknown_ends(definition: Definition) -> Iterator[GraphError]:
    known = [*definition.nodes, START, END]
    for i, edge in enumerate(definition.edges):
        ends = {"from": edge.from_, "to": edge.to, "then": edge.then}
        for key, node in ends.items():
            if node is not None and node not in known:
                near = nearest(node, known)
                guess = f"; did you mean '{near}'?" if near else ";"
                message = f"no node '{node}'{guess} nodes: {', '.join(definition.nodes)}"
                yield definition.origin.error(("edges", i, key), message)


def _check_keys(definition: Definition, kinds: Mapping[str, NodeKind]) -> Iterator[GraphError]:
    keys: dict[str, Any] = dict(state_keys())
    for name, kind in kinds.items():
        keys.update(kind.keys)
        for key in sorted((kind.reads | kind.optional_reads | kind.writes) - set(keys)):
            message = f"'{definition.nodes[name].use}' uses the state key '{key}', which is not"
            yield definition.origin.error(
                ("nodes", name), f"{message} declared; known: {', '.join(sorted(keys))}"
            )
    for i, edge in enumerate(definition.edges):
        place: Place = ("edges", i)
        wrong = complaint(edge.when, keys) if edge.when is not None else None
        if wrong is not None:
            yield definition.origin.error((*place, "when"), f"when: {wrong}")
        if edge.each is not None:
            yield from _check_each(definition, edge, place, keys)


def _check_each(
    definition: Definition, edge: Edge, place: Place, keys: Mapping[str, Any]
) -> Iterator[GraphError]:
    key = str(edge.each)
    lists = sorted(k for k, t in keys.items() if shape(t) == "list" and "list" in repr(t))
    if key not in lists:
        near = nearest(key, lists)
        guess = f"; did you mean '{near}'?" if near else ""
        message = f"each: '{key}' is no state key with a list{guess} lists: {', '.join(lists)}"
        yield definition.origin.error((*place, "each"), message)
    if edge.to == END:
        yield definition.origin.error((*place, "to"), "each: a branch needs a node, not END")


def _check_choices(definition: Definition) -> Iterator[GraphError]:
    for node in (START, *definition.nodes):
        edges = [(i, e) for i, e in enumerate(definition.edges) if e.from_ == node]
        fallbacks = [(i, e) for i, e in edges if e.otherwise]
        plain = [(i, e) for i, e in edges if e.when is None and not e.otherwise]
        conditional = [(i, e) for i, e in edges if e.when is not None]
        if conditional and not fallbacks and not plain:
            yield definition.origin.error(
                ("edges", conditional[-1][0]),
                f"'{node}' has only conditional edges; add one with otherwise: true",
            )
        if fallbacks and not conditional:
            yield definition.origin.error(
                ("edges", fallbacks[0][0]), f"otherwise: '{node}' has no edge with when"
            )
        if len(fallbacks) > 1 or (fallbacks and plain):
            again = (fallbacks[1:] or plain)[0][0]
            yield definition.origin.error(
                ("edges", again),
                f"'{node}' has several edges for when no condition holds; keep one otherwise",
            )


def _check_reach(flow: Flow) -> Iterator[GraphError]:
    definition = flow.definition
    if not definition.edges_from(START):
        yield definition.origin.error(("edges",), "no edge leaves START; add [START, a node]")
        return
    reached = flow.reachable(START)
    for name in definition.nodes:
        place: Place = ("nodes", name)
        if name not in reached:
            yield definition.origin.error(place, f"node '{name}' can't be reached from START")
        elif END not in flow.reachable(name):
            yield definition.origin.error(place, f"node '{name}' never reaches END; add an edge")


def _check_loops(flow: Flow) -> Iterator[GraphError]:
    loop = flow.unbounded_loop
    if loop is not None:
        last = max(
            i
            for i, e in enumerate(flow.definition.edges)
            if (e.from_, e.to) == loop[-2:] or (e.from_, e.then) == loop[-2:]
        )
        yield flow.definition.origin.error(
            ("edges", last),
            f"the loop {' -> '.join(loop)} has no bound; give one of its edges "
            "at_most: N and then: a node that answers",
        )


def _check_exits(flow: Flow) -> Iterator[GraphError]:
    for i, edge in enumerate(flow.definition.edges):
        if edge.then is None or edge.from_ == START:
            continue
        after = flow.written[edge.from_] | flow.kinds[edge.from_].writes
        answering = edge.then in flow.kinds and flow.kinds[edge.then].answers
        leads = edge.then != END and flow.nearest_answer(edge.then) is not None
        if not (answering or leads or "answer" in after):
            yield flow.definition.origin.error(
                ("edges", i, "then"),
                f"then: '{edge.then}' leads to no node that answers; the exit of a loop needs one",
            )


def _check_reads(flow: Flow) -> Iterator[GraphError]:
    for name, kind in flow.kinds.items():
        for key in sorted(kind.reads - flow.written[name]):
            spec = flow.definition.nodes[name]
            what = f"node '{name}' ({spec.use}) reads '{key}'"
            yield flow.definition.origin.error(
                ("nodes", name), f"{what}, {_how_unwritten(flow, name, key)}"
            )


def _check_ends(flow: Flow) -> Iterator[GraphError]:
    gives = flow.definition.gives
    if gives not in flow.written[END]:
        writers = [n for n, k in flow.kinds.items() if gives in k.writes]
        path = flow.path(START, END, avoid=writers)
        way = " -> ".join(path) if path else "an empty fan-out"
        last = max(i for i, e in enumerate(flow.definition.edges) if END in e.targets)
        what, advice = f"'{gives}', which it gives", f"put a node there that writes '{gives}'"
        if gives == "answer":
            what, advice = "an answer", "put an answer node there"
        yield flow.definition.origin.error(
            ("edges", last), f"END is reached without {what}: {way}; {advice}"
        )


def _how_unwritten(flow: Flow, node: str, key: str) -> str:
    writers = [n for n, k in flow.kinds.items() if key in k.writes]
    if key == "item":
        return "which only a branch has: lead to it by an edge with each"
    if not writers:
        return "which no node writes"
    path = flow.path(START, node, avoid=writers)
    if path is None:
        return f"which is missing when a budget ends in {' or '.join(writers)}: make it optional"
    return f"which is not written on the path {' -> '.join(path)}; written by {', '.join(writers)}"
