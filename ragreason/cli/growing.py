"""The answer as it grows, on a terminal."""

import sys
from types import TracebackType
from typing import Any, Self

from ragreason.cli.show import answer_block


class Growing:
    """Shows an answer's text as it comes, and takes it away again when something else is to be
    shown, the whole answer in the end. Where standard output is no terminal it shows nothing.
    """

    def __init__(self) -> None:
        self._live: Any = None
        self._text = ""

    def add(self, text: str) -> None:
        """The next piece."""
        if not sys.stdout.isatty():
            return
        self._text += text
        if self._live is None:
            self._live = _live()
            self._live.start()
        self._live.update("\n".join(answer_block(self._text)), refresh=True)

    def clear(self) -> None:
        """Take away what is shown."""
        if self._live is not None:
            self._live.stop()
        self._live, self._text = None, ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.clear()


def _live() -> Any:
    from rich.console import Console
    from rich.live import Live

    console = Console(markup=False, highlight=False, emoji=False)
    return Live(console=console, transient=True, auto_refresh=False)
