"""What a run says while it works: shown live, kept in traces, sent to pages."""

from typing import Literal

from ragreason.tree import Mark
from ragreason.types import Answer, Hit, Step, Value, Verdict

EventKind = Literal[
    "node",
    "search",
    "step",
    "failed",
    "verdict",
    "mark",
    "token",
    "thinking",
    "difficulty",
    "dropped",
    "forced",
    "answer",
]


class TraceEvent(Value):
    """One thing that happened. `node` is the graph file's name for the node; the fields that fit
    `kind` are set: node (`text` "started" or "finished"), search (`query`, `hits`), step (`step`,
    `tree_node`, `parent`), failed (a proposal that gave no step: `tree_node`, `parent`, `text` says
    why), verdict (`verdict`, `tree_node`, `outcome`), mark (`tree_node`, `mark`,
    and `weight` where it is among the best: what the strategy made of the node in the end), token
    (`text`, a piece of the answer as it grows), thinking (`text`, what was thought before a reply),
    difficulty (`text` holds the estimate and what it rests on), dropped (`text` says which passage
    left the prompt), forced (`text` says why), answer (`answer`). Those with a `tree_node` say by
    `question_id` whose search they belong to: branches
    of a graph search for sub-questions side by side.
    `at_s` counts seconds from the start of the question.
    """

    kind: EventKind
    node: str = ""
    at_s: float = 0.0
    text: str = ""
    query: str = ""
    hits: tuple[Hit, ...] = ()
    step: Step | None = None
    tree_node: int | None = None
    parent: int | None = None
    verdict: Verdict | None = None
    outcome: bool = False
    question_id: str = ""
    mark: Mark | None = None
    weight: float | None = None
    answer: Answer | None = None
