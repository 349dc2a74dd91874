"""The LangGraph state: every key, what merges parallel writes to it, who writes and who reads it.

    key           merge        written by                      read by
    question      last         the caller, stand_alone         all nodes
    seed          last         the caller                      nodes that sample
    query         last         rewrite                         retrieve
    queries       last         decompose                       fan-out edges, retrieve
    item          last         a fan-out edge (`each`)         nodes in the branch
    evidence      by passage   retrieve, grade, reason         grade, answer, reason
    sufficiency   last         grade                           edges (`when`), answer, abstain
    findings      last         critique                        next_question, a writer
    notes         append       decompose branches, subgraphs   answer
    trajectory    last         reason                          answer
    answer        last         answer, abstain, check          the caller, check
    draft         last         reason                          answer
    in_prompt     last         reason                          answer
    confidence    last         answer                          difficulty, edges
    difficulty    last         difficulty                      edges
    usage         sum          every node                      budgets, the caller
    steps         sum          reason, retrieve and others     budgets
    elapsed_s     max          every node                      budgets
    counts        sum a name   bounded edges                   bounded edges
    forced        first        budgets, loop bounds            every edge, answer
    dropped       append       nodes whose prompt overflowed   traces

Inside a `reason` node a subgraph runs on its own state, `ReasonState`.
"""

from collections.abc import Mapping, Sequence
from operator import add
from typing import Annotated

from typing_extensions import TypedDict

from ragreason.tree import Event
from ragreason.types import Answer, Evidence, Question, Trajectory, Usage, Verdict


def merge_evidence(old: Mapping[str, Evidence], new: Mapping[str, Evidence]) -> dict[str, Evidence]:
    """Later writes replace a passage's entry and keep its place."""
    return {**old, **new}


def add_counts(old: Mapping[str, int], new: Mapping[str, int]) -> dict[str, int]:
    """Sum the counts under each name."""
    return {name: old.get(name, 0) + new.get(name, 0) for name in {**old, **new}}


def first_reason(old: str, new: str) -> str:
    """Keep the reason that was given first; empty means not forced."""
    return old or new


def latest(old: float, new: float) -> float:
    """The later of two times; a function of its own, as LangGraph can't inspect `max`."""
    return max(old, new)


def append(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Old entries, then new ones."""
    return [*old, *new]


class State(TypedDict, total=False):
    """What flows along a graph's edges; see the module's table."""

    question: Question
    seed: int
    query: str
    queries: list[str]
    item: str
    evidence: Annotated[dict[str, Evidence], merge_evidence]
    sufficiency: Verdict
    findings: list[str]
    notes: Annotated[list[str], append]
    trajectory: Trajectory
    draft: str
    in_prompt: list[str] | None
    answer: Answer
    confidence: float
    difficulty: float
    usage: Annotated[Usage, add]
    steps: Annotated[int, add]
    elapsed_s: Annotated[float, latest]
    counts: Annotated[dict[str, int], add_counts]
    forced: Annotated[str, first_reason]
    dropped: Annotated[list[str], append]


class ReasonState(TypedDict, total=False):
    """The state of the subgraph expand -> verify -> select inside a `reason` node."""

    question: Question
    seed: int
    tree: Annotated[list[Event], add]
    evidence: Annotated[dict[str, Evidence], merge_evidence]
    usage: Annotated[Usage, add]
    steps: Annotated[int, add]
    elapsed_s: Annotated[float, latest]
    forced: Annotated[str, first_reason]
    dropped: Annotated[list[str], append]
    wanted: list[tuple[int, int]]
    best: list[tuple[int, float]]


def initial(question: Question, seed: int = 0) -> State:
    """The state a run starts from."""
    return State(
        question=question,
        seed=seed,
        evidence={},
        notes=[],
        usage=Usage(),
        steps=0,
        elapsed_s=0.0,
        counts={},
        forced="",
        dropped=[],
    )
