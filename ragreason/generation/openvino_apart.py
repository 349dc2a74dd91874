"""Scores in a pipeline that does nothing else, for tokens that the first one hides."""

from typing import Any

from ragreason.generation.openvino_messages import Options
from ragreason.generation.openvino_parts import Part, blocks_before
from ragreason.generation.openvino_pipeline import build, config_of, tensor_of
from ragreason.generation.openvino_prompt import Prompts
from ragreason.generation.openvino_scores import ScoreMemory

_CONTEXTS = 4
"""How many contexts its cache holds."""


class Apart:
    """The main pipeline tells no log-probability of a token that it had generated itself. This one
    generates nothing, and its cache holds prompts in whole blocks only, so it hides nothing but the
    rest of a prompt that ends in what was scored before: then it starts afresh. It is built when it
    is first needed.
    """

    def __init__(self, options: Options, memory: ScoreMemory) -> None:
        self._options = options
        self._memory = memory
        self._pipeline: Any = None
        self._read_last: list[int] = []

    def score(self, part: Part, scored: list[int], prompts: Prompts) -> list[float]:
        """Log-probabilities of the tokens `scored` after the part's prompt."""
        for fresh in (self._pipeline is None, True):
            if fresh:
                self._start_afresh()
            if part.work.prompt != self._read_last and blocks_before(part.work.prompt):
                self._read(Part(part.work, -1, warms=True), prompts)
                self._read_last = part.work.prompt
            tail = self._read(part, prompts)[:-1][-len(scored) :]
            self._memory.learn(part.work.prompt, scored, tail)
            known = self._memory.recall(part.work.prompt, scored)
            if known is not None or fresh:
                return known or []
        return []

    def _start_afresh(self) -> None:
        self._pipeline, self._read_last = None, []  # freed before the new one takes as much
        tokens = _CONTEXTS * self._options.context
        self._pipeline = build(self._options, prefix_cache=True, tokens=tokens)

    def _read(self, part: Part, prompts: Prompts) -> list[float]:
        config = config_of(part, prompts)
        handle = self._pipeline.add_request(0, tensor_of(part.ids), config)
        logprobs: list[float] = []
        while self._pipeline.has_non_finished_requests():
            self._pipeline.step()
            while handle.can_read():
                for output in handle.read().values():
                    logprobs += output.generated_log_probs
        return logprobs
