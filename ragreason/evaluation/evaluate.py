"""Ask every question of a dataset, and keep each row the moment its question is finished."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, time_ns
from typing import Any

from ragreason.datasets import Dataset, Example
from ragreason.errors import EngineDiedError
from ragreason.evaluation.answered import Answered, Answerer
from ragreason.evaluation.cost import Price
from ragreason.evaluation.database import ResultsDatabase
from ragreason.evaluation.passages import PassageLog, Supports
from ragreason.evaluation.rows import Row, answer_row, error_row
from ragreason.evaluation.store import Key, RunFolder, read_rows, run_key
from ragreason.evaluation.summary import summarise

OnStart = Callable[[int, int], None]
"""Told how many questions there are, and how many of them were finished before."""
OnRow = Callable[[Row], None]
Beginning = Callable[[], AbstractAsyncContextManager[Any]]
"""Entered before each question, which is answered inside: it waits until there is room for one."""

_DEATHS = 3
"""Questions that may fail in a row because an engine dies, however few were in flight."""


@dataclass(frozen=True)
class Asked:
    """A question of the dataset, from 0 at `position`, with one of the seeds."""

    position: int
    example: Example
    seed: int

    @property
    def key(self) -> Key:
        """What its row is told by."""
        return self.example.question.id, self.seed


async def evaluate(
    answerer: Answerer | Mapping[int, Answerer],
    dataset: Dataset,
    out: Path,
    *,
    identity: Mapping[str, str] | None = None,
    seed: int = 0,
    concurrency: int = 8,
    offset: int = 0,
    limit: int | None = None,
    on_start: OnStart | None = None,
    on_row: OnRow | None = None,
    beginning: Beginning = nullcontext,
    warm: Callable[[], Awaitable[None]] | None = None,
    again: bool = False,
    results: str | None = None,
    parameters: float | None = None,
    price: Price | None = None,
) -> dict[str, Any]:
    """Answer the questions from `offset` on, at most `limit`, in file order; gives the summary.

    `answerer` is given a Question and nothing else; for repeated seeds, give one by seed, and each
    question is asked with each. `identity` names what determines its answers
    (graph, graph_hash, model, ...); with the data's hash and the seed it keys the run. In a folder
    that holds rows of the same key only what is missing or failed is asked; `offset` and `limit`
    are not part of the key, so a larger limit goes on where a smaller one ended. Rows outside of
    the selection are kept and left out of the summary. Each question is a run of its own that waits
    for no other; the next one starts when `beginning` lets it, at most `concurrency` at once.
    Before the first one `warm` is awaited, so that no row's times hold the loading of models; it is
    not called where nothing is left to ask. With `again` every question is asked anew, and the rows
    that are there are set aside in the same folder.

    A question whose run raises becomes a row of status "error" with the message: counted apart,
    never scored. Raises ConfigError for a folder in use or with another key, before anything is
    asked, and EngineDiedError when the engine is gone: one death may fail all questions in flight,
    so it is gone when more of them failed by it in a row.

    `results` is the URL of a database that every row goes to too. `parameters` (of the model) and
    `price` are for the summary's cost.
    """
    answerers = answerer if isinstance(answerer, Mapping) else {seed: answerer}
    asked = [
        Asked(position, example, seed)
        for position, example in enumerate(select(dataset, offset, limit), offset)
        for seed in answerers
    ]
    parts = run_parts(dataset, identity or {}, list(answerers))
    described: dict[str, Any] = {n: value for n, value in parts.items() if n != "seed"}
    database = None if results is None else ResultsDatabase(results, parts)
    with RunFolder(out, parts) as folder, database or nullcontext():
        if database is not None:  # a kill may have come between the file and the database
            database.add(read_rows(out))
        if again:
            folder.set_aside()
        missing = folder.start({one.key for one in asked})
        if on_start is not None:
            on_start(len(asked), len(asked) - len(missing))
        if warm is not None and missing:
            await warm()

        def keep(row: Row) -> None:
            folder.append(row)
            if database is not None:
                database.add([row])
            if on_row is not None:
                on_row(row)

        log, supports = PassageLog(out), Supports(dataset)

        def see(example: Example, given: Answered) -> None:
            log.keep([*supports.of(example), *given.passages])

        session = _Session(answerers, dataset.name, see, keep, concurrency, beginning)
        await session.run([one for one in asked if one.key in missing])
        rows = [folder.rows[one.key] for one in asked]
        identified = described | {"key": run_key(parts), "offset": offset}
        summary = summarise(rows, identified, list(answerers), parameters=parameters, price=price)
        folder.finish(summary)
    return summary


def run_parts(
    dataset: Dataset, identity: Mapping[str, str], seeds: Sequence[int]
) -> dict[str, str]:
    """Everything that determines a run's rows, by name."""
    data = {"dataset": dataset.name, "data_hash": dataset.data_hash}
    seed = ",".join(map(str, seeds))
    return {"graph": "callable", "graph_hash": "", **identity, **data, "seed": seed}


def select(dataset: Dataset, offset: int = 0, limit: int | None = None) -> Sequence[Example]:
    """The examples from `offset` on, at most `limit`, in file order."""
    stop = None if limit is None else offset + limit
    return dataset.examples[offset:stop]


class _Session:
    """One process's work on a run: from its first question to the last or to a kill."""

    def __init__(
        self,
        answerers: Mapping[int, Answerer],
        dataset: str,
        see: Callable[[Example, Answered], None],
        keep: OnRow,
        concurrency: int,
        beginning: Beginning,
    ) -> None:
        self.answerers = answerers
        self.dataset = dataset
        self.see = see
        self.keep = keep
        self.free = asyncio.Semaphore(concurrency)
        self.beginning = beginning
        self.in_flight = 0
        self.most = 0  # questions in flight at once so far
        self.exposed = 0  # questions in flight at the first death in a row
        self.deaths = 0  # questions in a row that failed because the engine died
        self.name = str(time_ns())
        self.started_s = monotonic()

    async def run(self, asked: Sequence[Asked]) -> None:
        """Questions start in order, each as soon as there is room; none waits for another's end.
        The first error cancels the rest.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for one in asked:
                    begun = asyncio.Event()
                    await self.free.acquire()
                    task = group.create_task(self._work(one, begun))
                    task.add_done_callback(lambda _: self.free.release())
                    task.add_done_callback(lambda _, begun=begun: begun.set())  # type: ignore[misc]
                    await begun.wait()
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _work(self, asked: Asked, begun: asyncio.Event) -> None:
        async with self.beginning():
            begun.set()
            self.in_flight += 1
            self.most = max(self.most, self.in_flight)
            try:
                row = {"position": asked.position, "seed": asked.seed, **await self._row(asked)}
            finally:
                self.in_flight -= 1
        session_s = round(monotonic() - self.started_s, 3)
        row |= {
            "session": self.name,
            "session_s": session_s,
            "concurrency": self.most,
        }
        self.keep(row)
        if self.deaths > self.exposed:
            raise EngineDiedError(
                f"{self.deaths} questions in a row failed, the last with: {row['error']}; "
                "what was answered is kept, the same command goes on"
            )

    async def _row(self, asked: Asked) -> Row:
        example, started_s = asked.example, monotonic()
        try:
            given = await self.answerers[asked.seed](example.question)
        except Exception as error:
            self._count_deaths(error)
            message = " ".join(f"{type(error).__name__}: {error}".split())
            return error_row(example, message, monotonic() - started_s)
        self.deaths = 0
        self.see(example, given)
        return answer_row(self.dataset, example, given, monotonic() - started_s)

    def _count_deaths(self, error: Exception) -> None:
        """One death may fail all that were in flight when it happened, and none that came later."""
        died = isinstance(error, EngineDiedError)
        if died and not self.deaths:
            self.exposed = max(self.in_flight, _DEATHS)
        self.deaths = self.deaths + 1 if died else 0
