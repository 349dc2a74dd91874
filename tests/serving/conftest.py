"""A server in this process, on a port of its own, over graphs and a scripted engine."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from openai import AsyncOpenAI

from ragreason.generation.scripted import Scripted
from ragreason.serving.app import create_app
from ragreason.serving.desk import Desk
from ragreason.serving.open import open_desk
from ragreason.serving.options import Options
from ragreason.settings import Settings

HASHING = Settings(embedder="hashing", retriever="bm25", max_question_chars=500)


@dataclass
class Served:
    """A server that runs: its desk, its address, and clients of it."""

    desk: Desk
    url: str
    client: httpx.AsyncClient
    openai: AsyncOpenAI


class Told(uvicorn.Server):
    """Tells when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.up.set()


Serving = Callable[..., AbstractAsyncContextManager[Served]]


@pytest.fixture
def serving(index_dir: Path, tmp_path: Path) -> Serving:
    """`async with serving(engine, graphs) as served`; several in turn share a database."""

    @asynccontextmanager
    async def opened(
        engine: Scripted | None = None,
        graphs: tuple[str, ...] = ("naive_rag", "rewrite"),
        database: str | None = None,
        **limits: Any,
    ) -> AsyncIterator[Served]:
        options = Options(port=0, **{"grace_s": 0.0, **limits})
        made = open_desk(
            graphs,
            options,
            HASHING,
            model=engine or Scripted(default="1874"),
            index=index_dir,
            database=database or f"sqlite:///{tmp_path / 'serving.sqlite'}",
        )
        async with made as (desk, metrics):
            config = uvicorn.Config(
                create_app(desk, options, metrics), host="127.0.0.1", port=0, log_level="error"
            )
            server = Told(config)
            task = asyncio.create_task(server.serve())
            try:
                await server.up.wait()
                url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
                async with (
                    httpx.AsyncClient(base_url=url, timeout=60) as client,
                    AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as official,
                ):
                    yield Served(desk, url, client, official)
            finally:
                server.should_exit = True
                await task

    return opened
