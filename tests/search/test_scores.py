"""Verdicts as one number a node."""

import pytest

from ragreason.errors import VerifierError
from ragreason.search.scores import aggregate, outcome_score, process_score
from ragreason.tree import Added, Judged, Tree
from ragreason.types import Step, Verdict

THOUGHT = Step(kind="thought", text="t")


def chain(*scores: float | None) -> Tree:
    added = [Added(parent=i, step=THOUGHT) for i in range(len(scores))]
    judged = [
        Judged(node=i, verdict=Verdict(score=s)) for i, s in enumerate(scores, 1) if s is not None
    ]
    return Tree([*added, *judged])


def test_each_aggregation_is_what_its_name_says() -> None:
    scores = (0.5, 0.8)
    assert [aggregate(scores, how) for how in ("last", "min", "product", "mean")] == [
        0.8,
        0.5,
        0.4,
        0.65,
    ]


def test_no_scores_have_no_aggregate() -> None:
    with pytest.raises(VerifierError, match="no step scores"):
        aggregate((), "mean")


def test_a_path_is_scored_by_its_steps() -> None:
    assert process_score(chain(0.5, 0.8), 2, "product") == 0.4
    assert process_score(chain(0.5, None), 2, "product") is None
    assert process_score(Tree(), 0, "mean") is None


def test_a_step_without_a_score_below_one_that_has_one_is_an_error_and_never_nothing() -> None:
    with pytest.raises(VerifierError, match=r"3 steps lead to node 3, 2 of them have scores.*2"):
        process_score(chain(0.5, None, 0.9), 3, "mean")


def test_an_outcome_goes_before_the_steps() -> None:
    tree = chain(0.5, 0.8)
    assert outcome_score(tree, 2, "min") == 0.5
    judged = Judged(node=2, verdict=Verdict(score=0.1), outcome=True)
    assert outcome_score(Tree([*tree.events, judged]), 2, "min") == 0.1
