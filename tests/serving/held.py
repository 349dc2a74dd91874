"""An engine that waits until it is told to go on."""

import asyncio
from typing import Any

from ragreason.generation.scripted import Scripted
from ragreason.protocols import Chunk
from ragreason.types import Request


class Held(Scripted):
    """Begins to answer and goes on when it is told to. `left`: a caller went away meanwhile."""

    def __init__(self) -> None:
        super().__init__(default="1874")
        self.go = asyncio.Event()
        self.left = asyncio.Event()
        self.begun = asyncio.Event()

    async def generate(self, request: Request) -> Any:
        self.begun.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.left.set()
            raise
        return await super().generate(request)

    async def stream(self, request: Request) -> Any:
        self.begun.set()
        done = False
        try:
            yield Chunk("1874")
            await self.go.wait()
            completion = (await super().generate(request))[0]
            done = True
        finally:
            if not done:
                self.left.set()
        yield Chunk("", completion)
