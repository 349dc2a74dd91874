"""Every error that ragreason raises on purpose.

    RagreasonError
    ├── ConfigError            the user's input is wrong; found before expensive work; exit code 2
    │   ├── GraphError         a graph file: names file, line, what was expected
    │   ├── UnknownNameError   a name that no registry or catalogue knows; carries the nearest ones
    │   ├── CapabilityError    the engine lacks what the graph needs; names engines that have it
    │   ├── CorpusError        a document or folder that can't be read, or holds nothing
    │   ├── IndexFolderError   an index that is missing, damaged, or of another embedder or version
    │   └── DataError          a dataset file that can't be read as what it was said to be
    └── RunError               something failed while working; exit code 1
        ├── EngineError        the engine refused or lost a request
        │   ├── EngineDiedError        its process is gone; `retryable`
        │   ├── EngineTimeoutError     no answer in time; `retryable`
        │   └── ContextOverflowError   the prompt does not fit the model's context
        ├── ParseError         model output that does not have the asked form
        ├── VerifierError      steps and scores do not match
        ├── ToolError          a tool can't do what it was asked; the model is told
        └── BudgetReachedError a budget is spent; nodes turn it into a forced answer

Each message is one line: what was given, what was expected, what to do.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar


class RagreasonError(Exception):
    """The root: `except RagreasonError` catches all that ragreason raises on purpose."""

    exit_code: ClassVar[int] = 1
    retryable: bool = False
    """Whether the same call may succeed if it is made again; errors that come after such attempts
    are not."""


class ConfigError(RagreasonError):
    """The user's input is wrong. Raised before expensive work."""

    exit_code: ClassVar[int] = 2


class GraphError(ConfigError):
    """A graph file is wrong. `path` and `line` (from 1) say where; either may be None."""

    def __init__(self, message: str, *, path: str | None = None, line: int | None = None) -> None:
        place = f"{path or '<graph>'}:{line}" if line is not None else path
        super().__init__(f"{place}: {message}" if place else message)
        self.message = message
        self.path = path
        self.line = line


class UnknownNameError(ConfigError):
    """A name that nothing is registered under.

    >>> str(UnknownNameError("retriever", "bm2", ["bm25", "dense"]))
    "unknown retriever 'bm2'; did you mean 'bm25'? known: bm25, dense"
    """

    def __init__(self, what: str, given: str, known: Iterable[str], advice: str = "") -> None:
        names = sorted(known)
        self.nearest = nearest(given, names)
        guess = f" did you mean '{self.nearest}'?" if self.nearest else ""
        tail = f"; {advice}" if advice else ""
        offer = ", ".join(names) or "none"
        super().__init__(f"unknown {what} '{given}';{guess} known: {offer}{tail}")


class CapabilityError(ConfigError):
    """The engine can't do what the graph needs."""


class CorpusError(ConfigError):
    """A document or folder can't be read, or holds no text."""


class IndexFolderError(ConfigError):
    """An index folder is missing, damaged, or was made by another embedder or version."""


class DataError(ConfigError):
    """A dataset file can't be read as what it was said to be."""


class RunError(RagreasonError):
    """Something failed while working."""


class EngineError(RunError):
    """The engine refused or lost a request."""


class EngineDiedError(EngineError):
    """The engine's process or connection is gone."""

    retryable = True


class EngineTimeoutError(EngineError):
    """The engine did not answer in time."""

    retryable = True


class ContextOverflowError(EngineError):
    """The prompt does not fit the model's context. `prompt_tokens` and `limit` say by how much."""

    def __init__(self, prompt_tokens: int, limit: int) -> None:
        super().__init__(
            f"the prompt has {prompt_tokens} tokens, the model's context holds {limit}; "
            "shorten the question, lower k, or take a model with a longer context"
        )
        self.prompt_tokens = prompt_tokens
        self.limit = limit


class ParseError(RunError):
    """Model output does not have the form that was asked for."""


class ToolError(RunError):
    """A tool can't do what it was asked. Its message is for the model that asked."""


class VerifierError(RunError):
    """A verifier returned another number of verdicts than it was given items."""


class BudgetReachedError(RunError):
    """A budget is spent. `limit` names which one: steps, tokens, retrievals, calls or seconds."""

    def __init__(self, limit: str) -> None:
        super().__init__(f"the budget of {limit} is spent")
        self.limit = limit


def install_extra(extra: str) -> str:
    """The command that installs an extra, in a checkout: the package is on no index yet.

    faiss-gpu has the same files as faiss-cpu, which must be gone before.
    """
    before = "pip uninstall -y faiss-cpu && " if extra == "gpu" else ""
    return f"{before}pip install '.[{extra}]' --constraint constraints.txt"


def nearest(given: str, known: Iterable[str]) -> str | None:
    """The known name closest to `given`, or None if none is close."""
    matches = get_close_matches(given, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None
