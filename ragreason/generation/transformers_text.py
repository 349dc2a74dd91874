"""The text of a reply that grows token by token, cut at stop strings and safe to show."""

from collections.abc import Callable, Sequence

from ragreason.generation.text import certain, cut_at_stop

_BROKEN = "\ufffd"


class GrowingText:
    """`add` takes a token; `shown` is what can't change any more; `stopped` says that a stop string
    came. A character that is not whole yet is held back, as is what may become a stop string.

    Only the last few tokens are decoded again, those since the text last ended with a whole
    character and as many before: a token's text may depend on the token before it.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str], stop: Sequence[str] = ()) -> None:
        self._decode = decode
        self._stop = tuple(s for s in stop if s)
        self._ids: list[int] = []
        self._before, self._read = 0, 0
        self._text = ""
        self._held = ""
        self.stopped = False

    def add(self, token: int) -> None:
        """The next token."""
        self._ids.append(token)
        known = self._decode(self._ids[self._before : self._read])
        now = self._decode(self._ids[self._before :])
        self._held = now[len(known) :]
        if self._held and not now.endswith(_BROKEN):
            self._text += self._held
            self._held = ""
            self._before, self._read = self._read, len(self._ids)
        whole = self._text + self._held
        self.stopped = cut_at_stop(whole, self._stop) != whole

    @property
    def shown(self) -> str:
        """What is certain while more may come."""
        return certain(cut_at_stop(self._text, self._stop), self._stop)

    @property
    def text(self) -> str:
        """All of it, when nothing more comes."""
        return cut_at_stop(self._text + self._held, self._stop)
