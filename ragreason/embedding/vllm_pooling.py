"""Models that give vectors or scores, by vLLM's pooling runner."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ragreason.concurrency import all_or_none
from ragreason.embedding.vllm_engine import VLLM, Started, need_vllm, translated
from ragreason.protocols import Floats

Task = Literal["embed", "classify", "token_classify"]


class Pooling:
    """The model in `folder`, started at the first call; usable from any event loop.

    `task`: a vector a text ("embed"), the logits of a text's classes ("classify"), or of each
    token's ("token_classify"). `further` are arguments of vLLM's AsyncEngineArgs; they win.
    """

    def __init__(
        self, folder: str | Path, task: Task, further: Mapping[str, Any] | None = None
    ) -> None:
        need_vllm()
        self._task = task
        own = {"model": str(folder), "runner": "pooling", "disable_log_stats": True}
        self._started = Started({**own, **(further or {})})

    async def rows(self, texts: Sequence[Sequence[int]]) -> list[Floats]:
        """One array a text of token ids, in order: (dim,), (classes,) or (tokens, classes)."""
        running = await self._started.up()
        return await all_or_none([self._row(running, ids) for ids in texts])

    def close(self) -> None:
        """End vLLM's processes. A later call starts them again."""
        self._started.close()

    async def _row(self, running: VLLM, ids: Sequence[int]) -> Floats:
        from vllm import PoolingParams

        # Probabilities hide how sure a score was, and vectors are scaled to length 1 by us.
        parameters = PoolingParams(task=self._task, use_activation=False)
        told = {"type": "token", "prompt_token_ids": list(ids)}  # as its renderer makes them
        try:
            async with aclosing(
                running.outputs(lambda engine, i: engine.encode(told, parameters, i))
            ) as outputs:
                last = [output async for output in outputs][-1]
        except Exception as error:
            raise translated(error, running, "vLLM") from error
        found: Floats = np.asarray(last.outputs.data.float().cpu().numpy(), dtype=np.float32)
        return found
