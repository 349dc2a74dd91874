"""Around the loading of a model by transformers."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
        with _no_gguf_bar():
            yield
    except (ImportError, KeyError, OSError, RuntimeError, ValueError) as error:
        told = " ".join(str(error).split())[:300]
        raise ConfigError(f"the model '{what}' can't be loaded: {told}") from error
    finally:
        if shown:
            logging.enable_progress_bar()


@contextmanager
def _no_gguf_bar() -> Iterator[None]:
    """A GGUF file's tensors have a bar that the switch of transformers does not reach."""
    module: Any = None
    with suppress(ImportError):
        module = import_module("transformers.modeling_gguf_pytorch_utils")
    drawn = getattr(module, "tqdm", None)
    if drawn is None:
        yield
        return
    module.tqdm = lambda tensors, **_: tensors
    try:
        yield
    finally:
        module.tqdm = drawn
