"""Ask every question of a dataset, and keep each row the moment its question is finished."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic, time_ns
from typing import Any

from ragreason.datasets import Dataset, Example
from ragreason.errors import EngineDiedError
from ragreason.evaluation.answered import Answerer
from ragreason.evaluation.rows import Row, answer_row, error_row
from ragreason.evaluation.store import RunFolder, run_key
from ragreason.evaluation.summary import summarise

OnStart = Callable[[int, int], None]
"""Told how many questions there are, and how many of them were finished before."""
OnRow = Callable[[Row], None]


async def evaluate(
    answerer: Answerer,
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
) -> dict[str, Any]:
    """Answer the questions from `offset` on, at most `limit`, in file order; gives the summary.

    `answerer` is given a Question and nothing else. `identity` names what determines its answers
    (graph, graph_hash, model, ...); with the data's hash and the seed it keys the run. In a folder
    that holds rows of the same key only what is missing or failed is asked; `offset` and `limit`
    are not part of the key, so a larger limit goes on where a smaller one ended. Rows outside of
    the selection are kept and left out of the summary.

    A question whose run raises becomes a row of status "error" with the message: counted apart,
    never scored. Raises ConfigError for a folder in use or with another key, before anything is
    asked, and EngineDiedError when the engine is gone: one death may fail all questions in flight,
    so it is gone when more of them failed by it in a row.
    """
    chosen = select(dataset, offset, limit)
    parts = run_parts(dataset, identity or {}, seed)
    described: dict[str, Any] = {n: value for n, value in parts.items() if n != "seed"}
    ids = [example.question.id for example in chosen]
    with RunFolder(out, parts) as folder:
        missing = folder.start(ids)
        if on_start is not None:
            on_start(len(ids), len(ids) - len(missing))
        numbered = enumerate(chosen, offset)
        todo = [(at, example) for at, example in numbered if example.question.id in missing]
        await _Session(answerer, dataset.name, folder, on_row, concurrency).run(todo)
        rows = [folder.rows[i] for i in ids]
        summary = summarise(rows, described | {"key": run_key(parts), "offset": offset}, seed)
        folder.finish(summary)
    return summary


def run_parts(dataset: Dataset, identity: Mapping[str, str], seed: int) -> dict[str, str]:
    """Everything that determines a run's rows, by name."""
    data = {"dataset": dataset.name, "data_hash": dataset.data_hash}
    return {"graph": "callable", "graph_hash": "", **identity, **data, "seed": str(seed)}


def select(dataset: Dataset, offset: int = 0, limit: int | None = None) -> Sequence[Example]:
    """The examples from `offset` on, at most `limit`, in file order."""
    stop = None if limit is None else offset + limit
    return dataset.examples[offset:stop]


class _Session:
    """One process's work on a run: from its first question to the last or to a kill."""

    def __init__(
        self,
        answerer: Answerer,
        dataset: str,
        folder: RunFolder,
        on_row: OnRow | None,
        concurrency: int,
    ) -> None:
        self.answerer = answerer
        self.dataset = dataset
        self.folder = folder
        self.on_row = on_row
        self.concurrency = concurrency
        self.deaths = 0  # questions in a row that failed because the engine died
        self.name = str(time_ns())
        self.started_s = monotonic()

    async def run(self, numbered: Sequence[tuple[int, Example]]) -> None:
        """Workers take the next question as soon as they are free; none waits for another."""
        queue = iter(numbered)
        workers = [asyncio.create_task(self._work(queue)) for _ in range(self.concurrency)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, queue: Iterator[tuple[int, Example]]) -> None:
        for position, example in queue:
            row = {"position": position, **await self._row(example)}
            session_s = round(monotonic() - self.started_s, 3)
            row |= {"session": self.name, "session_s": session_s}
            self.folder.append(row)
            if self.on_row is not None:
                self.on_row(row)
            if self.deaths > self.concurrency:
                raise EngineDiedError(
                    f"{self.deaths} questions in a row failed, the last with: {row['error']}; "
                    "what was answered is kept, the same command goes on"
                )

    async def _row(self, example: Example) -> Row:
        started_s = monotonic()
        try:
            given = await self.answerer(example.question)
        except Exception as error:
            self.deaths = self.deaths + 1 if isinstance(error, EngineDiedError) else 0
            message = " ".join(f"{type(error).__name__}: {error}".split())
            return error_row(example, message, monotonic() - started_s)
        self.deaths = 0
        return answer_row(self.dataset, example, given, monotonic() - started_s)
