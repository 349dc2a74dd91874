"""An engine that tells whether requests are in flight together, by events and not by time."""

import asyncio
from collections.abc import Callable
from typing import Any

from ragreason.generation.scripted import Scripted
from ragreason.generation.text import prompt_text
from ragreason.types import Completion, Request


class Waiting(Scripted):
    """Answers nobody until `together` requests are there, counting those that `counts` picks and
    passing the others. Where they never are, it says so instead of waiting for ever.
    """

    def __init__(
        self, together: int, *, counts: Callable[[str], bool] = lambda _: True, **script: Any
    ) -> None:
        super().__init__(**script)
        self._missing = together
        self._counts = counts
        self._all_there = asyncio.Event()

    @property
    def met(self) -> bool:
        """Whether they were there together."""
        return self._all_there.is_set()

    async def generate(self, request: Request) -> list[Completion]:
        if not self._counts(prompt_text(request)):
            return await super().generate(request)
        self._missing -= 1
        if self._missing <= 0:
            self._all_there.set()
        async with asyncio.timeout(60):
            await self._all_there.wait()
        return await super().generate(request)
