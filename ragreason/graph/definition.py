"""What a graph file says, as frozen values. `graph.read` reads it, `graph.checks` has the rules.

A `Definition` knows where it was read from, so that every later complaint names file and line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from ragreason.errors import GraphError
from ragreason.generation.thinking_effort import Thought
from ragreason.types import Budget, Scalar

START = "START"
END = "END"

Paradigm = Literal[
    "baseline", "reasoning_enhanced_retrieval", "retrieval_enhanced_reasoning", "synergized"
]
Place = tuple[str | int, ...]
NodeName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=64)]


@dataclass(frozen=True)
class Origin:
    """Where a definition came from: `lines` maps places such as ("nodes", "answer") to lines."""

    path: str | None = None
    lines: Mapping[Place, int] = field(default_factory=dict)
    overridden: Mapping[Place, str] = field(default_factory=dict)
    """Places that a `--set` changed, to the text of that option."""

    def line(self, place: Place) -> int | None:
        """The line of the place, or of the nearest thing around it."""
        for end in range(len(place), -1, -1):
            if place[:end] in self.lines:
                return self.lines[place[:end]]
        return None

    def error(self, place: Place, message: str) -> GraphError:
        """A GraphError that names file and line, or the `--set` that put the value there."""
        for end in range(len(place), 0, -1):
            if place[:end] in self.overridden:
                return GraphError(message, path=f"--set {self.overridden[place[:end]]}")
        return GraphError(message, path=self.path, line=self.line(place))


class Part(BaseModel):
    """A part of a node: `{use: relevance, threshold: 0.5}`, or `relevance` for short.

    What is not named here is a parameter of the part.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    use: str
    model: str | None = None
    retriever: str | None = None
    verifier: "Part | None" = None
    members: "tuple[Part, ...] | None" = None
    """For `use: ensemble`: the verifiers it is made of."""
    policy: "Part | None" = None
    """For a policy around another: the one inside."""
    tools: "tuple[Part, ...] | None" = None
    """For a policy that calls tools: those that it may call."""
    graph: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"use": value} if isinstance(value, str) else value

    @property
    def parameters(self) -> dict[str, Any]:
        """The part's own parameters."""
        return dict(self.model_extra or {})


class NodeSpec(BaseModel):
    """A node: its kind (`use`), the parts bound to it, and its parameters."""

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)

    use: str
    model: str | None = None
    """The name of an engine given at run time (`--model small=...`); None is `main`."""
    retriever: str | None = None
    """The name of a retriever given at run time; None is `main`."""
    verifier: Part | None = None
    effort: Thought | None = None
    """How hard the node's model thinks before each reply: a level, or a mapping with the knobs."""
    policy: Part | None = None
    strategy: Part | None = None
    graph: str | None = None
    """For `use: graph`: a shipped graph's name, or a path relative to this file."""
    in_: Annotated[dict[str, str], Field(alias="in")] = {}
    """For `use: graph`: the sub-graph's key -> this graph's key."""
    out: dict[str, str] = {}
    """For `use: graph`: the sub-graph's key -> this graph's key."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The node's own parameters."""
        return dict(self.model_extra or {})


class Condition(BaseModel):
    """A test of one state key; exactly one of the four comparisons is set."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    field: str
    is_: Annotated[str | None, Field(alias="is")] = None
    equals: Scalar | None = None
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _one_test(self) -> "Condition":
        given = [self.is_, self.equals, self.at_least, self.at_most]
        if sum(g is not None for g in given) != 1:
            raise ValueError("a condition has exactly one of is, equals, at_least, at_most")
        return self


class Edge(BaseModel):
    """Where to go after a node: `[a, b]`, or a mapping with conditions, fan-out, or a bound."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    from_: Annotated[str, Field(alias="from")]
    to: str
    when: Condition | None = None
    otherwise: bool = False
    each: str | None = None
    """A state key that holds a list: one branch an item, joined after the node `to`."""
    at_most: Annotated[int | None, Field(ge=1, le=10_000)] = None
    then: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _pair(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            if len(value) != 2:
                raise ValueError(f"an edge is [from, to]; this list has {len(value)} entries")
            return {"from": value[0], "to": value[1]}
        return value

    @model_validator(mode="after")
    def _fits(self) -> "Edge":
        if (self.at_most is None) != (self.then is None):
            raise ValueError("at_most and then belong together: at_most: 3, then: answer")
        if self.when is not None and self.otherwise:
            raise ValueError("an edge has when or otherwise, not both")
        if self.from_ == END or START in self.targets:
            raise ValueError("edges lead from START and to END, not the other way round")
        return self

    @property
    def targets(self) -> tuple[str, ...]:
        """`to`, and `then` where there is one."""
        return (self.to,) if self.then is None else (self.to, self.then)


class Definition(BaseModel):
    """A graph file, version 1."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="ragreason graph")

    version: Literal[1]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=64)]
    paradigm: Paradigm
    source: str = ""
    """The paper's address."""
    description: str = ""
    keeps: str = ""
    """What of the paper's method is kept."""
    departs: str = ""
    """Where it departs from the paper, and why."""
    gives: str = "answer"
    """The state key that a run surely ends with: `answer`, or what a part of other graphs hands
    over."""
    budget: Budget = Budget()
    nodes: Annotated[dict[NodeName, NodeSpec], Field(min_length=1)]
    edges: Annotated[tuple[Edge, ...], Field(min_length=1)]

    _origin: Origin = PrivateAttr(default_factory=Origin)

    @property
    def origin(self) -> Origin:
        """Where this was read from; empty for a definition made in Python."""
        return self._origin

    def at(self, origin: Origin) -> "Definition":
        """The same definition, read from `origin`."""
        copy = self.model_copy()
        copy._origin = origin
        return copy

    def edges_from(self, node: str) -> tuple[Edge, ...]:
        """The edges out of `node`, in the file's order."""
        return tuple(e for e in self.edges if e.from_ == node)

    def edge_name(self, edge: Edge) -> str:
        """What counters and traces call the edge: `a->b`, with a number if there are several."""
        twins = [e for e in self.edges if (e.from_, e.to) == (edge.from_, edge.to)]
        position = next(i for i, e in enumerate(twins) if e is edge)
        return f"{edge.from_}->{edge.to}" + (f" {position + 1}" if position else "")
