"""Search over reasoning: policy x strategy x verifier, as a subgraph select -> expand -> verify.

`select` asks the strategy what to extend, `expand` proposes steps and runs their searches, `verify`
scores what is new, where there is a verifier. Each is a LangGraph node of its own, so checkpoints,
streams and interrupts work between them, and a run that was killed goes on in the middle of a
search.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, cast

from pydantic import Field

from ragreason.errors import BudgetReachedError, ConfigError
from ragreason.generation.widened import MOST_FIRST_TOKENS, Widened, Widening
from ragreason.ledger import Meter, current, metering
from ragreason.nodes.expand import expand, why_forced
from ragreason.nodes.marks import tell_marks
from ragreason.nodes.verify import verify
from ragreason.prompts import shown_in
from ragreason.protocols import Generator, Policy, Retriever, Strategy, Verifier
from ragreason.search.needs import lacking_steps, lacking_verifier
from ragreason.search.scores import with_aggregation
from ragreason.state import ReasonState, State
from ragreason.tree import ROOT, Added, Expand, Finish, Tree
from ragreason.types import Evidence, Hit, Question, Trajectory, Usage

Temperature = Annotated[float, Field(ge=0, le=2)]

FORCED_BY_DEPTH = "steps of the search"
FORCED_BY_SILENCE = "no proposal could be used"


@dataclass(frozen=True)
class Reason:
    """Reason and retrieve until the strategy is done; gives the best answer as `draft`.

    `k` passages come back from each search. Without a finished trajectory the run is `forced`, and
    the answer node reads the evidence of the longest one. Where several samples are drawn,
    `temperatures` [0.3, 0.7, 1.0] draws them at these in turn, a branch keeping its own; with
    `first_tokens` k, samples of one prompt begin with its k likeliest first tokens in turn.
    `stop_at` ends the search as soon as the verifier gives a step at least that score: the evidence
    suffices, and the answer node reads what that step's trajectory has found.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("seed", "evidence")
    writes: ClassVar[tuple[str, ...]] = (
        "draft",
        "in_prompt",
        "trajectory",
        "evidence",
        "forced",
        "dropped",
    )

    name: str
    engine: Generator
    policy: Policy
    strategy: Strategy
    retriever: Retriever | None = None
    verifier: Verifier | None = None
    k: Annotated[int, Field(ge=1, le=100)] = 4
    temperatures: Annotated[tuple[Temperature, ...], Field(max_length=64)] = ()
    first_tokens: Annotated[int, Field(ge=0, le=MOST_FIRST_TOKENS)] = 0
    stop_at: float | None = None

    def __post_init__(self) -> None:
        """Check that the strategy has the verifier it needs and the engine what samples need, and
        tell the strategy how step scores are put together. Raises ConfigError, CapabilityError.
        """
        wrong = lacking_verifier(self.strategy, self.verifier)
        if not wrong and self.stop_at is not None:
            wrong = lacking_steps("stop_at", self.verifier)
        if wrong:
            raise ConfigError(wrong)
        if self.widening.spreads and getattr(self.policy, "own_engine", False):
            raise ConfigError(
                f"'{self.name}': temperatures and first_tokens don't reach into this policy, which "
                "brings its own engine; set temperatures inside it"
            )
        self.widening.check(self.engine)
        for_engine = getattr(self.policy, "for_engine", None)
        if for_engine is not None:
            object.__setattr__(self, "policy", for_engine(self.engine))
        object.__setattr__(self, "strategy", with_aggregation(self.strategy, self.verifier))

    async def __call__(self, state: State) -> dict[str, Any]:
        """Run the subgraph and report its best trajectory."""
        start = begin(state["question"], state.get("seed", 0))
        config = {"recursion_limit": 10_000}
        done = cast(ReasonState, await self.subgraph.ainvoke(start, config))
        return self._report(done, state.get("evidence", {}))

    @cached_property
    def widening(self) -> Widening:
        """How the samples of one prompt are spread, and whether they tell how likely they are."""
        told = getattr(self.strategy, "priors", False) and "logprobs" in self.engine.capabilities
        return Widening(tuple(self.temperatures), self.first_tokens, logprobs=told)

    def proposer(self, numbers: tuple[int, ...], ranks: tuple[int, ...]) -> Generator:
        """The engine for one request of the policy; see `Widened` for what the places mean."""
        if not self.widening:
            return self.engine
        return Widened(self.engine, self.widening, numbers, ranks)

    @cached_property
    def subgraph(self) -> Any:
        """The compiled LangGraph subgraph; it inherits its parent's checkpointer."""
        from langgraph.graph import END, START, StateGraph
        from langgraph.types import Command

        async def select(state: ReasonState) -> Any:
            update = await self.select(state)
            # a conditional edge would copy every channel of the state first, to read it
            return Command(update=update, goto="expand" if update["wanted"] else END)

        builder = StateGraph(ReasonState)
        builder.add_node("select", select, destinations=("expand", END))
        builder.add_node("expand", self.expand)
        builder.add_edge(START, "select")
        if self.verifier is None:  # a step that judges nothing would cost a checkpoint all the same
            builder.add_edge("expand", "select")
            return builder.compile()
        builder.add_node("verify", self.verify)
        builder.add_edge("expand", "verify")
        builder.add_edge("verify", "select")
        return builder.compile()

    async def select(self, state: ReasonState) -> dict[str, Any]:
        """What the strategy wants extended, or its best where it is done or the run is forced."""
        tree = Tree(state["tree"])
        if state["forced"]:
            return self._finished(state, self.strategy.finish(tree), tree)
        enough = self._sufficient(tree)
        if enough is not None:
            return self._finished(state, enough, tree)
        decision = self.strategy.decide(tree, state["usage"])
        if isinstance(decision, Expand):
            return {"wanted": list(decision.nodes)}
        if isinstance(decision, Finish):
            return self._finished(state, decision, tree)
        return {"wanted": [(node, 1) for node in decision.nodes]}

    def _sufficient(self, tree: Tree) -> Finish | None:
        """The best unfinished node whose step reaches `stop_at`; None where none does."""
        if self.stop_at is None:
            return None
        verdicts = ((n, tree.verdict(n)) for n in range(1, len(tree)) if not tree.finished(n))
        scores = [(v.score, n) for n, v in verdicts if v is not None and v.score >= self.stop_at]
        best = max(scores, key=lambda found: found[0], default=None)
        return None if best is None else Finish(((best[1], best[0]),))

    def _finished(self, state: ReasonState, decision: Finish, tree: Tree) -> dict[str, Any]:
        tell_marks(self.name, state["question"].id, self.strategy, tree, decision)
        return {"wanted": [], "best": list(decision.nodes)}

    async def expand(self, state: ReasonState) -> dict[str, Any]:
        """The wanted proposals, their searches done, within the budget."""
        meter = _inner_meter(state)
        with metering(meter):
            try:
                meter.check()
            except BudgetReachedError as error:
                return _spent(meter) | {"forced": why_forced(error)}
            update = await expand(self, state)
        meter.step(sum(1 for event in update["tree"] if isinstance(event, Added)))
        # the steps are those of a policy's graph too
        return _news(update) | _spent(meter) | {"steps": meter.stepped}

    async def verify(self, state: ReasonState) -> dict[str, Any]:
        """Verdicts on what is new, within the budget."""
        meter = _inner_meter(state)
        with metering(meter):
            update = await verify(self, state)
        return _news(update) | _spent(meter)

    def _report(self, state: ReasonState, known: Mapping[str, Evidence]) -> dict[str, Any]:
        tree = Tree(state["tree"])
        best = state.get("best") or []
        node = best[0][0] if best else _longest(tree)
        trajectory = tree.trajectory(node)
        shown = {hit.passage.id for hit in trajectory.hits}
        forced = state["forced"]
        if not best and not forced:
            going = any(leaf != ROOT for leaf in tree.leaves)
            forced = FORCED_BY_DEPTH if going else FORCED_BY_SILENCE
        return {
            "draft": trajectory.answer or "",
            "in_prompt": self._in_prompt(state["question"], trajectory),
            "trajectory": trajectory,
            "forced": forced,
            "dropped": state["dropped"],
            "usage": state["usage"],
            "steps": state["steps"],
            "elapsed_s": state["elapsed_s"],
            "evidence": {
                key: _entry(known.get(key), entry.hit, shown=key in shown)
                for key, entry in state["evidence"].items()
            },
        }

    def _in_prompt(self, question: Question, trajectory: Trajectory) -> list[str] | None:
        """Ids of the passages that the prompt of the answer showed; None without an answer, and
        where the policy's own prompts are not these.
        """
        if not trajectory.answer or getattr(self.policy, "own_engine", False):
            return None
        *before, last = trajectory.steps
        earlier = Trajectory(steps=tuple(before))
        request = self.policy.render(question, earlier)
        text = "\n".join([*(message.content for message in request.messages), request.prefill])
        return [i for i in shown_in(text, earlier.shown) if i not in last.dropped]


def _entry(known: Evidence | None, hit: Hit, *, shown: bool) -> Evidence:
    """Kept if the best trajectory shows it, or if an earlier node kept it, excerpt and all."""
    if known is None:
        return Evidence(hit=hit, keep=shown)
    return known.model_copy(update={"keep": known.keep or shown})


def begin(question: Question, seed: int) -> ReasonState:
    """The state that a search starts from."""
    return ReasonState(
        question=question,
        seed=seed,
        tree=[],
        evidence={},
        usage=Usage(),
        steps=0,
        elapsed_s=0.0,
        forced="",
        dropped=[],
    )


def _longest(tree: Tree) -> int:
    """The deepest node that holds a step; the first of equals."""
    return max((node for node in range(len(tree)) if not tree.failed(node)), key=tree.depth)


def _inner_meter(state: ReasonState) -> Meter:
    """A meter that goes on from the question's meter and from what this search has spent."""
    outer = current()
    if outer is None:
        return Meter(before=state["usage"], steps=state["steps"], elapsed_s=state["elapsed_s"])
    return Meter(
        outer.budget,
        before=outer.before + state["usage"],
        steps=outer.steps + state["steps"],
        elapsed_s=max(outer.elapsed_s, state["elapsed_s"]),  # the latter after a resume
        outer=outer,
    )


def _news(update: Mapping[str, Any]) -> dict[str, Any]:
    """The update without what is empty: it would change nothing, at the cost of a row on disk."""
    return {key: value for key, value in update.items() if value}


def _spent(meter: Meter) -> dict[str, Any]:
    return {"usage": meter.spent, "elapsed_s": meter.elapsed_s}
