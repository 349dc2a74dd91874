import asyncio
from pathlib import Path

import pytest

from ragreason.errors import ConfigError, ContextOverflowError, EngineError
from ragreason.generation.scripted import Scripted, load_script
from ragreason.types import Message, Request


def ask(text: str = "capital of France?", **fields: object) -> Request:
    return Request.model_validate({"messages": (Message(role="user", content=text),), **fields})


async def test_the_first_rule_that_fits_wins_over_replies_and_default() -> None:
    engine = Scripted(
        ["next"],
        rules=[("Spain", "Madrid"), ("capital", "Paris"), ("France", "never")],
        default="unknown",
    )
    assert (await engine.generate(ask()))[0].text == "Paris"
    assert (await engine.generate(ask("moon")))[0].text == "next"
    assert (await engine.generate(ask("moon")))[0].text == "unknown"


async def test_rules_see_the_prefill_and_may_be_functions() -> None:
    engine = Scripted(rules=[("so far", "on"), (lambda r: r.n == 2, lambda r: ["a", "b"])])
    assert (await engine.generate(ask("x", prefill="so far")))[0].text == "on"
    sampled = await engine.generate(ask("x", n=2, temperature=1.0))
    assert {c.text for c in sampled} == {"a", "b"}


async def test_a_prompt_without_a_rule_is_a_clear_error() -> None:
    with pytest.raises(EngineError, match=r"no rule fits.*capital of France"):
        await Scripted(rules=[("Spain", "Madrid")]).generate(ask())


async def test_too_few_replies_for_all_samples_is_an_error() -> None:
    with pytest.raises(EngineError, match="3 replies wanted"):
        await Scripted(["a", "b"]).generate(ask(n=3))


async def test_greedy_samples_are_equal_and_sampled_ones_differ_by_position() -> None:
    engine = Scripted(default=["a", "b", "c"])
    assert [c.text for c in await engine.generate(ask(n=3))] == ["a", "a", "a"]
    sampled = [c.text for c in await engine.generate(ask(n=3, temperature=1.0, seed=1))]
    assert sorted(sampled) == ["a", "b", "c"]


async def test_seeds_choose_and_repeat() -> None:
    engine = Scripted(default=list("abcdefgh"))
    first = [(await engine.generate(ask(temperature=1.0, seed=seed)))[0].text for seed in range(20)]
    again = [(await engine.generate(ask(temperature=1.0, seed=seed)))[0].text for seed in range(20)]
    assert first == again
    assert len(set(first)) > 3


async def test_the_prompt_counts_on_the_first_sample_only() -> None:
    first, second = await Scripted(default="one two").generate(ask(n=2))
    assert (first.usage.prompt_tokens, first.usage.calls) == (3, 1)
    assert (second.usage.prompt_tokens, second.usage.calls) == (0, 0)
    assert first.usage.completion_tokens == second.usage.completion_tokens == 2


async def test_max_tokens_cut_and_stop_strings_end_the_text() -> None:
    engine = Scripted(default="one two three")
    (cut,) = await engine.generate(ask(max_tokens=2))
    assert (cut.text, cut.finish_reason) == ("one two", "length")
    (stopped,) = await engine.generate(ask(stop=("three", "two")))
    assert (stopped.text, stopped.finish_reason) == ("one ", "stop")


async def test_words_of_the_prompt_score_higher() -> None:
    engine = Scripted(default="x")
    inside, outside, empty = await engine.score(ask(), ["France", "Lisbon", ""])
    assert outside < inside < 0 == empty


async def test_texts_are_made_to_fit_a_schema_or_regex() -> None:
    engine = Scripted(default='{"a": "kept"}')
    schema = '{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}'
    assert (await engine.generate(ask(json_schema=schema)))[0].text == '{"a": "kept"}'
    assert (await engine.generate(ask(regex="(yes|no)")))[0].text == "yes"


async def test_it_tells_what_was_asked_and_how_much_at_once() -> None:
    engine = Scripted(default="x", latency_s=0.05)
    await asyncio.gather(*(engine.generate(ask(f"q{i}")) for i in range(5)))
    assert (engine.calls, engine.peak, len(engine.requests)) == (5, 5, 5)


async def test_a_prompt_beyond_the_context_overflows() -> None:
    with pytest.raises(ContextOverflowError) as caught:
        await Scripted(default="x", context=4).generate(ask("a b c d e"))
    assert (caught.value.prompt_tokens, caught.value.limit) == (5, 4)


async def test_a_script_file_holds_rules_replies_and_default(tmp_path: Path) -> None:
    path = tmp_path / "demo.yaml"
    path.write_text(
        "rules:\n- {when: France, reply: Paris}\n- {when: many, reply: [a, b]}\n"
        "replies: [next]\ndefault: unknown\ncontext: 100\n"
    )
    engine = load_script(path)
    assert (engine.name, engine.context) == ("scripted:demo", 100)
    texts = [(await engine.generate(ask(q)))[0].text for q in ("France", "many", "x", "x")]
    assert texts == ["Paris", "a", "next", "unknown"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("rules: [{when: a}]", r"rules\.0\.reply: Field required"),
        ("rule: []", "rule: Extra inputs"),
        ("{", "not YAML"),
        ("- a", "expected a YAML mapping with some of rules, replies, .*, but it holds a list"),
        ("Paris", "expected a YAML mapping .*, but it holds a single value: 'Paris'"),
        ("false", "expected a YAML mapping .*, but it holds a single value: 'False'"),
    ],
)
def test_a_wrong_script_file_says_where(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=complaint):
        load_script(path)


def test_an_absent_script_file_is_named() -> None:
    with pytest.raises(ConfigError, match=r"no script at 'nowhere\.yaml'"):
        load_script(Path("nowhere.yaml"))
