"""Progress of evaluations, one bar a graph."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragreason.evaluation.graphs import Listener

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_INDEX = "indexing"


class Bars(Listener):
    """Moves the bars of a rich `Progress` whose tasks have a field `failed`."""

    def __init__(self, progress: "Progress") -> None:
        self.progress = progress
        self.tasks: dict[str, TaskID] = {}
        self.failed: Counter[str] = Counter()

    def on_index(self, done: int, total: int) -> None:
        """Move the index's bar."""
        if _INDEX not in self.tasks:
            self.progress.start()
            self.tasks[_INDEX] = self.progress.add_task(_INDEX, total=total, failed="")
        self.progress.update(self.tasks[_INDEX], completed=done)

    def on_start(self, graph: str, total: int, done: int) -> None:
        """Add the graph's bar, what was finished before counted in."""
        self.progress.start()
        self.tasks[graph] = self.progress.add_task(graph, total=total, completed=done, failed="")

    def on_kept(self, graph: str, total: int, done: int, folder: Path) -> None:
        """Say that these questions are not asked now."""
        kept = f"{done:,} of {total:,} kept from an earlier run in {folder}"
        self.on_note(f"{graph}: {kept}; --again asks anew")

    def on_row(self, graph: str, row: dict[str, Any]) -> None:
        """Move the graph's bar by one question."""
        self.failed[graph] += row["status"] == "error"
        text = f"{self.failed[graph]} failed" if self.failed[graph] else ""
        self.progress.update(self.tasks[graph], advance=1, failed=text)

    def on_note(self, text: str) -> None:
        """Print a line above the bars."""
        self.progress.console.print(text, markup=False, highlight=False, soft_wrap=True)
