"""Personalised PageRank against exact solutions."""

from typing import Any

import numpy as np
import pytest

from ragreason.errors import ConfigError
from ragreason.index.links import Weights
from ragreason.retrieval.pagerank import personalised_pagerank


def random_graph(nodes: int, share: float, seed: int) -> Any:
    from scipy.sparse import csr_array

    rng = np.random.default_rng(seed)
    dense = np.triu(rng.random((nodes, nodes)) * (rng.random((nodes, nodes)) < share), 1)
    return csr_array(dense + dense.T)


def exact(weights: Any, restart: Weights, damping: float) -> Weights:
    """The walk's fixed point by a dense solver; a node without links leads to the restart."""
    dense = weights.toarray()
    start = restart / restart.sum()
    steps = np.empty_like(dense)
    for node, strength in enumerate(dense.sum(axis=0)):
        steps[:, node] = dense[:, node] / strength if strength else start
    solution: Weights = np.linalg.solve(np.eye(len(dense)) - damping * steps, (1 - damping) * start)
    return solution


@pytest.mark.parametrize("damping", [0.0, 0.15, 0.5, 0.85])
@pytest.mark.parametrize("share", [0.02, 0.3])
def test_it_is_the_fixed_point_of_the_walk(damping: float, share: float) -> None:
    weights = random_graph(60, share, seed=1)
    assert (weights.sum(axis=0) == 0).any() == (share < 0.1), "with and without dead ends"
    restarts = np.random.default_rng(2).random((60, 3)) * [[1.0, 5.0, 0.01]]
    restarts[:40, 0] = 0
    walked = personalised_pagerank(weights, restarts, damping)
    for column in range(3):
        expected = exact(weights, restarts[:, column], damping)
        assert walked[:, column] == pytest.approx(expected, abs=1e-10)


def test_networkx_gives_the_same() -> None:
    networkx = pytest.importorskip("networkx")
    weights = random_graph(40, 0.05, seed=3)
    restart = np.zeros((40, 1))
    restart[[3, 7]] = [[2.0], [1.0]]
    ranks = networkx.pagerank(
        networkx.from_scipy_sparse_array(weights),
        alpha=0.5,
        personalization={3: 2.0, 7: 1.0},
        tol=1e-14,
        max_iter=1000,
    )
    walked = personalised_pagerank(weights, restart, 0.5)
    assert walked[:, 0] == pytest.approx([ranks[node] for node in range(40)], abs=1e-9)


def test_columns_sum_to_1_and_an_empty_restart_leads_nowhere() -> None:
    weights = random_graph(30, 0.1, seed=4)
    restarts = np.zeros((30, 2))
    restarts[5, 1] = 7.0
    walked = personalised_pagerank(weights, restarts)
    assert walked.sum(axis=0) == pytest.approx([0.0, 1.0])


def test_no_column_depends_on_the_others() -> None:
    weights = random_graph(50, 0.1, seed=5)
    restarts = np.random.default_rng(6).random((50, 4))
    together = personalised_pagerank(weights, restarts)
    alone = [personalised_pagerank(weights, restarts[:, [column]]) for column in range(4)]
    assert np.array_equal(together, np.hstack(alone))


@pytest.mark.parametrize("damping", [-0.1, 0.999_999_9, 1.0, float("nan")])
def test_damping_must_let_the_walk_end(damping: float) -> None:
    with pytest.raises(ConfigError, match=r"expected 0 to 0\.99"):
        personalised_pagerank(random_graph(3, 1.0, seed=0), np.ones((3, 1)), damping)
