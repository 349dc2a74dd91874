"""Past runs as files: one JSON Lines file a run, its first line says what it was."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import Field, ValidationError

from ragreason.errors import ConfigError, DataError
from ragreason.events import TraceEvent
from ragreason.types import Answer, Question, Value


class TraceHead(Value):
    """What a stored run was."""

    id: str
    graph: str
    question: Question
    answer: Answer
    started: str
    """When it was stored, ISO 8601, UTC."""
    identity: dict[str, str] = Field(default_factory=dict)


def save(
    folder: Path,
    graph: str,
    question: Question,
    answer: Answer,
    events: Sequence[TraceEvent],
    identity: dict[str, str],
) -> str:
    """Store a run; its id, which sorts by time."""
    now = datetime.now(UTC)
    run_id = f"{now:%Y%m%d-%H%M%S-%f}"
    head = TraceHead(
        id=run_id,
        graph=graph,
        question=question,
        answer=answer,
        started=now.isoformat(timespec="seconds"),
        identity=identity,
    )
    folder.mkdir(parents=True, exist_ok=True)
    lines = [head.model_dump_json(), *(e.model_dump_json(exclude_defaults=True) for e in events)]
    partial = folder / f".{run_id}.part"
    partial.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    partial.rename(folder / f"{run_id}.jsonl")
    return run_id


def heads(folder: Path) -> Iterator[TraceHead]:
    """The stored runs, newest first. Raises DataError for a file that is none."""
    for path in sorted(folder.glob("*.jsonl"), reverse=True):
        with _reading(path), path.open(encoding="utf-8") as lines:
            head = TraceHead.model_validate_json(lines.readline())
        yield head


def load(folder: Path, run_id: str) -> tuple[TraceHead, tuple[TraceEvent, ...]]:
    """One stored run; `run_id` may be the beginning of an id, or "last".

    Raises ConfigError if no run, or more than one, fits, DataError for a damaged one.
    """
    paths = sorted(folder.glob("*.jsonl"))
    found = paths[-1:] if run_id == "last" else [p for p in paths if p.stem.startswith(run_id)]
    if len(found) != 1:
        what = f"{len(found)} runs begin with '{run_id}'" if found else f"no run '{run_id}'"
        raise ConfigError(f"{what} in {folder}; see `ragreason trace list`")
    with _reading(found[0]), found[0].open(encoding="utf-8") as lines:
        head = TraceHead.model_validate_json(lines.readline())
        return head, tuple(TraceEvent.model_validate_json(line) for line in lines)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (ValidationError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} holds no run that this version can read; delete it to list the others"
        ) from error
