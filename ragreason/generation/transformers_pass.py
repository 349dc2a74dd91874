"""Forward passes of a causal language model over rows of unlike length, with their caches."""

import inspect
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from ragreason.errors import EngineError

_SCORED_TOKENS = 512
"""How many tokens are scored in one pass: their logits over the whole vocabulary are held."""


@dataclass
class Pass:
    """The state of running rows. `cache`: keys and values; `mask`: (rows, tokens), 1 where a token
    is, 0 where there is padding; `logits`: (rows, vocabulary) of the next token, float32.
    """

    cache: Any
    mask: Any
    logits: Any

    @property
    def joinable(self) -> bool:
        """Whether other rows can join: layers that keep all tokens can be padded."""
        from transformers.cache_utils import DynamicLayer

        return all(type(layer) is DynamicLayer for layer in self.cache.layers)

    def select(self, rows: Sequence[int]) -> None:
        """Keep these rows, in this order; one may be taken several times."""
        import torch

        places = torch.tensor(rows, device=self.mask.device)
        self.cache.batch_select_indices(places)
        self.mask, self.logits = self.mask[places], self.logits[places]
        self._trim()

    def _trim(self) -> None:
        """Let go of the columns on the left that are padding in all rows: those of rows that left.

        Without it a batch that never drains, as rows leave and join, would grow for ever.
        """
        unused = int((self.mask.cumsum(dim=1) > 0).any(dim=0).logical_not().sum())
        if unused == 0 or not self.joinable:
            return
        self.mask = self.mask[:, unused:].clone()
        for layer in self.cache.layers:  # keys and values: (rows, heads, tokens, width)
            layer.keys = layer.keys[:, :, unused:].clone()
            layer.values = layer.values[:, :, unused:].clone()

    def advance(self, model: Any, tokens: Sequence[int]) -> None:
        """Read one more token a row."""
        import torch

        ids = torch.tensor(tokens, device=self.mask.device)[:, None]  # (rows, 1)
        self.mask = torch.cat([self.mask, torch.ones_like(ids)], dim=1)
        self.logits = _forward(model, ids, self.mask, self.cache)[:, -1].float()


def read(model: Any, prompts: Sequence[Sequence[int]]) -> Pass:
    """Read prompts, one a row, padded on the left."""
    import torch
    from transformers import DynamicCache

    longest = max(map(len, prompts))
    ids = torch.zeros((len(prompts), longest), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.tensor(prompt)
        mask[row, longest - len(prompt) :] = 1
    ids, mask = ids.to(model.device), mask.to(model.device)
    cache = DynamicCache(config=model.config)
    logits = _forward(model, ids, mask, cache, last=1)[:, -1].float()
    if not all(hasattr(layer, "batch_select_indices") for layer in cache.layers):
        raise EngineError(
            f"{type(model).__name__} keeps a state that can't be split by rows; run it with vllm"
        )
    return Pass(cache, mask, logits)


def joined(one: Pass, other: Pass) -> Pass:
    """The rows of both; the shorter cache is padded on the left."""
    import torch
    from torch.nn.functional import pad

    longest = max(one.mask.shape[1], other.mask.shape[1])
    lacks = [longest - p.mask.shape[1] for p in (one, other)]
    for mine, theirs in zip(one.cache.layers, other.cache.layers, strict=True):
        for part in ("keys", "values"):  # (rows, heads, tokens, width)
            both = [getattr(layer, part) for layer in (mine, theirs)]
            padded = [pad(t, (0, 0, lack, 0)) for t, lack in zip(both, lacks, strict=True)]
            setattr(mine, part, torch.cat(padded))
    masks = [pad(p.mask, (lack, 0)) for p, lack in zip((one, other), lacks, strict=True)]
    return Pass(one.cache, torch.cat(masks), torch.cat([one.logits, other.logits]))


def scored(
    model: Any, prompt: Sequence[int], continuations: Sequence[Sequence[int]], rows: int
) -> list[float]:
    """Log-likelihood of each continuation after the prompt, in nats. The prompt is read once; at
    most `rows` continuations go through the model together.
    """
    totals = [0.0] * len(continuations)
    order = [i for i, ids in enumerate(continuations) if ids]
    order.sort(key=lambda i: -len(continuations[i]))  # the longest first: little padding
    prefix = read(model, [prompt]) if order else None
    while order:
        size = max(1, min(rows, _SCORED_TOKENS // len(continuations[order[0]])))
        group, order = order[:size], order[size:]
        begun = deepcopy(prefix)
        assert begun is not None
        begun.select([0] * len(group))
        found = _totals(model, begun, [continuations[i] for i in group])
        for place, total in zip(group, found, strict=True):
            totals[place] = total
    return totals


def _totals(model: Any, begun: Pass, continuations: Sequence[Sequence[int]]) -> list[float]:
    import torch

    longest = max(map(len, continuations))
    ids = torch.zeros((len(continuations), longest), dtype=torch.long)  # padded on the right
    told = torch.zeros_like(ids)
    for row, continuation in enumerate(continuations):
        ids[row, : len(continuation)] = torch.tensor(continuation)
        told[row, : len(continuation)] = 1
    ids, told = ids.to(begun.mask.device), told.to(begun.mask.device)
    places = [begun.logits[:, None]]
    if longest > 1:
        mask = torch.cat([begun.mask, told[:, :-1]], dim=1)
        places.append(_forward(model, ids[:, :-1], mask, begun.cache).float())
    logprobs = torch.cat(places, dim=1).log_softmax(dim=-1)  # (rows, tokens, vocabulary)
    own = logprobs.gather(-1, ids[..., None])[..., 0] * told
    return [float(total) for total in own.sum(dim=1)]


def _forward(model: Any, ids: Any, mask: Any, cache: Any, last: int = 0) -> Any:
    """Logits (rows, tokens, vocabulary) of the new tokens `ids`, or of the `last` of them.
    Positions count tokens, not padding.
    """
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -ids.shape[1] :]
    wanted: dict[str, Any] = {"position_ids": positions, "logits_to_keep": last}
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model  # of an adapter
    taken = inspect.signature(inner.forward).parameters
    options = {name: value for name, value in wanted.items() if name in taken}
    options["cache" if "cache" in taken else "past_key_values"] = cache  # renamed in 5.24
    return model(input_ids=ids, attention_mask=mask, use_cache=True, **options).logits
