"""Several calls at once."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

_T = TypeVar("_T")


async def together(calls: Sequence[Coroutine[Any, Any, _T]]) -> list[_T]:
    """All results, in order; where one call fails, the others are stopped before its error is
    raised.
    """
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
