import numpy as np
import pytest

from ragreason.generation.transformers_sampling import Draw, chosen, likeliest

SHARES = [0.5, 0.3, 0.15, 0.05]


def logits(rows: int = 1) -> object:
    import torch

    return torch.tensor([SHARES] * rows).log()


@pytest.mark.parametrize(
    ("point", "token"), [(0.0, 0), (0.49, 0), (0.51, 1), (0.79, 1), (0.81, 2), (0.96, 3)]
)
def test_a_point_falls_into_a_tokens_share(point: float, token: int) -> None:
    assert chosen(logits(), [Draw(1.0, 1.0, point)]) == [token]


@pytest.mark.parametrize(("point", "token"), [(0.6, 0), (0.63, 1), (0.99999999, 1)])
def test_top_p_shares_out_among_the_first_that_reach_it(point: float, token: int) -> None:
    assert chosen(logits(), [Draw(1.0, 0.7, point)]) == [token]


def test_temperature_zero_takes_the_likeliest_whatever_is_drawn() -> None:
    assert chosen(logits(2), [Draw(0.0, 1.0, 0.99), Draw(1.0, 1.0, 0.99)]) == [0, 3]


def test_a_higher_temperature_evens_the_shares_out() -> None:
    assert chosen(logits(), [Draw(100.0, 1.0, 0.3)]) == [1]


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    draws = [Draw(1.0, 1.0, 0.81), Draw(1.0, 0.7, 0.63), Draw(0.0, 0.5, 0.9), Draw(2.0, 0.9, 0.5)]
    alone = [chosen(logits(), [draw])[0] for draw in draws]
    assert chosen(logits(4), draws) == alone


def test_the_largest_point_never_leaves_the_vocabulary() -> None:
    import torch

    generator = torch.Generator().manual_seed(0)
    rows = torch.randn((200, 1000), generator=generator)
    for top_p in (1.0, 0.3):
        tokens = chosen(rows, [Draw(1.0, top_p, 1.0 - 2**-53)] * 200)
        assert all(0 <= token < 1000 for token in tokens)


def test_shares_are_met_over_many_draws() -> None:
    points = (np.arange(1000) + 0.5) / 1000
    tokens = chosen(logits(1000), [Draw(1.0, 1.0, float(point)) for point in points])
    counts = np.bincount(tokens, minlength=4) / 1000
    assert counts == pytest.approx(SHARES, abs=0.002)


def test_the_likeliest_come_best_first() -> None:
    ((first, second),) = likeliest(logits(), 2)
    assert [first[0], second[0]] == [0, 1]
    assert first[1] == pytest.approx(np.log(0.5))
    assert likeliest(logits(), 0) == [[]]
