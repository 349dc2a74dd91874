"""The next token of each row: by temperature, top-p, and a number drawn for the row alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Draw:
    """How one row's token is chosen. `point`, in [0, 1), is what was drawn for it."""

    temperature: float
    top_p: float
    point: float


def chosen(logits: Any, draws: Sequence[Draw]) -> list[int]:
    """One token id a row of `logits` (rows, vocabulary), float32.

    At temperature 0 the likeliest. Else the tokens share the unit interval by their probabilities,
    and the point lies in one's share. With `top_p` below 1 only those share it that make up the
    first `top_p` of the probability, likeliest first. A row's token doesn't depend on its
    neighbours.
    """
    ids = [int(i) for i in logits.argmax(dim=-1)]
    warm = [i for i, draw in enumerate(draws) if draw.temperature > 0]
    for cut in (False, True):
        rows = [i for i in warm if (draws[i].top_p < 1) == cut]
        if rows:
            found = _drawn(logits[rows], [draws[i] for i in rows], cut=cut)
            for row, token in zip(rows, found, strict=True):
                ids[row] = token
    return ids


def _drawn(logits: Any, draws: Sequence[Draw], *, cut: bool) -> list[int]:
    import torch

    def column(values: Sequence[float]) -> Any:
        return logits.new_tensor(values)[:, None]  # (rows, 1)

    shares = (logits / column([d.temperature for d in draws])).softmax(dim=-1)
    order = None
    if cut:
        shares, order = shares.sort(dim=-1, descending=True)
        before = shares.cumsum(dim=-1) - shares
        shares = shares.masked_fill(before >= column([d.top_p for d in draws]), 0.0)
    reached = shares.cumsum(dim=-1)  # (rows, vocabulary)
    points = column([d.point for d in draws]) * reached[:, -1:]
    places = torch.searchsorted(reached, points, right=True)  # (rows, 1)
    last = (reached < reached[:, -1:]).sum(dim=-1, keepdim=True)  # where rounding would go beyond
    places = torch.minimum(places, last)
    tokens = places if order is None else order.gather(-1, places)
    return [int(i) for i in tokens[:, 0]]


def likeliest(logprobs: Any, k: int) -> list[list[tuple[int, float]]]:
    """The `k` likeliest tokens of each row of `logprobs` (rows, vocabulary), best first."""
    values, ids = logprobs.topk(min(k, logprobs.shape[-1]), dim=-1)
    return [
        [(int(i), float(v)) for i, v in zip(row_ids, row, strict=True)]
        for row_ids, row in zip(ids, values, strict=True)
    ]
