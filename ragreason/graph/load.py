"""One call from a graph's name to a compiled LangGraph graph."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ragreason.graph.bind import MAIN, Binder, Parts
from ragreason.graph.checks import check_parts
from ragreason.graph.compile import build_state_graph
from ragreason.graph.definition import Definition, NodeSpec, Part, Place
from ragreason.graph.door import Door
from ragreason.graph.library import read_nested
from ragreason.graph.loaded import RECURSION_LIMIT, LoadedGraph
from ragreason.graph.nested import Nested
from ragreason.graph.open import open_parts
from ragreason.graph.subgraph import policy_function, subgraph_function
from ragreason.protocols import Generator, Retriever


def load_graph(
    name_or_path: str | Path | Definition,
    *,
    model: str | Generator | None = None,
    index: str | Path | Retriever | None = None,
    models: Mapping[str, str | Generator] | None = None,
    retriever: str | Retriever | None = None,
    overrides: Sequence[str] = (),
    allow_imports: Collection[str] = (),
    checkpointer: Any = None,
    parts: Parts | None = None,
) -> LoadedGraph:
    """Read, check and compile a graph, and bind its parts.

    `model` is an engine or a name as in `--model` and serves every node whose `model` is not in
    `models`. `index` is a folder made by `ragreason index build`, or a retriever; `retriever` names
    the kind of search over it ("hybrid", "dense", "bm25"). `overrides` are `key=value` texts as in
    `--set`. `parts` are taken as they are; the other arguments add to them. `checkpointer` is any
    LangGraph saver (`graph.checkpoint.open_checkpoints` makes one that knows ragreason's types).

    Raises GraphError for a wrong file, ConfigError for a part that is missing, CapabilityError for
    an engine that can't do what the graph needs: all before anything runs.
    """
    known = parts.verifiers if parts is not None else ()
    nested = read_nested(name_or_path, overrides, allow_imports, known)
    given = open_parts(parts or Parts(), model, index, models or {}, retriever)
    return compile_nested(nested, given, allow_imports, checkpointer)


def compile_nested(
    nested: Nested,
    parts: Parts,
    allow_imports: Collection[str] = (),
    checkpointer: Any = None,
    door: Door | None = None,
) -> LoadedGraph:
    """Compile a checked definition, its sub-graphs first. Those inherit the checkpointer."""
    definition = nested.definition
    door = door or Door()

    def subgraph(spec: NodeSpec | Part, place: Place) -> Callable[..., Awaitable[Any]]:
        found = nested.inner[place]
        if isinstance(spec, NodeSpec):
            inner = compile_nested(found, _for_node(parts, spec), allow_imports, door=door)
            return subgraph_function(inner, spec)
        around = _for_node(parts, definition.nodes[str(place[1])])
        inner = compile_nested(found, _for_node(around, spec), allow_imports, door=door)
        return policy_function(inner)

    binder = Binder(definition, parts, subgraph, allow_imports)
    kinds, _ = check_parts(definition, allow_imports, parts.verifiers)
    builder = build_state_graph(definition, kinds, binder)
    compiled = builder.compile(checkpointer=checkpointer, name=definition.name)
    attributes = {k: v for k, v in vars(compiled).items() if k != "__orig_class__"}
    graph = LoadedGraph(definition=definition, graph_hash=nested.hash, door=door, **attributes)
    return graph.with_config({"recursion_limit": RECURSION_LIMIT})


def _for_node(parts: Parts, spec: NodeSpec | Part) -> Parts:
    """A sub-graph's `main` is what the node that calls it is given."""
    engines, retrievers = dict(parts.engines), dict(parts.retrievers)
    if spec.model in engines:
        engines[MAIN] = engines[spec.model]
    if spec.retriever in retrievers:
        retrievers[MAIN] = retrievers[spec.retriever]
    elif spec.retriever is not None and parts.open_retriever is not None:
        retrievers[MAIN] = parts.open_retriever(spec.retriever)
    return replace(parts, engines=engines, retrievers=retrievers)
