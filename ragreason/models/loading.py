"""Around the loading of a model by transformers."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from ragreason.errors import ConfigError


@contextmanager
def loading(what: str | Path) -> Iterator[None]:
    """No progress bar, and what goes wrong is a ConfigError."""
    logging: Any = import_module("transformers.utils.logging")
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    except (ImportError, KeyError, OSError, RuntimeError, ValueError) as error:
        told = " ".join(str(error).split())[:300]
        raise ConfigError(f"the model '{what}' can't be loaded: {told}") from error
    finally:
        if shown:
            logging.enable_progress_bar()
