"""Parts given at run time, bound to the nodes of a definition."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, signature
from typing import Any, cast

from ragreason import registry
from ragreason.errors import CapabilityError, ConfigError, nearest
from ragreason.generation.thinking_effort import Thought
from ragreason.graph.definition import Definition, NodeSpec, Part, Place
from ragreason.graph.resolve import LISTS, Resolved, listed, resolve_inner, resolve_node
from ragreason.nodes.charged import charged
from ragreason.protocols import Capability, Embedder, Generator, Retriever, Verifier

MAIN = "main"
SubgraphMaker = Callable[[NodeSpec | Part, Place], Callable[..., Awaitable[Any]]]


@dataclass(frozen=True)
class Parts:
    """What a graph runs on. Names that are not given mean `main`, where only `main` is given.

    `open_retriever` makes retrievers of other kinds over the same index; `index` is what a node or
    tool takes that looks at documents or links rather than searches.
    """

    engines: Mapping[str, Generator] = field(default_factory=dict)
    retrievers: Mapping[str, Retriever] = field(default_factory=dict)
    verifiers: Mapping[str, Verifier] = field(default_factory=dict)
    embedder: Embedder | None = None
    open_retriever: Callable[[str], Retriever] | None = None
    index: Callable[[], Any] | None = None
    """Opens the index folder, once; called only where something takes it."""
    closers: list[Callable[[], None]] = field(default_factory=list)
    """What ends the connections that were made for the graph."""


@dataclass(frozen=True)
class Binder:
    """Builds the nodes of one definition. Nothing is built twice, and nothing early."""

    definition: Definition
    parts: Parts
    subgraph: SubgraphMaker
    allow_imports: Collection[str] = ()

    def node(self, name: str) -> Any:
        """The node called `name`, all its parts bound. Raises ConfigError for what is missing."""
        spec = self.definition.nodes[name]
        found = resolve_node(self.definition, name, self.allow_imports)
        place: Place = ("nodes", name)
        return self._build(found, spec, place, {"name": name})

    def _build(
        self, found: Resolved, spec: NodeSpec | Part, place: Place, extra: Mapping[str, Any]
    ) -> Any:
        self._check_capabilities(found.cls, spec, place)
        bound = dict(extra) if "name" in found.takes else {}
        for key in sorted(found.takes - {"name"}):
            if key in LISTS:
                inner = (self._inner(*inside) for inside in listed(key, spec, place))
                bound[key] = tuple(one for part in inner for one in self._each(part))
                continue
            value = self._bind(key, spec, place, optional=_has_default(found.cls, key))
            if value is not None:
                bound[key] = value
        if "retriever" in found.takes - set(bound) and _searches(bound.get("policy")):
            raise self._no_index(place)
        if _effort(spec) is not None and getattr(bound.get("policy"), "own_engine", False):
            raise self._error(
                (*place, "effort"),
                "effort does not reach into a policy that brings its own engine; set it inside it",
            )
        return found.cls(**bound, **found.parameters)

    def _each(self, part: Any) -> tuple[Any, ...]:
        """The part itself, or what it provides, which is then the caller's to close."""
        if not hasattr(part, "provide"):
            return (part,)
        provided = part.provide()
        self.parts.closers.append(provided.close)
        return tuple(provided.tools)

    def _bind(self, key: str, spec: NodeSpec | Part, place: Place, *, optional: bool) -> Any:
        if key == "engine":
            return self._engine(spec, place)
        if key == "retriever":
            return self._retriever(spec.retriever, place, optional=optional)
        if key in {"embedder", "index"}:
            return self._shared(key, spec, place, optional=optional)
        if key == "graph":
            return self.subgraph(spec, place)
        part: Part | None = getattr(spec, key, None)
        if part is not None:
            return self._inner(key, part, (*place, key))
        if optional:
            return None
        raise self._error(place, f"'{spec.use}' needs a {key}: give {key}: {{use: NAME}}")

    def _inner(self, key: str, part: Part, place: Place) -> Any:
        if key == "verifier" and part.use in self.parts.verifiers and not part.parameters:
            return charged(self.parts.verifiers[part.use])
        found = resolve_inner(key, part, place, self.definition.origin, self.allow_imports)
        return self._build(found, part, place, {"name": part.use})

    def engine_of(self, spec: NodeSpec | Part, place: Place) -> Generator:
        """The engine of the node or part, before metering; parts use their node's by default."""
        engines = self.parts.engines
        name = spec.model or self.definition.nodes[str(place[1])].model or MAIN
        if name in engines:
            return engines[name]
        if not engines:
            advice = "give --model NAME (model=... in Python)"
            raise ConfigError(f"{self._who(place)} needs a model; {advice}")
        if set(engines) == {MAIN}:
            return engines[MAIN]
        near = nearest(name, engines)
        guess = f"; did you mean '{near}'?" if near else ";"
        raise self._error(
            (*place, "model"),
            f"no model '{name}' was given{guess} given: {', '.join(sorted(engines))}; "
            f"give --model {name}=NAME",
        )

    def _engine(self, spec: NodeSpec | Part, place: Place) -> Generator:
        from ragreason.generation.metered import Metered
        from ragreason.generation.thinking import Thinking

        engine, effort = self.engine_of(spec, place), _effort(spec)
        metered = engine if isinstance(engine, Metered) else cast(Generator, Metered(engine))
        if effort is not None:
            try:
                effort.check(engine)
            except CapabilityError as error:
                raise CapabilityError(f"{self._who(place)}: {error}") from error
        told = effort is not None and (effort.thinks or "thinking" in engine.capabilities)
        thinks = told or "think_tags" in engine.capabilities
        return Thinking(metered, effort) if thinks else metered

    def _retriever(self, name: str | None, place: Place, *, optional: bool) -> Retriever | None:
        from ragreason.retrieval.metered import Metered

        found = self._find_retriever(name, place)
        if found is None and (name is not None or not optional):
            raise self._no_index(place)
        return found if found is None or isinstance(found, Metered) else Metered(found)

    def _no_index(self, place: Place) -> ConfigError:
        advice = "give --index DIR (index=... in Python)"
        return ConfigError(f"{self._who(place)} needs an index to search; {advice}")

    def _find_retriever(self, name: str | None, place: Place) -> Retriever | None:
        retrievers, opener = self.parts.retrievers, self.parts.open_retriever
        if name is None or name in retrievers or not retrievers:
            return retrievers.get(name or MAIN)
        if opener is not None and name in registry.known("retrievers"):
            return opener(name)
        known = sorted({*retrievers, *registry.known("retrievers")})
        near = nearest(name, known)
        guess = f"; did you mean '{near}'?" if near else ";"
        raise self._error(
            (*place, "retriever"), f"no retriever '{name}'{guess} known: {', '.join(known)}"
        )

    def _shared(self, key: str, spec: NodeSpec | Part, place: Place, *, optional: bool) -> Any:
        """The embedder or the index, the same for all nodes."""
        if key == "index" and self.parts.index is not None:
            return self.parts.index()
        if key == "embedder" and self.parts.embedder is not None:
            return self.parts.embedder
        if optional:
            return None
        if key == "index":
            raise self._no_index(place)
        raise self._error(place, f"'{spec.use}' needs an embedder; give embedder=... in Parts")

    def _check_capabilities(self, cls: Any, spec: NodeSpec | Part, place: Place) -> None:
        needs: frozenset[Capability] = getattr(cls, "needs", frozenset())
        if not needs:
            return
        engine = self.engine_of(spec, place)
        lacking = needs - engine.capabilities
        if lacking:
            able = ", ".join(registry.engines_with(needs)) or "no registered engine"
            raise CapabilityError(
                f"{self._who(place)}: '{spec.use}' needs {', '.join(sorted(lacking))}, which the "
                f"engine '{engine.name}' lacks; engines that have it: {able}"
            )

    def _who(self, place: Place) -> str:
        return f"graph '{self.definition.name}', node '{place[1]}'"

    def _error(self, place: Place, message: str) -> ConfigError:
        return self.definition.origin.error(place, message)


def _effort(spec: NodeSpec | Part) -> Thought | None:
    """A node's; parts inside it, such as its verifier, think as their models like."""
    return spec.effort if isinstance(spec, NodeSpec) else None


def _searches(policy: Any) -> bool:
    return bool(getattr(policy, "searches", False))


def _has_default(cls: Any, key: str) -> bool:
    return signature(cls).parameters[key].default is not Parameter.empty
