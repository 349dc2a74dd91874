"""The OpenVINO engine's process: takes jobs from a socket, steps the batch, sends replies.

A step holds Python's global lock, so the pipeline can't live in a process with an event loop. The
process ends when its parent does: the socket then reads as ended.
"""

import os
import sys
from multiprocessing.connection import Connection

from ragreason.generation.openvino_batch import Batch
from ragreason.generation.openvino_messages import Cancel, Failed, Job, Reply
from ragreason.generation.openvino_pipeline import last_line

_IDLE_S = 2.0
"""How often an idle worker looks whether its parent still lives."""


def main(descriptor: int) -> None:
    """Serve until the parent goes away."""
    parent = os.getppid()
    link = Connection(descriptor)
    options = link.recv()
    try:
        batch = Batch(options)
        while os.getppid() == parent:
            replies = _drain(link, batch)
            replies += batch.step() if batch.busy else []
            if replies:
                link.send(replies)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except Exception as error:  # said to the parent, which raises it
        link.send([Failed(None, "broken", last_line(error))])


def _drain(link: Connection, batch: Batch) -> list[Reply]:
    """Everything that lies in the socket; waits for something when there is no work."""
    replies: list[Reply] = []
    while link.poll(0 if batch.busy or replies else _IDLE_S):
        message: Job | Cancel = link.recv()
        if isinstance(message, Cancel):
            batch.cancel(message.id)
        else:
            replies += batch.add(message)
    return replies


if __name__ == "__main__":
    # importing OpenVINO would report its use over the network; it then has a stub of its own
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    main(int(sys.argv[1]))
    os._exit(0)  # skips the pipeline's destructors, which take long and may complain
