"""Thinking in a shipped graph, and effort in graphs that have none, take their course."""

from math import log

import pytest

from ragreason.errors import CapabilityError
from ragreason.generation.scripted import Scripted
from ragreason.types import Completion, Request
from tests.graphs.courses import QUESTION, Course, told

THOUGHTS = " The bridge was designed by Edda Quill. She was born in 1874. Or was she not?"


class Sure(Scripted):
    """Sure of its reply once it has thought of 1874."""

    async def generate(self, request: Request) -> list[Completion]:
        found = await super().generate(request)
        chance = 0.99 if "1874" in request.prefill else 0.4
        known = (log(chance),) if request.logprobs else None
        return [c.model_copy(update={"logprobs": known}) for c in found]


def thinker(kind: type[Scripted] = Scripted) -> Scripted:
    return kind(rules=[(lambda r: r.prefill.endswith("Answer:"), " 1874")], default=THOUGHTS)


async def test_think_probes_after_each_thought_and_answers_once_it_is_sure(course: Course) -> None:
    engine = thinker(Sure)
    run = await course.run("think", engine)
    assert told(run) == ["retrieve", f"? {QUESTION.text}", "answer"]
    thinking, first, second = engine.requests
    assert thinking.messages[0].content.endswith(
        f"Question: {QUESTION.text}\n\nThink first, in at most 60 words."
    )
    assert thinking.prefill == "Let me think:"
    assert first.prefill == "Let me think: The bridge was designed by Edda Quill.\nAnswer:"
    assert (
        second.prefill
        == f"{first.prefill.removesuffix(chr(10) + 'Answer:')} She was born in 1874.\nAnswer:"
    )
    assert (run.answer.text, run.answer.usage.calls) == ("1874", 3)
    assert 0 < run.answer.usage.reasoning_tokens < run.answer.usage.completion_tokens
    (thought,) = [e.text for e in run.events if e.kind == "thinking"]
    assert thought == "The bridge was designed by Edda Quill. She was born in 1874."


async def test_think_answers_after_all_its_thoughts_where_it_is_never_sure(course: Course) -> None:
    run = await course.run("think", thinker())
    assert run.answer.text == "1874"
    (thought,) = [e.text for e in run.events if e.kind == "thinking"]
    assert thought == THOUGHTS.strip()


def test_think_needs_an_engine_that_tells_probabilities(course: Course) -> None:
    engine = Scripted(capabilities=frozenset({"prefill"}))
    with pytest.raises(CapabilityError, match=r"node 'answer': .*logprobs, stream.*openvino"):
        course.load("think", engine)


async def test_a_policy_thinks_before_each_step_and_its_prompts_still_only_grow(
    course: Course,
) -> None:
    steps = iter([" Known.\nSearch: Edda Quill", " Known.\nAnswer: 1874"])
    rules = [(lambda r: r.prefill.endswith("Thought:"), lambda _: next(steps))]
    engine = Scripted(rules=rules, default=" Who was it?")
    run = await course.run("react", engine, "solve.effort=low")
    assert told(run)[-2:] == ["answer 1874", "answer"]
    thinking = [r for r in engine.requests if not r.prefill.endswith("Thought:")]
    assert [r.prefill.endswith("\nLet me think:") for r in thinking] == [True, True]
    begun = [r.prefill.removesuffix("Let me think:") for r in thinking]
    assert begun[1].startswith(begun[0])
    assert run.answer.usage.reasoning_tokens == 6


async def test_effort_reaches_every_node_that_calls_a_model(course: Course) -> None:
    engine = Scripted(default=" Hm.")
    sets = ("rewrite.effort=low", "answer.effort=none")
    run = await course.run("rewrite", engine, *sets)
    thinking, rewriting, answering = engine.requests
    assert thinking.prefill.endswith("Let me think:")
    assert "Let me think: Hm." in rewriting.prefill
    assert "think" not in answering.prefill
    assert run.answer.usage.calls == 3
