"""A definition and its parts to a LangGraph graph."""

from collections.abc import Mapping
from typing import Any, cast

from langgraph.graph import StateGraph
from langgraph.managed import RemainingSteps
from typing_extensions import TypedDict

from ragreason.events import TraceEvent
from ragreason.graph.bind import Binder
from ragreason.graph.conditions import state_keys
from ragreason.graph.definition import START, Definition, Edge
from ragreason.graph.flow import Flow
from ragreason.graph.resolve import NodeKind
from ragreason.graph.routes import LIMIT, Router, join_id, node_id
from ragreason.graph.wrap import Waves, Wrapper, type_adapters, wrap
from ragreason.nodes.emit import emit
from ragreason.state import State


def build_state_graph(
    definition: Definition, kinds: Mapping[str, NodeKind], binder: Binder
) -> StateGraph[Any]:
    """The uncompiled LangGraph graph of a definition that has passed its checks."""
    flow = Flow(definition, kinds)
    router = Router(flow)
    schema = state_schema(kinds)
    builder: StateGraph[Any] = StateGraph(schema)
    joins = flow.split_joins()
    for name, function in _wrapped_nodes(flow, binder).items():
        builder.add_node(name, function, input_schema=schema, defer=name in joins)
    _add_routes(builder, router, schema)
    return builder


def state_schema(kinds: Mapping[str, NodeKind]) -> Any:
    """`State`, the keys that node kinds declare of their own, and LangGraph's step countdown."""
    own = {key: annotation for kind in kinds.values() for key, annotation in kind.keys.items()}
    fields = {**State.__annotations__, **own, "remaining_steps": RemainingSteps}
    return cast(Any, TypedDict)("GraphState", fields, total=False)


def _wrapped_nodes(flow: Flow, binder: Binder) -> dict[str, Any]:
    definition, kinds = flow.definition, flow.kinds
    waves = Waves(definition.budget)
    own = {k: a for kind in kinds.values() for k, a in kind.keys.items()}
    types = type_adapters({**state_keys(), **own})
    nodes: dict[str, Any] = {}
    for name, spec in definition.nodes.items():
        wrapper = Wrapper(
            name=name,
            kind=kinds[name],
            budget=definition.budget,
            waves=waves,
            types=types,
            final=kinds[name].answers and spec.graph is None,
            in_loop=flow.in_loop(name),
        )
        nodes[name] = wrap(wrapper, binder.node(name))
    return nodes


def _add_routes(builder: StateGraph[Any], router: Router, schema: Any) -> None:
    flow = router.flow
    for name in (START, *flow.definition.nodes):
        source = node_id(name)
        if name in flow.fanned:
            source = join_id(name)
            builder.add_node(source, _pass, input_schema=schema)
            builder.add_edge(name, source)
        builder.add_conditional_edges(source, _route(router, name, schema), router.possible(name))
    for edge in flow.definition.edges:
        if edge.at_most is not None:
            _add_bound(builder, router, edge, schema)
    answer = flow.nearest_answer(START)
    if answer is not None:
        builder.add_node(LIMIT, _out_of_steps, input_schema=schema)
        builder.add_edge(LIMIT, answer)


def _add_bound(builder: StateGraph[Any], router: Router, edge: Edge, schema: Any) -> None:
    async def count(state: Any) -> dict[str, Any]:  # noqa: ARG001
        return router.count(edge)

    async def stop(state: Any) -> dict[str, Any]:
        update = router.bound_reached(edge, state)
        emit(TraceEvent(kind="forced", node=edge.from_, text=update["forced"]))
        return update

    async def follow(state: Any) -> Any:
        return router.goals(edge, state)

    counter, bound = router.counter_id(edge), router.bound_id(edge)
    builder.add_node(counter, count, input_schema=schema)
    builder.add_node(bound, stop, input_schema=schema)
    goals = [node_id(edge.to), *([join_id(edge.to)] if edge.each else [])]
    follow.__annotations__["state"] = schema
    builder.add_conditional_edges(counter, follow, goals)
    builder.add_edge(bound, node_id(str(edge.then)))


def _route(router: Router, name: str, schema: Any) -> Any:
    async def route(state: Any) -> Any:
        return router.after(name, state)

    route.__annotations__["state"] = schema
    return route


async def _pass(state: Any) -> dict[str, Any]:  # noqa: ARG001
    return {}


async def _out_of_steps(state: Any) -> dict[str, Any]:  # noqa: ARG001
    emit(TraceEvent(kind="forced", text=LIMIT))
    return {"forced": LIMIT}
