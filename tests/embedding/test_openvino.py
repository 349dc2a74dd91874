import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from ragreason import models
from ragreason.embedding.convert import MODEL, converted
from ragreason.embedding.folder import model_folder
from ragreason.embedding.local import LocalEmbedder
from ragreason.embedding.openvino import OpenVINOEmbedder
from ragreason.embedding.sentence_transformers import SentenceTransformersEmbedder
from ragreason.errors import ConfigError

pytestmark = pytest.mark.model
TEXTS = [
    "A lake in the north of Vell.",
    "Who built the bridge?",
    "北方的湖泊在哪里？",
    "x",
    "word " * 400,
    "A " + "very " * 40 + "long way to the harbour.",
    "naïve café — 3.5 % of Ünïcode",
    "!?",
]


@pytest.fixture(scope="module")
def embedder() -> OpenVINOEmbedder:
    return OpenVINOEmbedder("minilm")


async def test_in_float32_vectors_are_those_of_sentence_transformers() -> None:
    reference = await SentenceTransformersEmbedder("minilm", device="cpu").embed(TEXTS, "passage")
    vectors = await OpenVINOEmbedder("minilm", "float32").embed(TEXTS, "passage")
    assert np.abs(vectors - reference).max() < 1e-5


async def test_in_the_cpus_own_precision_they_point_the_same_way(
    embedder: OpenVINOEmbedder,
) -> None:
    reference = await OpenVINOEmbedder("minilm", "float32").embed(TEXTS, "passage")
    cosines = (reference * await embedder.embed(TEXTS, "passage")).sum(axis=1)
    assert cosines.min() > 0.9995


async def test_a_vector_is_the_same_bit_for_bit_in_any_batch_and_order(
    embedder: OpenVINOEmbedder,
) -> None:
    together = await embedder.embed(TEXTS, "query")
    alone = [await embedder.embed([text], "query") for text in TEXTS]
    backwards = await embedder.embed(TEXTS[::-1], "passage")
    at_once = await asyncio.gather(*(embedder.embed([text], "query") for text in TEXTS))
    assert np.array_equal(together, np.concatenate(alone))
    assert np.array_equal(together, backwards[::-1])
    assert np.array_equal(together, np.concatenate(at_once))


def test_threads_with_loops_of_their_own_share_it(embedder: OpenVINOEmbedder) -> None:
    expected = asyncio.run(embedder.embed(TEXTS, "query"))
    same: list[bool] = []

    def work() -> None:
        same.append(np.array_equal(asyncio.run(embedder.embed(TEXTS, "query")), expected))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert same == [True] * 4


def test_it_asks_no_network_and_imports_no_pytorch() -> None:
    converted(model_folder("minilm"))
    script = (
        "import asyncio, socket, sys\n"
        "def refuse(*a): raise SystemExit(f'connects to {a[1:]}')\n"
        "socket.socket.connect = refuse; socket.getaddrinfo = refuse\n"
        "from ragreason.embedding.open import open_embedder\n"
        "print(asyncio.run(open_embedder('minilm').embed(['text'], 'query')).shape)\n"
        "print({'torch', 'openvino_telemetry', 'transformers'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.stdout, done.stderr) == ("(1, 384)\nset()\n", "")


def test_the_converted_model_is_kept_by_what_it_was_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Path] = []

    def convert_to(target: Path, folder: object) -> None:
        calls.append(target)
        target.mkdir()
        (target / MODEL).touch()

    monkeypatch.setattr("ragreason.embedding.convert._convert_to", convert_to)
    home = type("Home", (), {"resolved_home": lambda self: tmp_path})()
    monkeypatch.setattr("ragreason.embedding.convert.settings", lambda: home)
    source = models.path("minilm")
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in source.rglob("*"):
        if file.is_file():
            (copy / file.relative_to(source)).parent.mkdir(exist_ok=True)
            (copy / file.relative_to(source)).symlink_to(file)
    first = converted(model_folder("minilm"))
    assert converted(model_folder("minilm")) == first
    assert converted(model_folder(str(copy))) == first
    assert len(calls) == 1
    (copy / "sentence_bert_config.json").unlink()
    (copy / "sentence_bert_config.json").write_text('{"max_seq_length": 128}', encoding="utf-8")
    assert converted(model_folder(str(copy))) != first


def test_a_model_with_prompts_is_left_to_sentence_transformers(tmp_path: Path) -> None:
    source = models.path("minilm")
    for file in source.rglob("*"):
        if file.is_file():
            (tmp_path / file.relative_to(source)).parent.mkdir(exist_ok=True)
            (tmp_path / file.relative_to(source)).symlink_to(file)
    assert model_folder(str(tmp_path)).is_plain
    (tmp_path / "config_sentence_transformers.json").unlink()
    (tmp_path / "config_sentence_transformers.json").write_text(
        '{"prompts": {"query": "query: "}}', encoding="utf-8"
    )
    assert not model_folder(str(tmp_path)).is_plain
    with pytest.raises(ConfigError, match="prompts"):
        OpenVINOEmbedder(str(tmp_path))
    runs = LocalEmbedder(str(tmp_path), "cpu")._runs
    assert isinstance(runs, SentenceTransformersEmbedder)
