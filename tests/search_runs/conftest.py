"""Time that costs nothing: an event loop whose clock jumps to the next timer when it is idle."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
InVirtualTime = Callable[[Coroutine[Any, Any, Any]], tuple[Any, float]]


class _JumpingSelector(selectors.DefaultSelector):
    """Where nothing is ready, time passes at once. Threads would be outrun: there must be none."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if not timeout or timeout < 0:
            return super().select(timeout)
        ready = super().select(0)
        if not ready:
            self.now_s += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time starts at 0 and moves only while everything waits for a timer."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Virtual seconds."""
        return self._jumping.now_s


def _in_virtual_time(work: Coroutine[Any, Any, T]) -> tuple[T, float]:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        result = runner.run(work)
        return result, runner.get_loop().time()


@pytest.fixture
def in_virtual_time() -> InVirtualTime:
    """Runs a coroutine; gives its result and how many virtual seconds it took."""
    return _in_virtual_time
