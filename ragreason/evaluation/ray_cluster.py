"""Questions spread over a Ray cluster: each worker opens the graph, engine and index for its own.

The rows are those of one process: a question's answer depends on the question, the seed and what
determines the run, not on where it is answered. Only the process that started the run writes. Index
and local models are found by their paths, so machines share those folders.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragreason.errors import ConfigError, EngineDiedError, install_extra
from ragreason.evaluation.answered import Answered, Answerer
from ragreason.runner import Runner, open_runner
from ragreason.settings import PREFIX, Settings
from ragreason.types import Question

_RETRIES = 3
"""Times that a question is asked again because its worker died, before it counts as failed."""


@dataclass(frozen=True)
class Opening:
    """What a worker opens its runner with; nothing of it tells a gold answer."""

    graph: str
    index: Path | None
    overrides: Sequence[str]
    settings: Settings
    parts: Mapping[str, Any]
    answering: Callable[[Runner, int], Answerer]
    folder: Path

    def open(self) -> Runner:
        """The runner, in the folder that relative paths are meant in, where there is one here."""
        if self.folder.is_dir():
            os.chdir(self.folder)
        return open_runner(
            self.graph,
            index=self.index,
            overrides=self.overrides,
            settings=self.settings,
            **self.parts,
        )


class Worker:
    """Answers questions in a process of the cluster."""

    def __init__(self, opening: Opening) -> None:
        self.opening = opening
        self.runner: Runner | None = None

    async def answer(self, question: Question, seed: int) -> Answered:
        """As the graph does, when its engine has room."""
        if self.runner is None:
            self.runner = self.opening.open()
        async with self.runner.beginning():
            return await self.opening.answering(self.runner, seed)(question)


class Workers:
    """The workers of one graph. A question goes to the one with the fewest under way."""

    def __init__(self, actors: Sequence[Any]) -> None:
        self.actors = actors
        self.under_way: Counter[int] = Counter()

    def answerer(self, seed: int) -> Answerer:
        """Answers on the cluster what a runner would answer here, errors too."""
        from ray.exceptions import RayActorError, RayTaskError

        async def answer(question: Question) -> Answered:
            place = min(range(len(self.actors)), key=self.under_way.__getitem__)
            self.under_way[place] += 1
            try:
                given: Answered = await self.actors[place].answer.remote(question, seed)
            except RayTaskError as error:
                raise error.cause from None
            except RayActorError as error:
                raise EngineDiedError(f"a worker of the cluster died: {error}") from error
            finally:
                self.under_way[place] -= 1
            return given

        return answer


@contextmanager
def ray_workers(opening: Opening, count: int | None = None) -> Iterator[Workers]:
    """That many workers, by default one a GPU of the cluster, or one a machine where it has none.

    They run on the Ray that is connected to, else on that of the setting `ray_address`, else on one
    of this machine that ends with them. A worker that dies is started again, and what it was asked
    is asked again. Raises ConfigError without Ray, or for a cluster that can't be reached.
    """
    ray = _ray()
    started = not ray.is_initialized()
    if started:
        _connect(ray, opening.settings.ray_address, count)
    try:
        gpus = int(ray.cluster_resources().get("GPU", 0))
        machines = sum(node["Alive"] for node in ray.nodes())
        count = count or gpus or machines
        actor = ray.remote(
            max_restarts=-1,
            max_task_retries=_RETRIES,
            max_concurrency=opening.settings.concurrency,
            num_cpus=1,
            num_gpus=min(1, gpus / count),
            runtime_env={"env_vars": _variables()},
        )(Worker)
        actors = [actor.remote(opening) for _ in range(count)]
        yield Workers(actors)
        for one in actors:
            ray.kill(one)
    finally:
        if started:
            ray.shutdown()


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise ConfigError(f"--ray needs Ray: {install_extra('ray')}") from error
    return ray


def _connect(ray: Any, address: str | None, count: int | None) -> None:
    quiet = {"logging_level": "error", "log_to_driver": False}
    address = address or os.environ.get("RAY_ADDRESS")
    try:
        if address:
            ray.init(address=address, **quiet)
        else:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it reports to its makers
            cpus = max(count or 1, os.cpu_count() or 1)
            ray.init("local", num_cpus=cpus, include_dashboard=False, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        place = address or "this machine"
        raise ConfigError(f"no Ray cluster at {place}: {error}".splitlines()[0]) from error


def _variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
