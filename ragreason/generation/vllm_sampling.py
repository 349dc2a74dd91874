"""Requests as vLLM's sampling parameters, and its outputs as completions."""

from collections.abc import Iterable, Sequence
from typing import Any

from ragreason.errors import EngineError
from ragreason.generation.seeds import mixed
from ragreason.generation.transformers_tools import without_calls
from ragreason.types import Completion, Request, Usage


def sampling(request: Request, most: int, ends: Iterable[int], *, streamed: bool = False) -> Any:
    """At temperature 0 the samples are one. vLLM seeds sample i with `seed` + i."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    told = request.logprobs or request.top_logprobs > 0
    kept: dict[str, Any] = {"json": request.json_schema, "regex": request.regex}
    bound = {name: value for name, value in kept.items() if value is not None}
    return SamplingParams(
        n=1 if request.temperature == 0 else request.n,
        max_tokens=most,
        temperature=request.temperature,
        top_p=request.top_p,
        seed=None if request.seed is None else mixed(request.seed),
        stop=[s for s in request.stop if s] or None,
        stop_token_ids=sorted(ends),
        logprobs=request.top_logprobs if told else None,
        structured_outputs=StructuredOutputsParams(**bound) if bound else None,
        output_kind=RequestOutputKind.DELTA if streamed else RequestOutputKind.FINAL_ONLY,
    )


def scoring(*, cached: bool) -> Any:
    """For the log-probabilities of a prompt's own tokens: all of them, or with `cached` those that
    the prefix cache does not hold.
    """
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    # Where nothing is computed the values are whatever lay in memory: not to be detokenised.
    parameters = SamplingParams(
        max_tokens=1,
        temperature=0.0,
        prompt_logprobs=0,
        detokenize=False,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )
    parameters.skip_reading_prefix_cache = not cached
    return parameters


def scores_of(output: Any, ids: Sequence[int], prompt_tokens: int) -> float | None:
    """The summed log-probability of the prompt's last tokens, `ids`; None where the first of them
    was read from the cache.
    """
    if (output.num_cached_tokens or 0) >= prompt_tokens:
        return None
    places = output.prompt_logprobs[-len(ids) :]
    found = [float(place[i].logprob) for place, i in zip(places, ids, strict=True)]
    return sum(found, 0.0)


class Growing:
    """One sample, as its pieces come: `add` gives the new text."""

    def __init__(self) -> None:
        self.text = ""
        self.token_ids: list[int] = []
        self.logprobs: list[Any] = []
        self.finish_reason: str | None = None

    def add(self, output: Any) -> str:
        """Take in a CompletionOutput with what is new, or with all of it."""
        self.text += output.text
        self.token_ids += output.token_ids
        self.logprobs += output.logprobs or []
        self.finish_reason = output.finish_reason or self.finish_reason
        return str(output.text)

    def completion(self, request: Request, usage: Usage) -> Completion:
        """The whole, with `usage` for what was read. Raises EngineError for a broken one."""
        if self.finish_reason not in {"stop", "length"}:
            raise EngineError(f"vllm: the sample ended with '{self.finish_reason}'; try again")
        text, calls = without_calls(self.text, request)
        own = [float(place[i].logprob) for place, i in self._places()]
        return Completion(
            text=text,
            tool_calls=calls,
            token_ids=tuple(self.token_ids),
            finish_reason="length" if self.finish_reason == "length" else "stop",
            logprobs=tuple(own) if request.logprobs else None,
            top_logprobs=tuple(_likeliest(place, request.top_logprobs) for place in self.logprobs)
            if request.top_logprobs
            else None,
            usage=usage + Usage(completion_tokens=len(self.token_ids)),
        )

    def _places(self) -> Iterable[tuple[Any, int]]:
        return zip(self.logprobs, self.token_ids, strict=True) if self.logprobs else ()


def _likeliest(place: Any, k: int) -> tuple[tuple[str, float], ...]:
    ranked = sorted(place.values(), key=lambda told: -told.logprob)[:k]
    return tuple((told.decoded_token or "", float(told.logprob)) for told in ranked)
