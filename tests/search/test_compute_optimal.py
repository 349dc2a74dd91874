"""Choosing strategy and budget by difficulty, on hand-drawn trees."""

import random
import re
from collections.abc import Sequence
from typing import Any

import pytest

from ragreason.errors import ConfigError
from ragreason.generation.scripted import Scripted
from ragreason.graph.checks import check_graph
from ragreason.graph.read import parse_graph
from ragreason.nodes.search import reason
from ragreason.policies.cot import Cot
from ragreason.policies.react import ReAct
from ragreason.protocols import Retriever
from ragreason.search.beam import Beam
from ragreason.search.best_of_n import BestOfN
from ragreason.search.compute_optimal import ComputeOptimal
from ragreason.search.majority import Majority
from ragreason.search.mcts import MCTS
from ragreason.search.revise import Revise
from ragreason.tree import ROOT, Event, Expand, Finish, Mark, Tree
from ragreason.types import Budget, Usage
from tests.search.drawn import scored, step, under
from tests.search.engines import StepScores, thinker


def optimal(easy: object, hard: object, *, at_most: float = 0.5, **options: Any) -> ComputeOptimal:
    choices: Any = [
        {"at_most": at_most, "strategy": easy},
        {"at_most": 1.0, "strategy": hard},
    ]
    return ComputeOptimal(**{"probes": 2, "choices": choices, **options})


VOTES = optimal({"use": "majority", "n": 2}, {"use": "majority", "n": 5})
BEAMS = optimal("greedy", {"use": "beam", "width": 1, "branching": 2, "max_depth": 2})


def answers(*texts: str) -> list[Event]:
    return under(ROOT, *(step("t", "answer", answer=text) for text in texts))


def decide(strategy: ComputeOptimal, events: Sequence[Event]) -> object:
    return strategy.decide(Tree(events), Usage())


def test_probes_come_first_and_go_on_to_their_ends() -> None:
    assert decide(VOTES, []) == Expand(((0, 2),))
    assert decide(VOTES, under(0, step("a"), step("b", "answer"))) == Expand(((1, 1),))
    assert decide(VOTES, under(0, step("a"))) == Expand(((0, 1), (1, 1)))


def test_agreeing_probes_are_enough_for_an_easy_question() -> None:
    assert decide(VOTES, answers("1874", "1,874")) == Finish(((1, 1.0), (2, 1.0)))


def test_a_hard_question_gets_more_samples_the_probes_being_the_first_of_them() -> None:
    hard = optimal("greedy", {"use": "majority", "n": 5}, at_most=0.4)
    assert hard.difficulty(Tree(answers("a", "b"))) == 0.5
    assert decide(hard, answers("a", "b")) == Expand(((0, 3),))
    more = [*answers("a", "b"), *answers("b", "b", "c")]
    assert decide(hard, more) == Finish(((2, 0.6), (3, 0.6), (4, 0.6), (1, 0.2), (5, 0.2)))


def test_difficulty_is_one_less_the_mean_score_and_probes_without_an_answer_score_0() -> None:
    two = [*answers("a", "b"), *scored({1: 0.75, 2: 0.5}, outcome=True)]
    assert VOTES.difficulty(Tree(two)) == 0.375
    one = [*under(0, step("a", "answer"), None), *scored({1: 0.75}, outcome=True)]
    assert VOTES.difficulty(Tree(one)) == 0.625
    assert VOTES.difficulty(Tree(answers("a", ""))) == 0.5
    assert VOTES.difficulty(Tree(under(0, None, None))) == 1.0


def test_scores_outside_0_to_1_are_cut_off() -> None:
    for score, difficulty in ((-4.0, 1.0), (4.0, 0.0)):
        tree = Tree([*answers("a", "b"), *scored({1: score, 2: score}, outcome=True)])
        assert VOTES.difficulty(tree) == difficulty


def test_a_difficulty_on_the_limit_is_the_easier_one() -> None:
    assert VOTES.choice(0.5) == Majority(n=2)
    assert VOTES.choice(0.5001) == Majority(n=5)


def test_later_samples_do_not_change_the_difficulty() -> None:
    probes = [*answers("a", "b"), *scored({1: 0.1, 2: 0.1}, outcome=True)]
    later = [*probes, *answers("c", "d"), *scored({3: 1.0, 4: 1.0}, outcome=True)]
    assert VOTES.difficulty(Tree(later)) == VOTES.difficulty(Tree(probes)) == pytest.approx(0.9)


def test_a_probe_that_a_deeper_choice_goes_on_with_counts_as_it_was() -> None:
    deep = optimal("greedy", {"use": "best_of_n", "n": 2, "max_depth": 3}, max_depth=1)
    probes = [*under(0, step("t"), step("a", "answer")), *scored({2: 0.2}, outcome=True)]
    assert decide(deep, probes) == Expand(((1, 1),))
    ended = [*probes, *under(1, step("b", "answer")), *scored({3: 1.0}, outcome=True)]
    assert deep.difficulty(Tree(ended)) == deep.difficulty(Tree(probes)) == 0.9
    assert decide(deep, ended) == Finish(((3, 1.0), (2, 0.2)))


PROBED = [*answers("p", "q"), *scored({1: 0.2, 2: 0.1}), *scored({1: 0.2, 2: 0.1}, outcome=True)]


def test_another_strategy_searches_beside_the_probes_as_if_they_were_not_there() -> None:
    assert decide(BEAMS, PROBED) == Expand(((0, 2),))
    wave = [*PROBED, *under(0, step("x"), step("y")), *scored({3: 0.3, 4: 0.6})]
    assert decide(BEAMS, wave) == Expand(((4, 2),)), "the beam's second is the whole tree's fourth"


def test_at_the_end_all_answers_are_ranked_together_by_outcome() -> None:
    wave = [*PROBED, *under(0, step("x", "answer"), None)]
    good = [*wave, *scored({3: 0.3}), *scored({3: 0.9}, outcome=True)]
    assert decide(BEAMS, good) == Finish(((3, 0.9), (1, 0.2), (2, 0.1)))
    poor = [*wave, *scored({3: 0.3}), *scored({3: 0.05}, outcome=True)]
    assert decide(BEAMS, poor) == Finish(((1, 0.2), (2, 0.1), (3, 0.05)))


def test_stopped_while_probing_it_gives_the_best_probe() -> None:
    open_one = [*under(0, step("t"), step("b", "answer"))]
    assert VOTES.finish(Tree(open_one)) == Finish(((2, 1.0),))
    assert VOTES.finish(Tree()) == Finish(())


def test_marks_tell_how_easy_it_looked_what_each_probe_scored_and_what_the_choice_made() -> None:
    wave = [*PROBED, *under(0, step("x"), step("y")), *scored({3: 0.3, 4: 0.6})]
    marks = BEAMS.marks(Tree(wave))
    assert marks[ROOT].value == pytest.approx(0.15)
    assert (marks[1], marks[2]) == (Mark(value=0.2), Mark(value=0.1))
    assert (marks[3], marks[4]) == (Mark(value=0.3, pruned=True), Mark(value=0.6))
    assert VOTES.marks(Tree(answers("a"))) == {}


def test_choices_take_its_aggregation_unless_they_have_one() -> None:
    made = optimal("best_of_n", {"use": "beam", "aggregation": "min"}, aggregation="mean")
    assert made.delegates == (BestOfN(aggregation="mean"), Beam(aggregation="min"))
    assert made.wants == {"trajectory", "step"}
    assert ComputeOptimal().wants == {"trajectory"}
    assert optimal("greedy", "revise").revises
    assert not VOTES.revises


@pytest.mark.parametrize("hard", [MCTS(simulations=4), Beam(width=2), Revise(attempts=2)])
@pytest.mark.parametrize("seed", range(4))
def test_beside_probes_a_choice_grows_the_same_tree_as_alone(hard: Any, seed: int) -> None:
    """A world in which the answer to what is asked depends on the path below the root only."""
    name = {MCTS: "mcts", Beam: "beam", Revise: "revise"}[type(hard)]
    options = {MCTS: {"simulations": 4}, Beam: {"width": 2}, Revise: {"attempts": 2}}[type(hard)]
    chooser = optimal("greedy", {"use": name, **options}, at_most=0.0)
    alone = grown(hard, [], seed, shift=0)
    beside = grown(chooser, PROBED, seed, shift=2)
    hidden = {1, 2}
    kept = [n for n in range(len(beside)) if n not in hidden]
    assert [beside.step(n) for n in kept] == [alone.step(n) for n in range(len(alone))]


def grown(strategy: Any, events: Sequence[Event], seed: int, shift: int) -> Tree:
    grown = list(events)
    while not isinstance(decision := strategy.decide(Tree(grown), Usage()), Finish):
        nodes = decision.nodes if isinstance(decision, Expand) else [(n, 1) for n in decision.nodes]
        for node, n in nodes:
            first = len(Tree(grown))
            draws = [random.Random(f"{seed}/{first - shift + i}") for i in range(n)]
            kinds: list[Any] = [
                step(f"{draw.random()}", "answer" if draw.random() < 0.4 else "thought")
                for draw in draws
            ]
            grown += under(node, *kinds)
            scores = {first + i: draw.random() for i, draw in enumerate(draws)}
            ends = {n: s for n, s in scores.items() if kinds[n - first].kind == "answer"}
            grown += [*scored(scores), *scored(ends, outcome=True)]
    return Tree(grown)


async def test_it_runs_with_a_verifier_of_steps(retriever: Retriever) -> None:
    found = await reason(
        "When was Edda Quill born?",
        policy=ReAct(temperature=1.0, search_first=False),
        strategy=optimal(
            "greedy", {"use": "beam", "width": 2, "branching": 3, "max_depth": 3}, at_most=0.05
        ),
        engine=thinker(["good", "bad", "worse"]),
        retriever=retriever,
        verifier=StepScores(),
        seed=2,
    )
    assert found.answer == "good"
    assert len(found.tree.children(ROOT)) == 2 + 6, "probes, and the beam's first wave"


async def test_without_a_verifier_it_goes_by_agreement(retriever: Retriever) -> None:
    same = Scripted(default="So the answer is: 1874.")
    found = await reason("q", policy=Cot(temperature=1.0), strategy=ComputeOptimal(), engine=same)
    assert (found.answer, len(found.tree.answers)) == ("1874", 4)
    split = Scripted(default=[f"So the answer is: {year}." for year in range(1800, 1900)])
    found = await reason("q", policy=Cot(temperature=1.0), strategy=ComputeOptimal(), engine=split)
    assert len(found.tree.answers) == 16


async def test_a_budget_ends_it_with_the_best_there_is() -> None:
    split = Scripted(default=[f"So the answer is: {year}." for year in range(1800, 1900)])
    found = await reason(
        "q",
        policy=Cot(temperature=1.0),
        strategy=ComputeOptimal(),
        engine=split,
        budget=Budget(calls=1),
    )
    assert found.forced == "budget of calls"
    assert found.answer
    assert len(found.tree.answers) == 4


@pytest.mark.parametrize(("formula", "asked"), [("puct", True), ("uct", False)])
async def test_a_choice_that_goes_by_priors_gets_them(formula: str, asked: bool) -> None:
    engine = thinker(["good", "bad", "worse"])
    found = await reason(
        "Which?",
        policy=ReAct(temperature=1.0, search_first=False),
        strategy=optimal("greedy", {"use": "mcts", "formula": formula}, at_most=0.05),
        engine=engine,
        verifier=StepScores(),
    )
    assert len(found.tree.children(ROOT)) == 2 + 4, "probes, and what the choice asks first"
    assert {request.logprobs for request in engine.requests} == {asked}


async def test_what_a_choice_needs_is_needed() -> None:
    with pytest.raises(ConfigError, match="'beam' needs a verifier that scores steps"):
        await reason("q", policy=Cot(), strategy=BEAMS, engine=Scripted())


GRAPH = """
version: 1
name: g
paradigm: baseline
nodes:
  solve:
    use: reason
    policy: {use: cot, temperature: 0.7}
    strategy:
      use: compute_optimal
      choices:
        - {at_most: 0.5, strategy: majority}
        - {at_most: 1.0, strategy: CHOICE}
  answer: {use: answer}
edges: [[START, solve], [solve, answer], [answer, END]]
"""


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("{use: majority, m: 3}", "'majority' has no parameter 'm'"),
        ("majorty", "unknown strategy 'majorty'; did you mean 'majority'"),
        ("{use: beam}", "'beam' needs a verifier that scores steps; none was given"),
    ],
)
def test_a_graph_file_s_choices_are_checked_with_file_and_line(choice: str, told: str) -> None:
    definition = parse_graph(GRAPH.replace("CHOICE", choice), "g.yaml")
    (error,) = check_graph(definition)
    assert re.match(rf"g\.yaml:\d+: .*{told}", str(error))


def test_a_graph_file_s_choices_may_be_short() -> None:
    text = GRAPH.replace("CHOICE", "{use: majority, n: 12}")
    assert check_graph(parse_graph(text, "g.yaml")) == []
