"""The in-process engine on vLLM's CPU build, beyond what every engine's suite looks at."""

import asyncio
from contextlib import aclosing
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest

from ragreason.errors import CapabilityError, ConfigError, EngineDiedError
from ragreason.generation.transformers import TransformersEngine
from ragreason.generation.vllm import VLLMEngine
from ragreason.generation.vllm_options import Options
from ragreason.types import Message, Request, ToolSpec

PASSAGE = "The Morn is a river. It begins in the hills of Vess and ends in the sea at Harrowby. "


def ask(text: str = "Count from one to twenty in words.", **fields: Any) -> Request:
    messages = (
        Message(role="system", content="Answer."),
        Message(role="user", content=text),
    )
    return Request.model_validate({"messages": messages, "max_tokens": 12, **fields})


def unfinished(engine: VLLMEngine) -> int:
    running = engine._host._running
    assert running is not None
    return running.unfinished


async def until(engine: VLLMEngine, requests: int) -> None:
    """Wait until vLLM holds so many: it tells nobody when that changes."""
    for _ in range(3000):
        if unfinished(engine) == requests:
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"vLLM holds {unfinished(engine)} requests, expected {requests}")


async def test_it_reads_and_scores_as_transformers_does(smolvllm: VLLMEngine) -> None:
    other = TransformersEngine("smollm2-135m", dtype="bfloat16", device="cpu")
    request = ask("What is the capital of France? <|im_end|>", prefill="The capital")
    texts = [" of France is Paris.", " zebra", ""]
    assert await smolvllm.count_tokens(request) == await other.count_tokens(request)
    own, theirs = await smolvllm.score(request, texts), await other.score(request, texts)
    await other.aclose()
    assert own == pytest.approx(theirs, rel=0.05, abs=0.3)  # float32 against bfloat16


async def test_scores_stay_the_same_once_their_tokens_are_cached(smolvllm: VLLMEngine) -> None:
    request = ask(PASSAGE * 12)
    long = " ".join(["The river ends in the sea and the hills are high."] * 20)
    first = await smolvllm.score(request, [long, "Vess"])
    assert await smolvllm.score(request, [long, "Vess"]) == pytest.approx(first, rel=1e-3)
    (said,) = await smolvllm.generate(request.model_copy(update={"max_tokens": 200}))
    of_own = await smolvllm.score(request, [said.text])
    told = await smolvllm.generate(request.model_copy(update={"max_tokens": 200, "logprobs": True}))
    own = told[0].sum_logprob
    assert own is not None
    if told[0].finish_reason == "length":  # the end token is no part of the text
        assert of_own[0] == pytest.approx(own, rel=0.05)


async def test_cached_prompt_tokens_are_counted_by_vllm_itself(smolvllm: VLLMEngine) -> None:
    request = ask("Once more. " + PASSAGE * 12)
    cold, warm = [(await smolvllm.generate(request))[0].usage for _ in range(2)]
    assert cold.cached_tokens is not None
    assert warm.cached_tokens is not None
    assert cold.cached_tokens < warm.cached_tokens < warm.prompt_tokens
    assert warm.cached_tokens > warm.prompt_tokens // 2


async def test_cancelled_requests_are_aborted_in_vllm(smolvllm: VLLMEngine) -> None:
    await smolvllm.generate(ask())
    tasks = [
        asyncio.create_task(smolvllm.generate(ask(f"{i}", max_tokens=2000, regex="a{2000}")))
        for i in range(4)
    ]
    await until(smolvllm, 4)
    for task in tasks:
        task.cancel()
    assert all(isinstance(r, asyncio.CancelledError) for r in await _results(tasks))
    await until(smolvllm, 0)


async def test_a_stream_left_early_is_aborted_in_vllm(smolvllm: VLLMEngine) -> None:
    request = ask(max_tokens=2000, regex="a{2000}")
    async with aclosing(smolvllm.stream(request)) as chunks:  # type: ignore[type-var]
        await anext(chunks)
        assert unfinished(smolvllm) == 1
    await until(smolvllm, 0)


def test_it_serves_any_event_loop(smolvllm: VLLMEngine) -> None:
    texts = [asyncio.run(smolvllm.generate(ask()))[0].text for _ in range(2)]
    assert texts[0] == texts[1]


async def test_a_choice_is_a_regex(smolvllm: VLLMEngine) -> None:
    request = ask(regex="(Harrowby|Vess|Morn)", n=4, temperature=1.0, seed=2)
    assert {c.text for c in await smolvllm.generate(request)} <= {"Harrowby", "Vess", "Morn"}


async def test_several_samples_read_the_prompt_once(smolvllm: VLLMEngine) -> None:
    request = ask("Twice. " + PASSAGE * 12, n=4, temperature=1.0, seed=3)
    completions = await smolvllm.generate(request)
    assert len({c.text for c in completions}) > 1
    assert [c.usage.prompt_tokens > 0 for c in completions] == [True, False, False, False]


async def test_tools_need_a_model_that_was_taught_them(smolvllm: VLLMEngine) -> None:
    tool = ToolSpec(name="search", description="Finds.", parameters='{"type": "object"}')
    with pytest.raises(CapabilityError, match="tool_call"):
        await smolvllm.generate(ask(tools=(tool,)))


async def test_an_engine_without_adapters_says_how_to_have_them(smolvllm: VLLMEngine) -> None:
    with pytest.raises(ConfigError, match="enable_lora"):
        smolvllm.with_adapter("tuned")


async def test_what_vllm_can_not_run_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"architectures": ["Nothing"], "model_type": "llama"}')
    with pytest.raises(ConfigError, match="can't be loaded"):
        VLLMEngine(tmp_path)


async def test_an_adapter_changes_what_is_said_and_a_dead_engine_is_started_again(
    smollm_folder: Path, tmp_path: Path
) -> None:
    adapter, before = _adapter(tmp_path / "tuned"), set(active_children())
    further = {"enforce_eager": True, "max_num_seqs": 4, "max_loras": 2}
    options = Options(dtype="float32", further=further)
    tuned = VLLMEngine(smollm_folder, context=512, adapter=adapter, options=options)
    assert "+tuned@" in tuned.name
    other = TransformersEngine(smollm_folder)
    (score,), (plain,) = await tuned.score(ask(), ["one"]), await other.score(ask(), ["one"])
    assert abs(score - plain) > 0.5
    other_tuned = tuned.with_adapter(_adapter(tmp_path / "second", seed=1))
    (second,) = await other_tuned.score(ask(), ["one"])
    await other_tuned.aclose()
    assert abs(second - score) > 0.1
    assert other_tuned.name != tuned.name
    assert await tuned.score(ask(), ["one"]) == pytest.approx([score], rel=1e-3)

    async with aclosing(tuned.stream(ask(max_tokens=400, regex="a{400}"))) as chunks:  # type: ignore[type-var]
        await anext(chunks)
        for process in set(active_children()) - before:
            process.kill()
        with pytest.raises(EngineDiedError):
            [chunk async for chunk in chunks]
    assert (await tuned.score(ask(), ["one"])) == pytest.approx([score], rel=1e-3)
    await asyncio.gather(tuned.aclose(), other.aclose())


def _adapter(folder: Path, seed: int = 0) -> Path:
    """A LoRA adapter that changes every query projection a lot."""
    import json

    import torch
    from safetensors.torch import save_file

    folder.mkdir()
    torch.manual_seed(seed)
    weights = {}
    for layer in range(30):
        name = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
        weights[f"{name}.lora_A.weight"] = torch.randn(8, 576) * 0.1
        weights[f"{name}.lora_B.weight"] = torch.randn(576, 8) * 0.1
    save_file(weights, folder / "adapter_model.safetensors")
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": 8,
        "lora_alpha": 16,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": ["q_proj"],
    }
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


async def _results(tasks: list[Any]) -> list[Any]:
    return await asyncio.gather(*tasks, return_exceptions=True)
