"""From graph names to a desk: engines, index, database and checkpoints opened, and closed again."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from ragreason.graph.checkpoint import open_checkpoints_at
from ragreason.runner import Runner, open_runner
from ragreason.serving.desk import Desk
from ragreason.serving.listen import listen
from ragreason.serving.metrics import Metrics
from ragreason.serving.options import Options
from ragreason.serving.store import Store
from ragreason.settings import Settings


@asynccontextmanager
async def open_desk(
    graphs: Sequence[str | Path],
    options: Options,
    settings: Settings,
    *,
    database: str | None = None,
    **parts: Any,
) -> AsyncIterator[tuple[Desk, Metrics]]:
    """A desk over these graphs, and its counters; both go with the event loop. `database` is a URL;
    by default a file in the settings' home. `parts` are arguments of `open_runner`.
    """
    url = database or settings.serve_database or default_database(settings)
    async with AsyncExitStack() as stack:
        saver = await stack.enter_async_context(open_checkpoints_at(url))
        store = Store(url)
        stack.push_async_callback(store.aclose)
        runners: dict[str, Runner] = {}
        for graph in graphs:
            runner = open_runner(graph, settings=settings, checkpointer=saver, **parts)
            runners[runner.graph.definition.name] = runner
            stack.push_async_callback(runner.aclose)
        metrics = Metrics()
        desk = Desk(
            runners,
            store,
            most_runs=options.most_runs,
            most_seconds=options.most_seconds,
            on_end=metrics.ended,
        )
        metrics.at_work.set_function(lambda: desk.at_work)
        stack.push_async_callback(desk.aclose)
        yield desk, metrics


def default_database(settings: Settings) -> str:
    """The file of runs and checkpoints in the settings' home, as a URL."""
    home = settings.resolved_home()
    home.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{home / 'serving.sqlite'}"


async def serve(
    desk: Desk, options: Options, metrics: Metrics, on_up: Callable[[int], None] = lambda _: None
) -> None:
    """Serve until the process is told to end; `on_up` is told the port. Raises ConfigError where
    the port is taken.
    """
    from ragreason.serving.app import create_app

    await listen(create_app(desk, options, metrics), options, on_up)
