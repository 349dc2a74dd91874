"""Engines think as hard as they are told, and every token is counted."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from math import log
from typing import Any, cast

import pytest

from ragreason.errors import CapabilityError, ContextOverflowError
from ragreason.generation.metered import Metered
from ragreason.generation.scripted import Scripted
from ragreason.generation.thinking import Thinking
from ragreason.generation.thinking_effort import Thought
from ragreason.ledger import Meter, metering
from ragreason.protocols import Capability, Chunk, Generator
from ragreason.types import Budget, Completion, Message, Request, ToolSpec, Usage

TAGGED = frozenset({*Scripted.capabilities, "think_tags"})
QUESTION = "When was she born?"


def ask(prefill: str = "Answer:", **fields: Any) -> Request:
    messages = (Message(role="user", content=QUESTION),)
    return Request.model_validate(
        {"messages": messages, "prefill": prefill, "max_tokens": 8, "seed": 3, **fields}
    )


def thinker(
    thoughts: str | Callable[[Request], str],
    reply: str = " 1874",
    *,
    capabilities: frozenset[Capability] = Scripted.capabilities,
    kind: type[Scripted] = Scripted,
) -> Scripted:
    """Says `reply` where the prompt ends in the cue, else its thoughts."""
    cues = ("Answer:", "Reply:\n", "</think>\n\n")
    return kind(
        rules=[(lambda r: r.prefill.endswith(cues), reply), (lambda _: True, thoughts)],
        capabilities=capabilities,
    )


def wrapped(engine: Generator, effort: Any) -> Thinking:
    metered = cast(Generator, Metered(engine))
    return Thinking(metered, None if effort is None else Thought.model_validate(effort))


async def replied(engine: Scripted, effort: Any, request: Request | None = None) -> Completion:
    """The one reply, after a check that the meter, the completion and the engine agree."""
    with metering(Meter()) as meter:
        (completion,) = await wrapped(engine, effort).generate(request or ask())
    assert meter.spent == completion.usage
    assert meter.spent.calls == engine.calls
    prompts = sum([await engine.count_tokens(r) for r in engine.requests])
    assert meter.spent.prompt_tokens == prompts
    return completion


async def test_a_plain_model_thinks_in_words_before_its_cue() -> None:
    engine = thinker(" She was born in 1874.")
    completion = await replied(engine, "low")
    assert (completion.text, completion.reasoning) == (" 1874", "She was born in 1874.")
    thinking, answering = engine.requests
    assert thinking.messages == answering.messages
    assert thinking.messages[0].content == f"{QUESTION}\n\nThink first, in at most 24 words."
    assert thinking.prefill == "Let me think:"
    assert answering.prefill == "Let me think: She was born in 1874.\nAnswer:"
    assert (thinking.max_tokens, answering.max_tokens) == (48, 8)
    assert completion.usage.reasoning_tokens == 5
    assert completion.usage.completion_tokens == 5 + 1


async def test_thinking_stands_before_the_last_line_of_a_transcript() -> None:
    engine = thinker(" Who is she?")
    engine._rules = ((lambda r: r.prefill.endswith("Thought:"), " fine"), engine._rules[1])
    await replied(engine, "low", ask("Thought: a\nPassages:\n[1] b\nThought:"))
    thinking, answering = engine.requests
    assert thinking.prefill == "Thought: a\nPassages:\n[1] b\nLet me think:"
    assert answering.prefill == f"{thinking.prefill} Who is she?\nThought:"
    assert thinking.stop == ("\n\n", "Thought:")


async def test_a_reply_that_was_not_begun_gets_a_cue_of_its_own() -> None:
    engine = thinker(" Hm.")
    await replied(engine, "low", ask(""))
    assert engine.requests[1].prefill == "Let me think: Hm.\n\nReply:\n"


async def test_a_chinese_question_is_thought_about_in_chinese() -> None:
    engine = Scripted(["她生于一八七四年。", "1874"])
    request = ask("答案：", messages=(Message(role="user", content="她是什么时候出生的？"),))
    await replied(engine, "low", request)
    assert engine.requests[0].prefill == "让我想想："
    assert "先思考" in engine.requests[0].messages[0].content


async def test_a_model_that_writes_its_cue_has_thought_enough() -> None:
    engine = thinker(" Born 1874.\nAnswer: 1874")
    completion = await replied(engine, "low")
    assert (completion.reasoning, completion.text) == ("Born 1874.", " 1874")


async def test_a_trained_model_thinks_between_its_tags() -> None:
    engine = thinker("First this.\n\nThen that.</think>rest", capabilities=TAGGED)
    completion = await replied(engine, {"level": "low"})
    assert completion.reasoning == "First this.\n\nThen that."
    thinking, answering = engine.requests
    assert thinking.messages[0].content == QUESTION, "no wish for few words"
    assert thinking.prefill == "<think>\n"
    assert answering.prefill == f"<think>\n{completion.reasoning}\n</think>\n\nAnswer:"
    assert thinking.max_tokens == 1024


async def test_effort_none_begins_a_trained_models_reply_behind_an_empty_thought() -> None:
    engine = thinker("never", capabilities=TAGGED)
    completion = await replied(engine, "none")
    assert (completion.text, completion.usage.reasoning_tokens) == (" 1874", 0)
    assert [r.prefill for r in engine.requests] == ["<think>\n\n</think>\n\nAnswer:"]


async def test_effort_none_changes_nothing_for_a_plain_model() -> None:
    engine = thinker("never")
    await replied(engine, "none")
    assert engine.requests[0].prefill == "Answer:"


async def test_the_cap_forces_the_end() -> None:
    engine = thinker(" one two three four five six")
    completion = await replied(engine, {"cap": 4, "soft": 0})
    assert completion.reasoning == "one two three four"
    assert engine.requests[1].prefill == "Let me think: one two three four\nAnswer:"
    assert engine.requests[0].messages[0].content == QUESTION


async def test_the_prompt_asks_for_at_most_so_many_words() -> None:
    engine = thinker(" Hm.")
    await replied(engine, {"cap": 300, "soft": 7})
    assert engine.requests[0].messages[0].content.endswith("in at most 7 words.")


async def test_a_model_that_stops_too_early_is_made_to_go_on() -> None:
    said = {"<think>\n": "Ann.</think>", "Wait,": " no: Edda was it.</think>"}
    engine = thinker(
        lambda r: next(text for end, text in said.items() if r.prefill.endswith(end)),
        capabilities=TAGGED,
    )
    completion = await replied(engine, {"at_least": 3, "cap": 20})
    assert completion.reasoning == "Ann.\nWait, no: Edda was it."
    assert [r.max_tokens for r in engine.requests] == [20, 19, 8]
    assert completion.usage.reasoning_tokens == 1 + 4
    seeds = {r.seed for r in engine.requests[:2]}
    assert len(seeds) == 2, "a round that goes on draws afresh"


@pytest.mark.parametrize(
    ("thoughts", "repeats", "rounds"),
    [("", True, 1), (" so", True, 9), (" is that not most interesting?", False, 2)],
)
async def test_waiting_ends_whatever_the_model_does(
    thoughts: str, repeats: bool, rounds: int
) -> None:
    engine = thinker(thoughts)
    await replied(engine, {"at_least": 1000, "cap": 2000, "repeats": repeats})
    assert engine.calls == rounds + 1


async def test_thinking_that_repeats_itself_ends_before_the_repetition() -> None:
    loop = " The bridge was built by Edda." + " She lived in Harrowby then." * 9
    engine = thinker(loop)
    completion = await replied(engine, {"cap": 200})
    expected = "The bridge was built by Edda. She lived in Harrowby then."
    assert completion.reasoning == expected
    assert completion.usage.reasoning_tokens < len(loop.split())
    completion = await replied(thinker(loop), {"cap": 200, "repeats": True})
    assert completion.usage.reasoning_tokens == len(loop.split())


class Sure(Scripted):
    """Sure of its reply where the prompt holds a certain thought; keeps what was left early."""

    sure_after = "Second"
    left = 0

    async def generate(self, request: Request) -> list[Completion]:
        found = await super().generate(request)
        if not request.logprobs:
            return found
        chance = 0.99 if self.sure_after in request.prefill else 0.5
        return [
            c.model_copy(update={"logprobs": (log(chance),) * len(c.text.split())}) for c in found
        ]

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        whole = False
        async with aclosing(cast(Any, super().stream(request))) as chunks:
            try:
                async for chunk in chunks:
                    await asyncio.sleep(0)
                    whole = chunk.completion is not None
                    yield chunk
            finally:
                self.left += not whole


LONG = " First it was. Second it is. Third it will be. Fourth and last."


async def test_a_sure_probe_ends_the_thinking_and_is_the_reply() -> None:
    engine = cast(Sure, thinker(LONG, kind=Sure))
    completion = await replied(engine, {"exit": 0.95})
    assert (completion.text, completion.reasoning) == (" 1874", "First it was. Second it is.")
    assert completion.logprobs is None
    assert engine.left == 1, "the stream was closed"
    probes = engine.requests[1:]
    assert [p.prefill for p in probes] == [
        "Let me think: First it was.\nAnswer:",
        "Let me think: First it was. Second it is.\nAnswer:",
    ]
    usage = completion.usage
    assert usage.completion_tokens == usage.reasoning_tokens + 1, "the last probe is the reply"
    assert 6 + 1 <= usage.reasoning_tokens < len(LONG.split()) + 1


async def test_an_unsure_probe_changes_nothing_but_the_cost() -> None:
    engine = cast(Sure, thinker(LONG, kind=Sure))
    engine.sure_after = "never"
    completion = await replied(engine, {"exit": 0.95})
    assert completion.reasoning == LONG.strip()
    assert engine.left == 0
    assert completion.usage.reasoning_tokens == len(LONG.split()) + 3
    assert completion.usage.calls == 1 + 3 + 1


@pytest.mark.parametrize("fields", [{"temperature": 0.7}, {"logprobs": True}])
async def test_a_reply_that_a_probe_can_not_stand_for_is_asked_for(fields: Any) -> None:
    engine = cast(Sure, thinker(LONG, kind=Sure))
    completion = await replied(engine, {"exit": 0.95}, ask(**fields))
    assert completion.reasoning == "First it was. Second it is."
    reused = "logprobs" in fields
    assert completion.usage.calls == (3 if reused else 4)
    assert (completion.logprobs is not None) == reused


async def test_a_long_reply_is_asked_for_after_its_probe() -> None:
    engine = cast(Sure, thinker(LONG, " word" * 20, kind=Sure))
    completion = await replied(engine, {"exit": 0.95}, ask(max_tokens=30))
    assert completion.text == " word" * 20
    assert completion.usage.calls == 4


class Slow(Sure):
    """A probe of the first thought is not done before the second goes on, if it does."""

    goes_on = False
    beside = False

    def __init__(self, *args: Any, **fields: Any) -> None:
        super().__init__(*args, **fields)
        self.probed = asyncio.Event()

    async def generate(self, request: Request) -> list[Completion]:
        if request.logprobs and "Second" not in request.prefill:
            self.probed.set()
            for _ in range(1000):
                await asyncio.sleep(0)  # lets the thinking go on
                self.beside = self.beside or self.goes_on
        return await super().generate(request)

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        async with aclosing(cast(Any, super().stream(request))) as chunks:
            begun = False
            async for chunk in chunks:
                self.goes_on = self.goes_on or begun
                begun = begun or "Second" in chunk.text
                yield chunk


async def test_a_probe_runs_beside_the_next_thought() -> None:
    engine = cast(Slow, thinker(LONG, kind=Slow))
    completion = await replied(engine, {"exit": 0.95})
    assert completion.reasoning == "First it was. Second it is."
    assert engine.beside


async def test_tools_are_called_by_the_reply_and_not_by_the_thinking() -> None:
    tool = ToolSpec(name="search", description="Finds.", parameters='{"type": "object"}')
    engine = thinker(" Hm.")
    await replied(engine, "low", ask(tools=(tool,)))
    assert [r.tools for r in engine.requests] == [(), (tool,)]


async def test_a_probe_keeps_the_form_of_the_reply_and_thinking_has_none() -> None:
    engine = thinker(LONG, "yes", kind=Sure)
    await replied(engine, {"exit": 0.95}, ask(regex="(yes|no)"))
    assert [r.regex for r in engine.requests] == [None, "(yes|no)", "(yes|no)"]


@pytest.mark.parametrize(
    ("effort", "lacking"),
    [({"exit": 0.9}, "logprobs"), ({"at_least": 5}, "prefill"), ({"exit": 0.9}, "stream")],
)
def test_what_an_engine_lacks_is_told_with_engines_that_have_it(
    effort: Any, lacking: Capability
) -> None:
    engine = Scripted(capabilities=Scripted.capabilities - {lacking})
    with pytest.raises(CapabilityError, match=rf"needs {lacking}.*openvino"):
        Thought.model_validate(effort).check(engine)
    Thought.model_validate(effort).check(Scripted())


async def test_an_engine_that_can_not_continue_a_reply_takes_a_turn_to_think() -> None:
    engine = Scripted(["She was born in 1874.", "1874"], capabilities=frozenset({"stream"}))
    completion = await replied(engine, "low", ask(""))
    assert (completion.text, completion.reasoning) == ("1874", "She was born in 1874.")
    thinking, answering = engine.requests
    assert not thinking.prefill
    assert not answering.prefill
    assert answering.messages[0] == thinking.messages[0]
    assert [m.role for m in answering.messages] == ["user", "assistant", "user"]
    assert answering.messages[1].content == "She was born in 1874."


async def test_an_engine_that_thinks_natively_is_told_how_hard() -> None:
    engine = Scripted(["1874"], capabilities=frozenset({"thinking"}))
    await replied(engine, {"level": "high", "cap": 99}, ask(""))
    (request,) = engine.requests
    assert (request.effort, request.thinking_tokens, request.max_tokens) == ("high", 99, 8)


async def test_without_an_effort_a_models_own_thinking_is_split_off() -> None:
    engine = Scripted(default="<think>one two</think>\n\n1874", capabilities=TAGGED)
    completion = await replied(engine, None, ask(""))
    assert (completion.text, completion.reasoning) == ("1874", "one two")
    assert 0 < completion.usage.reasoning_tokens < completion.usage.completion_tokens
    streamed = [c async for c in wrapped(engine, None).stream(ask(""))]
    assert "".join(c.text for c in streamed) == "1874"
    last = streamed[-1].completion
    assert last is not None
    assert (last.text, last.reasoning) == ("1874", "one two")


@pytest.mark.parametrize("effort", [None, "low", "none"])
async def test_a_caller_with_tags_of_its_own_is_left_alone(effort: Any) -> None:
    engine = Scripted(default="a</think>b", capabilities=TAGGED)
    own = ask("<think>", stop=("</search>",))
    completion = await replied(engine, effort, own)
    assert (engine.requests, completion.text) == ([own], "a</think>b")


async def test_likeliest_first_tokens_are_asked_for_without_thinking() -> None:
    engine = thinker("never")
    await replied(engine, "low", ask(top_logprobs=3, max_tokens=1))
    assert engine.calls == 1


async def test_samples_think_apart_and_side_by_side() -> None:
    engine = Scripted(default=[" One.", " Two.", " Three."], latency_s=0.001)
    with metering(Meter()) as meter:
        found = await wrapped(engine, "low").generate(ask(n=3, temperature=0.7))
    assert len({r.seed for r in engine.requests}) == 3
    assert engine.peak == 3
    assert meter.spent == sum((c.usage for c in found), Usage())


async def test_samples_at_temperature_0_are_one() -> None:
    engine = thinker(" Hm.")
    with metering(Meter()) as meter:
        first, second = await wrapped(engine, "low").generate(ask(n=2))
    assert first.text == second.text
    assert second.usage == Usage()
    assert meter.spent == first.usage


async def test_thinking_leaves_room_for_the_reply_in_the_context() -> None:
    engine = Scripted(default=" word" * 100, context=64)
    completion = await replied(engine, "high")
    assert completion.text
    assert engine.requests[0].max_tokens < 40
    full = Scripted(default="x", context=16)
    await replied(full, "high")
    assert full.calls == 1, "no room to think"
    with pytest.raises(ContextOverflowError):
        await wrapped(Scripted(default="x", context=4), "high").generate(ask())


@pytest.mark.parametrize("final", [True, False])
@pytest.mark.parametrize(
    ("budget", "calls", "thought"),
    [
        (Budget(calls=1), 1, False),
        (Budget(calls=2), 2, True),
        (Budget(calls=3), 3, True),
        (Budget(tokens=20), 1, False),
        (Budget(tokens=1000), 4, True),
        (Budget(tokens=100), 2, True),
    ],
)
async def test_a_budget_has_room_for_the_reply_first_then_for_thinking_then_for_probes(
    budget: Budget, calls: int, thought: bool, final: bool
) -> None:
    engine = cast(Sure, thinker(LONG, kind=Sure))
    engine.sure_after = "Third"
    with metering(Meter(budget, final=final)) as meter:
        (completion,) = await wrapped(engine, {"exit": 0.95}).generate(ask())
    assert completion.text == " 1874"
    assert (meter.spent.calls <= calls, bool(completion.reasoning)) == (True, thought)
    assert meter.spent == completion.usage
    assert budget.tokens is None or meter.spent.tokens <= budget.tokens


async def test_a_stream_is_thought_about_then_streamed() -> None:
    engine = thinker(" Hm.", " 18 74")
    with metering(Meter()) as meter:
        chunks = [c async for c in wrapped(engine, "low").stream(ask())]
    assert [c.text for c in chunks] == [" 18", " 74", ""]
    last = chunks[-1].completion
    assert last is not None
    assert (last.text, last.reasoning) == (" 18 74", "Hm.")
    assert meter.spent == last.usage


async def test_a_stream_gives_the_reply_of_a_sure_probe() -> None:
    engine = thinker(LONG, kind=Sure)
    chunks = [c async for c in wrapped(engine, {"exit": 0.95}).stream(ask())]
    assert "".join(c.text for c in chunks) == " 1874"


async def test_a_stream_that_is_left_closes_the_engines() -> None:
    engine = cast(Sure, thinker(" Hm.", " 18 74", kind=Sure))
    async with aclosing(cast(Any, wrapped(engine, "low").stream(ask()))) as stream:
        await anext(stream)
    assert engine.left == 1


async def test_cancelling_leaves_nothing_running() -> None:
    engine = cast(Slow, thinker(LONG, kind=Slow))
    task = asyncio.create_task(wrapped(engine, {"exit": 0.95}).generate(ask()))
    await engine.probed.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert engine.left == 1


async def test_scores_and_counts_are_the_engines() -> None:
    engine, continuations = Scripted(), ["one", "two three"]
    thinking = wrapped(engine, "low")
    assert await thinking.score(ask(), continuations) == await engine.score(ask(), continuations)
    assert await thinking.count_tokens(ask()) == await engine.count_tokens(ask())
    assert (thinking.name, thinking.context) == (engine.name, engine.context)
