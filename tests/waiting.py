"""An engine that tells whether requests are in flight together, by events and not by time."""

import asyncio
from typing import Any

from ragreason.generation.scripted import Scripted
from ragreason.types import Completion, Request


class Waiting(Scripted):
    """Answers nobody until `together` requests are there. Where they never are, it says so instead
    of waiting for ever.
    """

    def __init__(self, together: int, **script: Any) -> None:
        super().__init__(**script)
        self._missing = together
        self._all_there = asyncio.Event()

    async def generate(self, request: Request) -> list[Completion]:
        self._missing -= 1
        if self._missing <= 0:
            self._all_there.set()
        async with asyncio.timeout(60):
            await self._all_there.wait()
        return await super().generate(request)
