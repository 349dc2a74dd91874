"""The small parts a method is made of. Anything with these methods is one; nothing is inherited.

    policy  x  strategy  x  verifier  x  retriever  x  engine  x  budget

Parts are frozen dataclasses whose fields are their parameters, annotated so that Pydantic can check
them (`n: Annotated[int, Field(ge=1)] = 8`). Fields named in `registry.INJECTED` are other parts,
bound when a graph is compiled.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ragreason.tree import Decision, Finish, Tree
from ragreason.types import (
    Completion,
    Hit,
    Question,
    Request,
    Scalar,
    Step,
    Trajectory,
    Usage,
    Verdict,
)

Floats = npt.NDArray[np.float32]
Where = Mapping[str, Scalar | Sequence[Scalar]]
EmbedKind = Literal["query", "passage"]
Item = Step | Trajectory | Hit
Judges = Literal["step", "prefix", "trajectory", "hits"]
"""What a verifier is given: a step alone; the last step of a trajectory, with what came before it;
a finished trajectory; passages. "step" and "prefix" give process scores, "trajectory" outcomes."""
Aggregation = Literal["last", "min", "product", "mean"]
Costs = Literal["nothing", "embedding", "scoring", "generation", "model"]
"""What a verdict costs most: rules only, an embedder's call, an engine's `score`, an engine's
`generate`, or a model of the verifier's own."""
Capability = Literal[
    "prefill",
    "seed",
    "json_schema",
    "regex",
    "logprobs",
    "top_logprobs",
    "first_tokens",
    "score",
    "stream",
    "token_ids",
    "cached",
    "thinking",
    "think_tags",
    "tools",
]
"""What an engine may be able to do. "top_logprobs": `Request.top_logprobs`; "first_tokens": the
same for requests of one greedy token, enough to branch on a reply's first token. "thinking": it
thinks as hard as `Request.effort` says; "think_tags": its model thinks between <think> tags.
"tools": `Request.tools`, native tool calling."""


@dataclass(frozen=True)
class Chunk:
    """A piece of a streamed completion; the last one carries the whole `completion`. `kept`: from
    the response cache, or from another caller's stream.
    """

    text: str
    completion: Completion | None = None
    kept: bool = False


@runtime_checkable
class Generator(Protocol):
    """An engine: prompts in, tokens out. `name` identifies model and engine for caches and runs.

    `context` is the longest prompt plus reply, in tokens. Cancelling the awaiting task frees the
    engine. Errors are `EngineError`s, never completions.
    """

    @property
    def name(self) -> str:
        """Engine, model and what else changes what it says."""
        ...

    @property
    def context(self) -> int:
        """In tokens."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do beyond text in, text out."""
        ...

    async def generate(self, request: Request) -> list[Completion]:
        """`request.n` completions, in order. Raises ContextOverflowError, EngineError."""
        ...

    def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """The same for n = 1, as chunks whose texts concatenate to the completion's text."""
        ...

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """Log-likelihood of each continuation after the request's prompt and prefill, in nats."""
        ...

    async def count_tokens(self, request: Request) -> int:
        """How many tokens the request's prompt has, template and prefill included."""
        ...

    async def aclose(self) -> None:
        """Free the engine. Safe to call twice."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """Texts to unit vectors. `name` goes into index manifests: other names don't mix."""

    @property
    def name(self) -> str:
        """Changes whenever its vectors do."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> Floats:
        """(texts, dim) float32, rows of length 1 (all zeros for a text with nothing in it)."""
        ...


@runtime_checkable
class Retriever(Protocol):
    """Queries to hits."""

    @property
    def name(self) -> str:
        """What hits name as their source."""
        ...

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        """At most `k` hits a query, best first, each passage once.

        `where` keeps passages whose metadata equal the value, or are among a list of values.
        Ties keep corpus order. An empty or unknown-word query gives an empty list.
        """
        ...


@runtime_checkable
class Reranker(Protocol):
    """Hits to better ordered hits."""

    async def rerank(self, query: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same hits, ranks renumbered from 1."""
        ...


@runtime_checkable
class Verifier(Protocol):
    """Scores steps, trajectories or hits.

    `judges` says which; `range` holds the lowest and highest score; `aggregation` how step scores
    become a trajectory's; `costs` what a verdict costs. Where `judges` depends on parameters or
    members, the class declares all that it may judge, an instance what it does, and a classmethod
    `judging(parameters, members)` says so of a graph file's before anything is built.
    """

    judges: ClassVar[frozenset[Judges]]
    range: ClassVar[tuple[float, float]]
    aggregation: ClassVar[Aggregation]
    costs: ClassVar[Costs]

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order."""
        ...


@dataclass(frozen=True)
class ToolResult:
    """What a tool gives: a text, passages found, or both."""

    text: str = ""
    hits: tuple[Hit, ...] = ()


@runtime_checkable
class Tool(Protocol):
    """What an agent may call. `parameters` is a JSON schema of an object with flat properties.

    Optional, where a class has it: `descriptions` (ClassVar), the description by language.
    """

    @property
    def name(self) -> str:
        """Letters, digits, `_` and `-`: what the model calls it."""
        ...

    @property
    def description(self) -> str:
        """One line for the model: what it gives."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The JSON schema of its arguments."""
        ...

    async def run(self, arguments: Mapping[str, Any], shown: Sequence[Hit]) -> ToolResult:
        """The result for arguments that fit `parameters`. `shown` are the passages that the prompt
        shows, the n-th as [n]. A ToolError's message is told to the model.
        """
        ...


@runtime_checkable
class Policy(Protocol):
    """Proposes next steps. Never runs a search or a tool itself: the node does, and fills in
    `Step.hits` and `Step.result`.

    A policy with a ClassVar `searches` that is true is refused where there is no index. Optional,
    where a class has them:

    - `tools` (field): the tools that its steps of the kind "call" may name;
    - `for_engine(engine)`: the same policy for this engine, where its prompts depend on what an
      engine can do; asked once, before anything runs;
    - `critiques` (ClassVar, "step"): it looks at the verdicts on steps, so they are made even if
      the strategy wants none.
    """

    needs: ClassVar[frozenset[Capability]]

    def render(self, question: Question, trajectory: Trajectory) -> Request:
        """The prompt at this point. A longer trajectory's prompt extends a shorter one's."""
        ...

    async def propose(
        self, question: Question, trajectory: Trajectory, n: int, engine: Generator, *, seed: int
    ) -> list[Step]:
        """`n` proposals for the next step, one request with n samples."""
        ...


@runtime_checkable
class Strategy(Protocol):
    """Decides which trajectories to extend: a pure function of the tree.

    `wants` says which verdicts it looks at, "step" for process scores and "trajectory" for
    outcomes; no others are made. Optional, where a class has them:

    - `requires` (ClassVar): it needs a verifier that gives at least one of these;
    - `priors`: it looks at `Step.logprob`, so proposals are asked for with log-probabilities where
      the engine tells them;
    - `scales` (ClassVar): the field that a larger budget raises, such as "n";
    - `tops_up` (ClassVar): it draws independent samples from the root, and where a tree holds some
      already, only those that are lacking;
    - `revises` (ClassVar): it goes on from finished nodes, with further attempts;
    - `delegates` (property): strategies that it may hand over to, whose needs are its own;
    - `aggregation` (field, None by default): how step scores become a trajectory's; None is
      replaced by the verifier's own when the parts are bound;
    - `marks(tree)`: node to `Mark`, what to show of each node.
    """

    wants: ClassVar[frozenset[Judges]]

    def decide(self, tree: Tree, spent: Usage) -> Decision:
        """What to do next. Called only when nothing is pending."""
        ...

    def finish(self, tree: Tree) -> Finish:
        """The best of what is there: at the end, and when a budget stops the search."""
        ...


@runtime_checkable
class Node(Protocol):
    """A LangGraph node as graph files name it. `reads` and `writes` are state keys."""

    reads: ClassVar[tuple[str, ...]]
    writes: ClassVar[tuple[str, ...]]

    async def __call__(self, state: Any) -> dict[str, Any]:
        """The state update. Usage, time and events are added around it."""
        ...
