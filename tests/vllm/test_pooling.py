"""Embedders and reward models through vLLM's pooling runner, against the ones beside them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ragreason.embedding.sentence_transformers import SentenceTransformersEmbedder
from ragreason.embedding.vllm import VLLMEmbedder
from ragreason.verification.reward_inputs import InputMaker
from ragreason.verification.reward_local import LocalReward
from ragreason.verification.reward_text import Reading
from ragreason.verification.reward_vllm import VLLMReward

FURTHER = {"enforce_eager": True, "dtype": "float32", "max_num_seqs": 8}
TEXTS = ["The river flows north.", "", "A hill in Spain", "word " * 600, "The river flows north."]
READINGS = [
    Reading("Where does the Morn begin?", ("It begins in Vess.", "So the answer is Vess.")),
    Reading("Where does the Morn end?", ("Nobody knows.",)),
]


@pytest.fixture(scope="module")
def embedder() -> Iterator[VLLMEmbedder]:
    made = VLLMEmbedder("minilm", FURTHER)
    yield made
    made.close()


async def test_vectors_are_those_of_sentence_transformers(embedder: VLLMEmbedder) -> None:
    other = SentenceTransformersEmbedder("minilm")
    assert (embedder.name, embedder.dim) == (other.name, other.dim)
    for kind in ("query", "passage"):
        own = await embedder.embed(TEXTS, kind)
        assert np.allclose(np.linalg.norm(own, axis=1), [1, 0, 1, 1, 1], atol=1e-5)
        assert np.allclose(own, await other.embed(TEXTS, kind), atol=2e-3)
    assert (await embedder.embed([], "query")).shape == (0, other.dim)


@pytest.fixture
def reward_folder(smollm_folder: Path, tmp_path: Path) -> Path:
    """A classifier of two classes, random but for its tokenizer."""
    import torch
    import transformers

    torch.manual_seed(0)
    tokenizer = transformers.AutoTokenizer.from_pretrained(smollm_folder)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=512,
        pad_token_id=tokenizer.eos_token_id,
    )
    config.num_labels = 2
    build: Any = transformers.LlamaForSequenceClassification
    build(config).save_pretrained(tmp_path)
    tokenizer.pad_token = tokenizer.eos_token
    tokenizer.save_pretrained(tmp_path)
    return tmp_path


async def test_scores_of_whole_texts_are_those_of_transformers(reward_folder: Path) -> None:
    make = InputMaker(chat=False)
    own = VLLMReward(reward_folder, make, further=FURTHER)
    other = LocalReward(reward_folder, make)
    scores = await own.log_odds(READINGS)
    own.close()
    assert scores == pytest.approx(await other.log_odds(READINGS), abs=1e-3)
    assert scores[0] != scores[1]
