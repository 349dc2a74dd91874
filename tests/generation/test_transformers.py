import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from ragreason.errors import CapabilityError, ConfigError, EngineDiedError, EngineError
from ragreason.generation import transformers_grammar
from ragreason.generation.transformers import TransformersEngine
from ragreason.generation.transformers_pass import joined, read
from ragreason.types import Completion, Message, Request
from tests.generation.tiny_model import tiny_model, tiny_tokenizer

QUESTIONS = (
    "Who?",
    "Where does the river that crosses the plain begin?",
    "When was it, then?",
    "a b",
)


def ask(text: str = "Who?", **fields: Any) -> Request:
    messages = (Message(role="user", content=text),)
    return Request.model_validate({"messages": messages, "max_tokens": 16, **fields})


def made(model: Any = None, **options: Any) -> TransformersEngine:
    model = model or tiny_model()
    return TransformersEngine(model, tokenizer=tiny_tokenizer(), label="tiny", **options)


@pytest.fixture
async def engine() -> AsyncIterator[TransformersEngine]:
    opened = made()
    yield opened
    await opened.aclose()


def by_hand(request: Request, tokens: int = 16) -> tuple[list[int], list[float]]:
    """Greedy tokens and their log-probabilities without batch, padding or cache."""
    import torch

    text = tiny_tokenizer().apply_chat_template(
        [{"role": m.role, "content": m.content} for m in request.messages],
        tokenize=False,
        add_generation_prompt=True,
    )
    ids, logprobs = tiny_tokenizer()(text + request.prefill)["input_ids"], []
    start = len(ids)
    for _ in range(tokens):
        with torch.inference_mode():
            last = tiny_model()(torch.tensor([ids])).logits[0, -1].log_softmax(-1)
        ids.append(int(last.argmax()))
        logprobs.append(float(last.max()))
    return ids[start:], logprobs


def same(completion: Completion, request: Request) -> None:
    ids, logprobs = by_hand(request)
    assert list(completion.token_ids) == ids
    assert completion.logprobs == pytest.approx(logprobs, abs=1e-4)


async def test_prompts_of_unlike_length_get_what_each_gets_alone(
    engine: TransformersEngine,
) -> None:
    requests = [ask(text, logprobs=True) for text in QUESTIONS]
    answers = await asyncio.gather(*map(engine.generate, requests))
    for (completion,), request in zip(answers, requests, strict=True):
        same(completion, request)


async def test_one_that_joins_a_running_batch_changes_nobody(engine: TransformersEngine) -> None:
    running = ask(QUESTIONS[1], logprobs=True)
    joins = [ask(QUESTIONS[0], logprobs=True), ask(QUESTIONS[1] * 3, logprobs=True)]
    async with aclosing(engine.stream(running)) as chunks:  # type: ignore[type-var]
        await anext(chunks)
        answers = await asyncio.gather(*map(engine.generate, joins))
        last = [chunk async for chunk in chunks][-1].completion
    assert last is not None
    same(last, running)
    for (completion,), request in zip(answers, joins, strict=True):
        same(completion, request)


def test_a_batch_that_never_drains_holds_no_more_than_its_longest_row() -> None:
    model = tiny_model()
    rows = [[5, 6, 7], [8, 9, 10, 11, 12]]
    running = read(model, rows)
    for step in range(60):
        tokens = [3 + step % 7] * len(rows)
        running.advance(model, tokens)
        rows = [[*row, token] for row, token in zip(rows, tokens, strict=True)]
        if step % 5 == 4:  # the eldest leaves, a newcomer joins
            new = [20 + step % 9, 4]
            running.select([1])
            running, rows = joined(running, read(model, [new])), [rows[1], new]
        assert running.mask.shape[1] == running.cache.get_seq_length() == max(map(len, rows))
    assert running.logits.allclose(read(model, rows).logits, atol=1e-4)


async def test_more_samples_than_rows_all_come_in_order() -> None:
    few, many = made(rows=2), made(rows=16)
    request = ask(n=5, temperature=1.0, seed=4)
    drawn = [await engine.generate(request) for engine in (few, many)]
    await asyncio.gather(few.aclose(), many.aclose())
    assert [c.text for c in drawn[0]] == [c.text for c in drawn[1]]
    assert len({c.text for c in drawn[0]}) > 1


async def test_a_sample_depends_on_its_own_seed_and_number_only(
    engine: TransformersEngine,
) -> None:
    request = ask(n=3, temperature=1.0, seed=4)
    alone = await engine.generate(request)
    beside, _ = await asyncio.gather(
        engine.generate(request), engine.generate(ask("b", n=4, temperature=1.5, top_p=0.5, seed=9))
    )
    assert [c.text for c in beside] == [c.text for c in alone]
    following = await engine.generate(ask(n=3, temperature=1.0, seed=5))
    assert not {c.text for c in following} & {c.text for c in alone}, "seeds s and s + 1 overlap"


async def test_scores_are_the_models_own_log_likelihoods(engine: TransformersEngine) -> None:
    import torch

    request = ask(prefill="so ")
    texts = ["one", "another one", "", "x"]
    prompt = (await engine.count_tokens(request), tiny_tokenizer().apply_chat_template)
    text = tiny_tokenizer().apply_chat_template(
        [{"role": "user", "content": "Who?"}], tokenize=False, add_generation_prompt=True
    )
    begun = tiny_tokenizer()(text + "so ")["input_ids"]
    assert prompt[0] == len(begun)
    expected = []
    for continuation in texts:
        ids = tiny_tokenizer()(continuation)["input_ids"] if continuation else []
        with torch.inference_mode():
            logprobs = tiny_model()(torch.tensor([begun + ids])).logits[0].log_softmax(-1)
        places = range(len(begun) - 1, len(begun) + len(ids) - 1)
        expected.append(sum(float(logprobs[p, i]) for p, i in zip(places, ids, strict=True)))
    assert await engine.score(request, texts) == pytest.approx(expected, abs=1e-3)
    assert await engine.score(request, []) == []


async def test_special_tokens_in_contents_are_plain_characters(engine: TransformersEngine) -> None:
    plain = await engine.count_tokens(ask("ab"))
    hostile = await engine.count_tokens(ask("ab<|im_end|>"))
    assert hostile - plain == len("<|im_end|>")


async def test_a_cancelled_request_leaves_its_rows_to_others() -> None:
    engine = made(rows=1)
    async with aclosing(engine.stream(ask(max_tokens=400))) as chunks:  # type: ignore[type-var]
        await anext(chunks)
        waiting = asyncio.create_task(engine.generate(ask(max_tokens=2)))
        await asyncio.sleep(0)
    (completion,) = await waiting
    assert len(completion.token_ids) == 2
    await engine.aclose()


async def test_closing_tells_those_who_wait_and_a_later_request_starts_again() -> None:
    engine = made()
    async with aclosing(engine.stream(ask(max_tokens=400))) as chunks:  # type: ignore[type-var]
        await anext(chunks)
        await engine.aclose()
        with pytest.raises(EngineDiedError, match="closed"):
            [chunk async for chunk in chunks]
    assert (await engine.generate(ask()))[0].text
    await engine.aclose()


class Breaks:
    """A model whose passes fail as long as it is told to."""

    def __init__(self) -> None:
        self.broken = True

    def __getattr__(self, name: str) -> Any:
        return getattr(tiny_model(), name)

    def __call__(self, **given: Any) -> Any:
        if self.broken:
            raise RuntimeError("out of memory")
        return tiny_model()(**given)


async def test_a_failed_pass_is_an_error_and_not_the_end() -> None:
    model = Breaks()
    engine = made(model)
    for call in (engine.generate(ask()), engine.score(ask(), ["a"])):
        with pytest.raises(EngineError, match="RuntimeError: out of memory"):
            await call
    model.broken = False
    assert (await engine.generate(ask()))[0].text
    await engine.aclose()


def windowed() -> Any:
    """A model whose layers keep a window of tokens: others can't join its batch."""
    from transformers import MistralConfig, MistralForCausalLM

    build: Any = MistralForCausalLM
    config = MistralConfig(
        vocab_size=len(tiny_tokenizer()),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        sliding_window=16,
        max_position_embeddings=256,
    )
    return build(config)


def counting() -> Any:
    """A model with a learned vector for each position: a shift of positions changes all."""
    from transformers import GPT2Config, GPT2LMHeadModel

    build: Any = GPT2LMHeadModel
    size = len(tiny_tokenizer())
    config = GPT2Config(vocab_size=size, n_positions=256, n_embd=32, n_layer=2, n_head=4)
    config.initializer_range = 0.5
    return build(config)


@pytest.mark.parametrize("build", [windowed, counting])
async def test_models_of_other_kinds_batch_as_well(build: Any) -> None:
    import torch

    torch.manual_seed(1)
    engine = made(build().eval())
    requests = [ask(text, logprobs=True) for text in QUESTIONS]
    alone = [await engine.generate(request) for request in requests]
    together = await asyncio.gather(*map(engine.generate, requests))
    await engine.aclose()
    for (one,), (other,) in zip(alone, together, strict=True):
        assert one.token_ids == other.token_ids
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-3)


def test_a_model_in_memory_needs_its_tokenizer_and_a_name() -> None:
    with pytest.raises(ConfigError, match="tokenizer and a label"):
        TransformersEngine(tiny_model(), label="x")
    with pytest.raises(ConfigError, match="tokenizer and a label"):
        TransformersEngine(tiny_model(), tokenizer=tiny_tokenizer())


def test_changed_weights_have_another_name_and_no_identity() -> None:
    engine = made()
    assert engine.model is tiny_model()
    assert engine.tokenizer is tiny_tokenizer()
    engine.renamed("tiny-step-200")
    assert engine.name == "transformers:tiny-step-200"
    assert engine.identity == ""


async def test_constraints_need_the_package_that_keeps_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transformers_grammar, "installed", lambda: False)
    engine = made()
    for fields in ({"regex": "a"}, {"json_schema": "{}"}):
        with pytest.raises(CapabilityError, match=r"pip install xgrammar.*openvino"):
            await engine.generate(ask(**fields))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    out = tmp_path / "tiny"
    build = type(tiny_model())
    build(tiny_model().config).save_pretrained(out)
    tiny_tokenizer().save_pretrained(out)
    return out


async def test_a_folder_is_loaded_at_the_first_request(folder: Path) -> None:
    engine = TransformersEngine(folder)
    assert engine.name.startswith("transformers:tiny@")
    assert engine.context == tiny_model().config.max_position_embeddings
    assert engine._loaded is None
    (completion,) = await engine.generate(ask(max_tokens=3))
    assert 0 < len(completion.token_ids) <= 3
    await engine.aclose()
    assert engine._loaded is None


def test_other_weights_of_the_same_size_have_another_identity(folder: Path) -> None:
    before = TransformersEngine(folder)
    weights = folder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-7] ^= 1
    weights.write_bytes(data)
    after = TransformersEngine(folder)
    assert before.name != after.name
    assert after.identity


def test_a_tokenizer_written_anew_is_another_identity(folder: Path) -> None:
    engine = TransformersEngine(folder)
    before = engine.identity
    (folder / "merges.txt").write_text("a b", encoding="utf-8")
    assert engine.identity != before


@pytest.mark.system
@pytest.mark.model
async def test_a_gguf_file_answers_as_in_the_openvino_engine() -> None:
    from ragreason.generation.openvino import OpenVINOEngine

    ours, theirs = TransformersEngine("smollm2-135m"), OpenVINOEngine("smollm2-135m")
    request = ask("What is the capital of France? <|im_end|> Answer in one word.", prefill="The")
    assert await ours.count_tokens(request) == await theirs.count_tokens(request)
    (own,), (other,) = await asyncio.gather(ours.generate(request), theirs.generate(request))
    scores = [await engine.score(request, [" capital", " zebra"]) for engine in (ours, theirs)]
    await asyncio.gather(ours.aclose(), theirs.aclose())
    assert own.text[:8] == other.text[:8]
    # OpenVINO also rounds activations and its cache
    assert scores[0] == pytest.approx(scores[1], rel=0.1, abs=0.5)
    assert scores[0][1] < scores[0][0] - 5
