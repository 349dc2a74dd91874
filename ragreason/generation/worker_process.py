"""A worker process and the threads that talk to it, usable from any event loop.

The process is a plain subprocess, not `multiprocessing`'s: that one imports the user's main module
again, which runs scripts twice.
"""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

Listener = Callable[[Any], None]
"""Called with each reply, from another thread."""

_EXIT_S = 5.0


class WorkerProcess:
    """Runs `python -m module` and exchanges pickled messages with it.

    `hear` gets every reply, and None once when the process is gone, in a thread, after `start`.
    """

    def __init__(self, module: str, hear: Listener) -> None:
        ours, theirs = socket.socketpair()
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `stop`
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", module, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for us; the worker ends when we do
            )
        finally:
            theirs.close()
        self._link = Connection(ours.detach())
        self._out: SimpleQueue[Any] = SimpleQueue()
        self._stopping = threading.Lock()
        self._threads = [
            threading.Thread(target=_write, args=(self._link, self._out), daemon=True),
            threading.Thread(target=_read, args=(self._link, hear), daemon=True),
        ]

    def start(self) -> None:
        """Begin to send and to hear."""
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, message: Any) -> None:
        """Queue a message; never blocks."""
        self._out.put(message)

    def log_tail(self) -> str:
        """The last line that the process printed, or ''."""
        if self._log.closed:
            return ""
        size = os.fstat(self._log.fileno()).st_size
        tail = os.pread(self._log.fileno(), 4096, max(0, size - 4096))
        lines = tail.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""

    def stop(self) -> None:
        """End the process and the threads. Blocks shortly; safe to call twice."""
        with self._stopping:
            if self._process.returncode is None:
                self._process.kill()
                self._process.wait()
            self._out.put(None)
            for thread in self._threads:
                if thread.ident and thread is not threading.current_thread():
                    thread.join(_EXIT_S)
            self._link.close()
            self._log.close()


def _environment() -> dict[str, str]:
    """Ours, plus where this package lies, for interpreters that found it by other means."""
    here = str(Path(__file__).parents[2])
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _write(link: Connection, out: "SimpleQueue[Any]") -> None:
    while (message := out.get()) is not None:
        try:
            link.send(message)
        except OSError:
            return


def _read(link: Connection, hear: Listener) -> None:
    try:
        while True:
            for reply in link.recv():
                hear(reply)
    except (EOFError, OSError):
        hear(None)


def deliver(loop: asyncio.AbstractEventLoop, queue: "asyncio.Queue[Any]", reply: Any) -> None:
    """Put a reply into a queue of another thread's event loop, if that loop still runs."""
    try:
        loop.call_soon_threadsafe(queue.put_nowait, reply)
    except RuntimeError:  # the loop was closed while the request was under way
        return
