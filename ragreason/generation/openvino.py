"""The embedded engine: OpenVINO GenAI's continuous batching on CPU, in a process of its own."""

import asyncio
import contextlib
import hashlib
import itertools
import threading
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ragreason import models
from ragreason.errors import (
    CapabilityError,
    ConfigError,
    ContextOverflowError,
    EngineDiedError,
    EngineError,
    EngineTimeoutError,
    install_extra,
)
from ragreason.generation import constraints
from ragreason.generation.openvino_messages import (
    Cancel,
    Delta,
    Done,
    Failed,
    Job,
    Options,
    Reply,
    Sample,
)
from ragreason.generation.text import check_text, cut_at_stop, prompt_text
from ragreason.generation.worker_process import WorkerProcess, deliver
from ragreason.protocols import Capability, Chunk
from ragreason.types import Completion, Request, Usage

_WORKER = "ragreason.generation.openvino_worker"


class OpenVINOEngine:
    """A GGUF file or an OpenVINO folder, run by a worker process that starts at the first request.

    All requests share one running batch and a prefix cache, from any event loop. Prompts are the
    chat template's rendering of the messages and nothing else: where a template would add a system
    message of its own (Qwen's and SmolLM2's do), an empty one takes its place. Special tokens in
    contents are read as plain characters. `max_tokens` is lowered to what the context has left.

    `context` is capped by `cache_tokens`, the size of the KV cache, which is allocated whole at the
    first request (0.4 GB for a 0.5B Qwen model and 65,536 tokens). A fixed batch repeats exactly
    for fixed seeds; other requests beside it change floating-point sums. At temperature 0 the `n`
    samples are one sample, generated once. `timeout_s` counts from the request on, queue included.
    OpenVINO does not report cached prompt tokens: they are worked out from the blocks that were
    read and written before, and marked as inferred. With `count_cached` it has to say for how many
    prompt tokens it worked out probabilities, which are those that it did not find in its cache:
    exact, and slower to read; constrained requests stay inferred. It gives the most likely tokens
    for greedy requests of one token only, where beams tell them. `score` of tokens that the prefix
    cache holds but that were never scored loads a second pipeline, once.
    """

    capabilities: frozenset[Capability] = frozenset(
        {
            "prefill",
            "seed",
            "json_schema",
            "regex",
            "logprobs",
            "first_tokens",
            "score",
            "stream",
            "token_ids",
            "cached",
        }
    )
    counts_prefixes = True
    """It tells reusable prompt tokens by itself, by token ids."""

    def __init__(
        self,
        model: str | Path,
        *,
        label: str = "",
        device: str = "CPU",
        context: int | None = None,
        cache_tokens: int = 65_536,
        batch_tokens: int = 256,
        timeout_s: float = 600.0,
        count_cached: bool = False,
    ) -> None:
        """Raises ConfigError if OpenVINO GenAI is not installed or `model` is no model."""
        if find_spec("openvino_genai") is None:
            raise ConfigError(f"the openvino engine needs: {install_extra('cpu')}")
        path = models.path(str(model))
        own = min(models.context_length(path), cache_tokens)
        self.context = own if context is None else min(context, own)
        named = model if model in models.known() else _fingerprint(path)
        self.name = f"openvino:{label or named}"
        self.identity = f"{version('openvino-genai')} {device} {_weights(path)}"
        self.kv_tokens = cache_tokens
        self._options = Options(
            str(path), device, self.context, cache_tokens, batch_tokens, count_cached
        )
        if not models.thinks(path):
            self.capabilities = self.capabilities - {"think_tags"}
        self._timeout_s = timeout_s
        self._ids = itertools.count(1)
        self._connection: _Connection | None = None
        self._finalizer: weakref.finalize[Any, Any] | None = None
        self._starting = threading.Lock()

    async def generate(self, request: Request) -> list[Completion]:
        """`request.n` completions, in order. Raises ConfigError for a constraint it can't take."""
        _check_likeliest(request)
        job = self._job("generate", request)
        return self._completions(request, await self._last(job))

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """Chunks as they are generated; the last one carries the completion."""
        if request.n != 1:
            raise ConfigError(f"a stream has one sample, the request asks for n={request.n}")
        _check_likeliest(request, streamed=True)
        job = self._job("stream", request)
        async with contextlib.aclosing(self._replies(job)) as replies:
            sent = 0
            async for reply in replies:
                if isinstance(reply, Delta):
                    sent += len(reply.text)
                    yield Chunk(reply.text)
                elif isinstance(reply, Done):
                    (completion,) = self._completions(request, reply)
                    yield Chunk(completion.text[sent:], completion)

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """Sums of natural-log probabilities; a continuation is tokenised on its own."""
        if not continuations:
            return []
        job = self._job("score", request, tuple(continuations))
        return list((await self._last(job)).scores)

    async def count_tokens(self, request: Request) -> int:
        """Tokens of the rendered prompt and prefill."""
        return (await self._last(self._job("count", request))).prompt_tokens

    def start(self) -> None:
        """Load the model now, beside other work, instead of at the first request."""
        self._connect()

    async def aclose(self) -> None:
        """End the worker process. A later request starts it again."""
        with self._starting:
            connection = self._release() if self._connection else None
        if connection is not None:
            await asyncio.to_thread(connection.stop)

    def _completions(self, request: Request, done: Done) -> list[Completion]:
        read = _read(done, counted=self._options.count_cached and _is_counted(request))
        if request.top_logprobs:
            return [_likeliest(request, done, read)]
        first, *others = [_completion(request, sample) for sample in done.samples]
        first = first.model_copy(update={"usage": first.usage + read})
        free = first.model_copy(update={"usage": Usage()})
        return [first, *others] + [free] * (request.n - 1 - len(others))

    def _job(self, kind: Any, request: Request, continuations: tuple[str, ...] = ()) -> Job:
        constraints.check(request)
        if request.tools:
            raise CapabilityError(f"{self.name} calls no tools; use constrained JSON (json_schema)")
        check_text(prompt_text(request), *request.stop, *continuations)
        return Job(
            id=next(self._ids),
            kind=kind,
            chat=tuple((m.role, m.content) for m in request.messages),
            prefill=request.prefill,
            n=request.n,
            max_tokens=request.max_tokens,
            temperature=request.temperature,
            top_p=request.top_p,
            stop=() if request.top_logprobs else request.stop,
            seed=request.seed,
            json_schema=request.json_schema,
            regex=request.regex,
            logprobs=request.logprobs,
            likeliest=request.top_logprobs,
            continuations=continuations,
        )

    async def _last(self, job: Job) -> Done:
        async with contextlib.aclosing(self._replies(job)) as replies:
            async for reply in replies:
                if isinstance(reply, Done):
                    return reply
        raise AssertionError("unreachable: replies end with Done or an error")

    async def _replies(self, job: Job) -> AsyncGenerator[Delta | Done, None]:
        """The worker's replies to a job, up to and including Done. Leaving early cancels it."""
        connection = self._connection
        if connection is None or connection.dead:  # to start a process holds up an event loop
            connection = await asyncio.to_thread(self._connect)
        queue = connection.submit(job)
        finished = False
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        try:
            while not finished:
                async with asyncio.timeout_at(deadline):  # not around the yield
                    reply = await queue.get()
                finished = not isinstance(reply, Delta)
                if isinstance(reply, Failed):
                    raise self._error(job, reply)
                yield reply
        except TimeoutError as error:
            raise EngineTimeoutError(
                f"{self.name}: no answer within {self._timeout_s:g} s; "
                "lower max_tokens or concurrency, or raise request_timeout_s"
            ) from error
        finally:
            connection.forget(job.id, cancel=not finished)

    def _connect(self) -> "_Connection":
        with self._starting:
            if self._connection is not None and self._connection.dead:
                self._release().stop()
            if self._connection is None:
                self._connection = _Connection(self._options)
                self._finalizer = weakref.finalize(self, self._connection.stop)
            return self._connection

    def _release(self) -> "_Connection":
        """Forget the connection. Called with `_starting` held."""
        assert self._connection is not None
        assert self._finalizer is not None
        self._finalizer.detach()
        connection, self._connection = self._connection, None
        return connection

    def _error(self, job: Job, failed: Failed) -> Exception:
        if failed.trouble == "overflow":
            return ContextOverflowError(failed.prompt_tokens, self.context)
        if failed.trouble == "constraint":
            kind, text = job.constraint or ("constraint", "")
            return ConfigError(f"{kind} {text!r} is refused by the engine: {failed.reason}")
        if failed.trouble == "broken":
            return ConfigError(f"{self._options.path} can't be run by OpenVINO: {failed.reason}")
        if failed.trouble == "died":
            return EngineDiedError(f"{self.name}: the engine died: {failed.reason}; try again")
        return EngineError(f"{self.name}: {failed.reason}")


class _Connection:
    """One life of the worker process, and the requests under way in it."""

    def __init__(self, options: Options) -> None:
        self.dead = False
        self._lock = threading.Lock()
        self._waiting: dict[int, tuple[asyncio.AbstractEventLoop, asyncio.Queue[Any]]] = {}
        self._worker = WorkerProcess(_WORKER, self._hear)
        self._worker.send(options)
        self._worker.start()

    def submit(self, job: Job) -> "asyncio.Queue[Any]":
        """Send a job; its replies come out of the queue."""
        queue: asyncio.Queue[Any] = asyncio.Queue()
        with self._lock:
            if self.dead:
                queue.put_nowait(Failed(job.id, "died", "it ended while the request was sent"))
                return queue
            self._waiting[job.id] = (asyncio.get_running_loop(), queue)
        self._worker.send(job)
        return queue

    def forget(self, job_id: int, *, cancel: bool) -> None:
        """No more replies are wanted."""
        with self._lock:
            known = self._waiting.pop(job_id, None) is not None
        if cancel and known:
            self._worker.send(Cancel(job_id))

    def stop(self) -> None:
        """End the process; those still waiting get an error."""
        self._worker.stop()

    def _hear(self, reply: Reply | None) -> None:
        with self._lock:
            if reply is None or reply.id is None:
                lost = reply or Failed(None, "died", self._worker.log_tail() or "its process ended")
                waiting, self._waiting, self.dead = dict(self._waiting), {}, True
                reply = lost
            else:
                found = self._waiting.get(reply.id)
                waiting = {reply.id: found} if found else {}
        for loop, queue in waiting.values():
            deliver(loop, queue, reply)


def _check_likeliest(request: Request, *, streamed: bool = False) -> None:
    """Raise CapabilityError for a request that asks for more likely tokens than beams can tell."""
    single = request.max_tokens == request.n == 1 and request.temperature == 0 and not streamed
    constrained = request.json_schema is not None or request.regex is not None
    if request.top_logprobs and (constrained or not single):
        raise CapabilityError(
            "the openvino engine gives top_logprobs for one free greedy token only (n=1, "
            "max_tokens=1, temperature=0, not streamed); engines that give more: openai, scripted"
        )


def _likeliest(request: Request, done: Done, read: Usage) -> Completion:
    """The most likely token as the completion, with the others beside it."""
    completion = _completion(request, done.samples[0])
    places = (tuple((sample.text, sum(sample.logprobs)) for sample in done.samples),)
    usage = completion.usage + read
    text = cut_at_stop(completion.text, request.stop)
    return completion.model_copy(update={"text": text, "usage": usage, "top_logprobs": places})


def _read(done: Done, *, counted: bool) -> Usage:
    return Usage(
        prompt_tokens=done.prompt_tokens,
        cached_tokens=done.cached_tokens,
        reusable_tokens=done.reusable_tokens,
        inferred_tokens=0 if counted else done.cached_tokens,
        calls=1,
    )


def _is_counted(request: Request) -> bool:
    """Whether the pipeline can say what it read for this request, as `openvino_batch.counts`."""
    return request.json_schema is None and request.regex is None and not request.top_logprobs


def _completion(request: Request, sample: Sample) -> Completion:
    return Completion(
        text=sample.text,
        token_ids=sample.token_ids,
        finish_reason=sample.finish_reason,
        logprobs=sample.logprobs if request.logprobs else None,
        usage=Usage(completion_tokens=len(sample.token_ids)),
    )


def _weights(path: Path) -> str:
    """What changes whenever the weights do: the files' sizes and when they were written."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    stats = [(str(file), file.stat()) for file in files]
    told = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _fingerprint(path: Path) -> str:
    """A model's name and a hash of its size and beginning, which holds its metadata."""
    file = path if path.is_file() else path / "openvino_model.xml"
    with file.open("rb") as opened:
        digest = hashlib.sha256(str(file.stat().st_size).encode() + opened.read(1 << 20))
    return f"{path.stem}@{digest.hexdigest()[:8]}"
