"""Which siblings say the same, and what the policy thought of them."""

from math import log

import pytest

from ragreason.search.siblings import families, priors
from ragreason.tree import Tree
from ragreason.types import Step
from tests.search.drawn import step, under


def grouped(*proposals: Step | None) -> tuple[tuple[int, ...], ...]:
    tree = Tree(under(0, *proposals))
    return families(tree, tree.children(0))


def test_the_same_text_up_to_case_and_white_space_is_one_candidate() -> None:
    assert grouped(step("Look it  up."), step("b"), step("look it up")) == ((1, 3), (2,))


def test_a_failed_sibling_is_no_candidate() -> None:
    assert grouped(step("a"), None, step("b")) == ((1,), (3,))


def test_searches_are_told_apart_by_their_query_and_answers_by_their_answer() -> None:
    searches = [
        step("why", "search", query="Edda Quill?"),
        step("so", "search", query="edda quill"),
    ]
    answers = [step("hm", "answer", answer="The Morn"), step("so", "answer", answer="morn!")]
    assert grouped(*searches, *answers) == ((1, 2), (3, 4))


def test_empty_answers_are_told_apart_by_their_text() -> None:
    assert grouped(step("a", "answer", answer=""), step("b", "answer", answer="")) == ((1,), (2,))


def test_steps_of_other_kinds_and_cut_ones_are_not_the_same() -> None:
    kinds = (
        step("x"),
        step("x", "search"),
        step("x", "answer"),
        step("x", "answer", truncated=True),
    )
    assert grouped(*kinds) == ((1,), (2,), (3,), (4,))


def test_signs_tell_thoughts_and_answers_apart() -> None:
    assert len(grouped(step("x = -5"), step("x = 5"))) == 2
    assert len(grouped(step("-5", "answer"), step("5", "answer"))) == 2


def prior(*proposals: Step | None) -> dict[int, float]:
    tree = Tree(under(0, *proposals))
    return priors(tree, families(tree, tree.children(0)))


def test_priors_are_the_softmax_of_mean_logprobs_and_identical_siblings_pool_theirs() -> None:
    found = prior(
        step("a", logprob=log(0.6)), step("b", logprob=log(0.3)), step("b", logprob=log(0.1))
    )
    assert found == pytest.approx({1: 0.6, 2: 0.4}, abs=1e-12)


def test_priors_go_by_the_mean_of_the_tokens_and_not_by_the_length() -> None:
    short = step("a", logprob=None).model_copy(update={"logprob": -1.0, "token_ids": (1,)})
    long = step("b").model_copy(update={"logprob": -4.0, "token_ids": (1, 2, 3, 4)})
    assert prior(short, long) == pytest.approx({1: 0.5, 2: 0.5}, abs=1e-12)


def test_priors_are_uniform_over_samples_where_the_engine_gives_no_logprobs() -> None:
    assert prior(step("a"), step("b"), step("b"), None, step("c", logprob=-1.0)) == {
        1: 0.25,
        2: 0.5,
        5: 0.25,
    }
    assert prior(None) == {}


def test_very_unlikely_steps_have_priors_all_the_same() -> None:
    unlikely = prior(step("a", logprob=-5000.0), step("b", logprob=-5000.0))
    assert unlikely == pytest.approx({1: 0.5, 2: 0.5}, abs=1e-12)
