"""Models are loaded without progress bars, whatever transformers thinks of them."""

from importlib import import_module
from typing import Any

import pytest

from ragreason.errors import ConfigError
from ragreason.models.loading import loading

pytest.importorskip("transformers")


def test_no_bar_is_drawn_for_the_tensors_of_a_gguf_file(capsys: pytest.CaptureFixture[str]) -> None:
    gguf: Any = import_module("transformers.modeling_gguf_pytorch_utils")
    before = gguf.tqdm
    with loading("a model"):
        assert list(gguf.tqdm([1, 2], desc="Converting")) == [1, 2]
    assert capsys.readouterr().err == ""
    assert gguf.tqdm is before


def test_bars_are_as_before_after_an_error_too() -> None:
    gguf: Any = import_module("transformers.modeling_gguf_pytorch_utils")
    logging: Any = import_module("transformers.utils.logging")
    before = gguf.tqdm, logging.is_progress_bar_enabled()
    told = "'a model' can't be loaded: no such tensor"
    with pytest.raises(ConfigError, match=told), loading("a model"):
        raise ValueError("no such\ntensor")
    assert (gguf.tqdm, logging.is_progress_bar_enabled()) == before
