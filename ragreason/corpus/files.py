"""Bytes of a file to text, with errors that say which file and why."""

from pathlib import Path

from ragreason.errors import CorpusError

_PROBE_BYTES = 8192
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_text(path: Path) -> str:
    """The file's text, with one kind of line end. Raises CorpusError if it is not UTF-8 (or marked
    as UTF-16).
    """
    data = read_bytes(path)
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in data[:_PROBE_BYTES]:
        raise CorpusError(f"{path}: a binary file, not text")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{path}: byte {error.start} is not {encoding.upper()}; convert the file to UTF-8"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_bytes(path: Path) -> bytes:
    """The file's bytes. Raises CorpusError if it can't be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: can't be read: {error.strerror or error}") from error


def title_of(path: Path) -> str:
    """A title from the file's name: `the-long_night.txt` gives "the long night"."""
    return path.stem.replace("_", " ").replace("-", " ").strip() or path.name
