"""The thread that runs the transformers engine's batch, so that no event loop waits for a pass."""

import threading
from queue import SimpleQueue

from ragreason.errors import EngineDiedError
from ragreason.generation.transformers_batch import Batch
from ragreason.generation.transformers_rows import Job


class Worker:
    """Steps `batch` as long as it is busy. `submit` from any thread; `stop` ends it."""

    def __init__(self, batch: Batch) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=_work, args=(batch, self._jobs, self._stopping), name="transformers", daemon=True
        )
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job; never blocks."""
        self._jobs.put(job)

    def stop(self) -> None:
        """End the thread after the pass it is in; jobs that wait are told. Safe to call twice."""
        self._stopping.set()
        self._jobs.put(None)
        if self._thread is not threading.current_thread():
            self._thread.join()


def _work(batch: Batch, jobs: "SimpleQueue[Job | None]", stopping: threading.Event) -> None:
    import torch

    under_way: list[Job] = []
    with torch.inference_mode():
        while not stopping.is_set():
            under_way = [job for job in under_way if not job.over.is_set()]
            while not jobs.empty() or not batch.busy:
                job = jobs.get()
                if job is None:
                    break
                under_way.append(job)
                if not job.cancelled.is_set():
                    batch.add(job)
            batch.step()
    while not jobs.empty():
        waiting = jobs.get()
        under_way += [waiting] if waiting is not None else []
    for job in under_way:
        if not job.over.is_set():
            job.hear(EngineDiedError("transformers: the engine was closed; ask again"))
