from pathlib import Path

import pytest

from ragreason.embedding import device, local
from ragreason.embedding.device import resolved
from ragreason.embedding.sentence_transformers import SentenceTransformersEmbedder
from ragreason.errors import ConfigError


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """As many GPUs as the test says, with a driver."""
    monkeypatch.setattr(device, "gpus", lambda: request.param)
    monkeypatch.setattr(device, "has_driver", lambda: True)


@pytest.mark.parametrize(
    ("cards", "asked", "got"),
    [
        (2, "auto", "cuda"),
        (0, "auto", "cpu"),
        (2, "cpu", "cpu"),
        (2, "cuda", "cuda"),
        (2, "cuda:1", "cuda:1"),
        (0, "mps", "mps"),
    ],
    indirect=["cards"],
)
def test_a_gpu_is_taken_where_there_is_one_unless_something_else_is_asked_for(
    cards: None, asked: str, got: str
) -> None:
    assert resolved(asked) == got


@pytest.mark.parametrize(
    ("cards", "asked", "told"),
    [
        (0, "cuda", "PyTorch finds 0 GPUs; see what works here: ragreason doctor"),
        (2, "cuda:2", "PyTorch finds 2 GPUs"),
        (2, "gpu", "expected auto, cpu, cuda, cuda:N or mps; set RAGREASON_RETRIEVAL_DEVICE"),
        (2, "cuda:x", "expected auto"),
    ],
    indirect=["cards"],
)
def test_what_is_not_there_or_not_known_is_refused(cards: None, asked: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        resolved(asked)


def test_without_a_driver_pytorch_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse() -> int:
        raise AssertionError("imports PyTorch")

    monkeypatch.setattr(device, "gpus", refuse)
    monkeypatch.setattr(device, "_DRIVER", (tmp_path / "nvidia",))
    assert resolved("auto") == "cpu"


@pytest.mark.model
@pytest.mark.parametrize("cards", [1], indirect=True)
def test_on_a_gpu_the_model_runs_in_bfloat16_and_vectors_keep_their_name(cards: None) -> None:
    runs = local.LocalEmbedder("minilm", "cuda:0")._runs
    assert isinstance(runs, SentenceTransformersEmbedder)
    assert (runs._device, runs._precision) == ("cuda:0", "bfloat16")
    assert runs.name == local.LocalEmbedder("minilm", "cpu").name == "minilm"


@pytest.mark.model
async def test_in_bfloat16_vectors_point_the_same_way() -> None:
    texts = ["A lake in the north of Vell.", "", "Who built the bridge?"]
    whole = await SentenceTransformersEmbedder("minilm", device="cpu").embed(texts, "query")
    short = SentenceTransformersEmbedder("minilm", device="cpu", precision="bfloat16")
    vectors = await short.embed(texts, "query")
    assert vectors.dtype == whole.dtype
    assert ((vectors * whole).sum(axis=1) > [0.999, -1, 0.999]).all()
    assert not vectors[1].any()
