import asyncio
import os
import socket
import time
from pathlib import Path

import numpy as np
import pytest

from ragreason import models
from ragreason.embedding.open import open_embedder
from ragreason.embedding.sentence_transformers import SentenceTransformersEmbedder

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def minilm() -> SentenceTransformersEmbedder:
    return SentenceTransformersEmbedder("minilm")


async def test_meaning_counts_more_than_words(minilm: SentenceTransformersEmbedder) -> None:
    vectors = await minilm.embed(
        ["How do I fix a car?", "repairing an automobile", "How do I fix a meal?"], "query"
    )
    cosines = vectors @ vectors.T  # (3, 3)
    assert cosines[0, 1] > cosines[0, 2]


async def test_it_asks_no_network_and_changes_no_environment(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError(f"connects to {args[1:]}")

    models.path("minilm")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    before = dict(os.environ)
    vectors = await SentenceTransformersEmbedder("minilm").embed(["text"], "passage")
    assert vectors.shape == (1, 384)
    assert {k: v for k, v in os.environ.items() if "HF" in k or "TRANSFORMERS" in k} == {
        k: v for k, v in before.items() if "HF" in k or "TRANSFORMERS" in k
    }
    assert capfd.readouterr().err == ""


async def test_the_event_loop_runs_on(minilm: SentenceTransformersEmbedder) -> None:
    await minilm.embed(["warm"], "passage")
    ticks, started = 0, time.monotonic()
    task = asyncio.create_task(minilm.embed(["some words " * 60] * 48, "passage"))
    while not task.done():
        await asyncio.sleep(0.005)
        ticks += 1
    elapsed_s = time.monotonic() - started
    assert len(await task) == 48
    assert ticks > elapsed_s / 0.005 / 10


async def test_concurrent_calls_do_not_disturb_each_other(
    minilm: SentenceTransformersEmbedder,
) -> None:
    texts = [f"text number {i}" for i in range(12)]
    together = await asyncio.gather(*(minilm.embed([text], "passage") for text in texts))
    alone = await minilm.embed(texts, "passage")
    assert np.allclose(np.concatenate(together), alone, atol=1e-5)


async def test_a_very_long_text_is_cut_not_refused(minilm: SentenceTransformersEmbedder) -> None:
    assert (await minilm.embed(["word " * 20_000], "query")).shape == (1, 384)


def test_a_folder_is_named_by_its_bytes_and_the_catalogue_by_its_name(tmp_path: Path) -> None:
    link = tmp_path / "copy"
    link.symlink_to(models.path("minilm"))
    name = open_embedder(str(link)).name
    assert "@" in name
    assert len(name.partition("@")[2]) == 12
    assert open_embedder("minilm").name == "minilm"
