"""Any Hugging Face model in this process, through transformers: the one whose weights change."""

import asyncio
import threading
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ragreason import models
from ragreason.embedding.device import resolved
from ragreason.errors import (
    CapabilityError,
    ConfigError,
    ContextOverflowError,
    EngineTimeoutError,
    RagreasonError,
    install_extra,
)
from ragreason.generation import constraints, transformers_grammar
from ragreason.generation.text import check_text, prompt_text
from ragreason.generation.transformers_batch import Batch
from ragreason.generation.transformers_model import Loaded, in_memory, load
from ragreason.generation.transformers_rows import Job, Row
from ragreason.generation.transformers_source import find, libraries, written
from ragreason.generation.transformers_worker import Worker
from ragreason.generation.worker_process import deliver
from ragreason.models.inspect import chat_template
from ragreason.protocols import Capability, Chunk
from ragreason.types import Completion, Request, Usage


class TransformersEngine:
    """A causal language model in this process: a folder, a GGUF file, a catalogue name, a
    repository on the hub (`OWNER/NAME`), or a model in memory with its tokenizer.

    A thread of its own runs the model; requests that wait join the running batch, of at most `rows`
    sequences, and leave it when they are finished. Nothing is kept between requests: every prompt
    is read anew, once for all its samples or continuations. What a sample says depends on its seed
    and number, up to the rounding of sums in batches of other shapes. Prompts are those of the
    openvino engine. JSON schemas and regular expressions need the package xgrammar. `device` None
    takes a GPU where there is one; `dtype` None takes bfloat16 there, and float32 on a CPU.

    `model` and `tokenizer` are there to be changed, between requests: after a change of the weights
    call `renamed`, or caches answer with what the old ones said. A model in memory is switched to
    evaluation before it generates.
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
            "think_tags",
        }
    )
    """What there is at best; an engine's own are in the instance."""

    def __init__(
        self,
        model: Any,
        *,
        tokenizer: Any = None,
        label: str = "",
        device: str | None = None,
        dtype: str | None = None,
        context: int | None = None,
        rows: int = 16,
        timeout_s: float = 600.0,
    ) -> None:
        """Raises ConfigError where `model` is no model, or a package is missing."""
        self._loaded: Loaded | None = None
        self._changed = False
        self._kept = not isinstance(model, str | Path)
        if self._kept:
            if tokenizer is None or not label:
                raise ConfigError("a model in memory needs its tokenizer and a label for its name")
            self._loaded = in_memory(model, tokenizer)
            own, template = self._loaded.context, str(tokenizer.chat_template)
        else:
            self._source = find(str(model))
            if self._source.gguf and find_spec("accelerate") is None:
                raise ConfigError(
                    "the transformers engine reads GGUF files with accelerate: "
                    + install_extra("transformers")
                )
            label = label or self._source.name
            self._options = (device, dtype)
            if self._source.local:
                own = models.context_length(self._source.path)
                template = chat_template(self._source.path)
            else:  # a hub's model is loaded at once: only its files say what it can do
                self._loaded = load(self._source, device, dtype)
                own, template = self._loaded.context, str(self._loaded.tokenizer.chat_template)
        self.name = f"transformers:{label}"
        self.context = own if context is None else min(context, own)
        self.capabilities = _capabilities(template)
        self._rows = rows
        self._timeout_s = timeout_s
        self._loading = threading.Lock()
        self._worker: Worker | None = None
        self._finalizer: weakref.finalize[Any, Any] | None = None

    @property
    def model(self) -> Any:
        """The torch module. Loads it where it is not loaded yet."""
        return self._ready().model

    @property
    def tokenizer(self) -> Any:
        """Its tokenizer."""
        return self._ready().tokenizer

    @property
    def identity(self) -> str:
        """What else determines its replies: weights and settings. Empty for a model in memory,
        and once the weights were changed: then nothing tells what they are.
        """
        if self._kept or self._changed or not self._source.local:
            return ""
        device, dtype = self._options
        runs_on = device or resolved("auto")
        versions = libraries("transformers", "torch")
        return f"{versions} {written(self._source.path)} {runs_on} {dtype or 'auto'}"

    def renamed(self, label: str) -> None:
        """Say that the weights were changed: the engine's name is `transformers:LABEL` from now."""
        self.name = f"transformers:{label}"
        self._changed = True

    async def generate(self, request: Request) -> list[Completion]:
        """`request.n` completions, in order. Raises ConfigError for a constraint it can't take."""
        self._check(request)
        loaded = await self._running()
        prompt = self._prompt(loaded, request)
        async with aclosing(self._replies(request, prompt)) as replies:
            rows = await anext(replies)
        found = [_completion(loaded, row, len(prompt)) for row in rows]
        free = found[0].model_copy(update={"usage": Usage()})
        return found + [free] * (request.n - len(found))

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """Chunks as they are generated; the last one carries the completion."""
        if request.n != 1:
            raise ConfigError(f"a stream has one sample, the request asks for n={request.n}")
        self._check(request)
        loaded = await self._running()
        prompt = self._prompt(loaded, request)
        async with aclosing(self._replies(request, prompt, streamed=True)) as replies:
            async for reply in replies:
                if isinstance(reply, str):
                    yield Chunk(reply)
                else:
                    yield Chunk("", _completion(loaded, reply[0], len(prompt)))

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """Sums of natural-log probabilities; a continuation is tokenised on its own."""
        self._check(request, *continuations)
        loaded = await self._running()
        prompt = self._prompt(loaded, request)
        ids = [loaded.prompts.encode_text(text) for text in continuations]
        longest = len(prompt) + max(map(len, ids), default=0)
        if longest >= self.context:
            raise ContextOverflowError(longest, self.context)
        async with aclosing(self._replies(request, prompt, scored=ids)) as replies:
            scores: list[float] = await anext(replies)
        return scores

    async def count_tokens(self, request: Request) -> int:
        """Tokens of the rendered prompt and prefill."""
        self._check(request)
        return len((await self._running()).prompts.encode(request))

    async def aclose(self) -> None:
        """End the thread, and free a model that was loaded here. A later request starts again."""
        with self._loading:
            worker, self._worker = self._worker, None
            if self._finalizer is not None:
                self._finalizer.detach()
            if not self._kept:
                self._loaded = None
        if worker is not None:
            await asyncio.to_thread(worker.stop)

    def _check(self, request: Request, *texts: str) -> None:
        constraints.check(request)
        check_text(prompt_text(request), *request.stop, *texts)
        if request.tools:
            raise CapabilityError(f"{self.name} calls no tools; use constrained JSON (json_schema)")
        wanted = request.json_schema is not None or request.regex is not None
        if wanted and "regex" not in self.capabilities:
            raise CapabilityError(
                f"{self.name}: the transformers engine keeps to a JSON schema or a regex with the "
                "package xgrammar: pip install xgrammar; engines that need no other: openvino, vllm"
            )

    def _prompt(self, loaded: Loaded, request: Request) -> list[int]:
        prompt = loaded.prompts.encode(request)
        if len(prompt) >= self.context:
            raise ContextOverflowError(len(prompt), self.context)
        return prompt

    async def _running(self) -> Loaded:
        """The model, loaded, and its thread, started."""
        if self._loaded is not None and self._worker is not None:
            return self._loaded
        return await asyncio.to_thread(self._start)

    def _ready(self) -> Loaded:
        with self._loading:
            return self._load()

    def _load(self) -> Loaded:
        """With the lock held."""
        if self._loaded is None:
            self._loaded = load(self._source, *self._options)
        return self._loaded

    def _start(self) -> Loaded:
        with self._loading:
            loaded = self._load()
            if self._worker is None:
                loaded.model.eval()
                batch = Batch(loaded.model, loaded.prompts, self._rows, loaded.grammars)
                self._worker = Worker(batch)
                self._finalizer = weakref.finalize(self, self._worker.stop)
            return loaded

    async def _replies(
        self,
        request: Request,
        prompt: list[int],
        *,
        streamed: bool = False,
        scored: list[list[int]] | None = None,
    ) -> AsyncGenerator[Any, None]:
        """Texts of a stream, and last the rows or scores. Leaving early cancels the job."""
        loop, queue = asyncio.get_running_loop(), asyncio.Queue[Any]()
        most = min(request.max_tokens, self.context - len(prompt))
        job = Job(request, prompt, most, lambda r: deliver(loop, queue, r), streamed, scored)
        worker = self._worker
        assert worker is not None
        worker.submit(job)
        deadline = loop.time() + self._timeout_s
        try:
            last = False
            while not last:
                async with asyncio.timeout_at(deadline):  # not around the yield
                    reply = await queue.get()
                if isinstance(reply, RagreasonError):
                    raise reply
                last = not isinstance(reply, str)
                yield reply
        except TimeoutError as error:
            raise EngineTimeoutError(
                f"{self.name}: no answer within {self._timeout_s:g} s; "
                "lower max_tokens or concurrency, or raise request_timeout_s"
            ) from error
        finally:
            job.cancelled.set()


def _capabilities(template: str) -> frozenset[Capability]:
    lacking: set[Capability] = set()
    if "<think>" not in template and "</think>" not in template:
        lacking.add("think_tags")
    if not transformers_grammar.installed():
        lacking |= {"json_schema", "regex"}
    return TransformersEngine.capabilities - lacking


def _completion(loaded: Loaded, row: Row, prompt_tokens: int) -> Completion:
    request, first = row.job.request, row.number == 0
    likeliest = [
        tuple((loaded.prompts.decode([token]), value) for token, value in place)
        for place in row.likeliest
    ]
    return Completion(
        text=row.text.text,
        token_ids=tuple(row.ids),
        finish_reason="stop" if row.stopped else "length",
        logprobs=tuple(row.logprobs) if request.logprobs else None,
        top_logprobs=tuple(likeliest) if request.top_logprobs else None,
        usage=Usage(
            prompt_tokens=prompt_tokens if first else 0,
            completion_tokens=len(row.ids),
            calls=int(first),
        ),
    )
