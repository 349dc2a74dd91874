"""Steps that a critique finds bad are taken back."""

from itertools import pairwise

import pytest

from ragreason.generation.scripted import Scripted
from ragreason.policies.agent import AgentPolicy
from ragreason.policies.react import ReAct
from ragreason.policies.reflect import Reflect
from ragreason.policies.transcript import render_steps, sample
from ragreason.tools.calculate import Calculate
from ragreason.types import Hit, Passage, Question, Request, Step, StepKind, Trajectory, Verdict

QUESTION = Question(id="q", text="When was the designer of the Sallow Bridge born?")
BAD = Verdict(score=0.1, reason="nothing was found")
GOOD = Verdict(score=0.9)
POLICY = Reflect(ReAct())


def hit(title: str) -> Hit:
    passage = Passage(id=title, title=title, text="some words " * 9)
    return Hit(passage=passage, score=1.0, rank=1, source="t")


def step(kind: StepKind = "search", verdict: Verdict | None = None, *titles: str) -> Step:
    hits = tuple(map(hit, titles))
    return Step(kind=kind, text=" x\nSearch: y", query="y", verdict=verdict, hits=hits)


BACK = Step(kind="backtrack", text="", takes_back=1)


async def proposed(policy: Reflect, *steps: Step, reply: str = " z\nAnswer: 1874") -> Step:
    engine = Scripted([reply])
    (made,) = await policy.propose(QUESTION, Trajectory(steps=steps), 1, engine, seed=1)
    assert engine.calls == (0 if made.kind == "backtrack" else 1)
    return made


@pytest.mark.parametrize("kind", ["search", "thought", "call"])
async def test_a_bad_step_is_taken_back_with_the_reason_and_without_a_call(kind: StepKind) -> None:
    made = await proposed(POLICY, step(kind, BAD))
    assert (made.kind, made.takes_back, made.text) == ("backtrack", 1, "nothing was found")


@pytest.mark.parametrize("verdict", [GOOD, None, Verdict(score=0.3)])
async def test_a_step_that_is_good_enough_or_was_not_judged_stays(verdict: Verdict | None) -> None:
    assert (await proposed(POLICY, step("search", verdict))).kind == "answer"


async def test_answers_are_not_taken_back_but_followed_by_another_attempt() -> None:
    answer = Step(kind="answer", text=" a\nAnswer: 1492", answer="1492", verdict=BAD)
    assert (await proposed(POLICY, step("search", GOOD), answer)).kind == "answer"


async def test_an_attempt_whose_steps_go_on_being_bad_is_over() -> None:
    steps = (step("search", BAD), BACK, step("thought", BAD))
    engine = Scripted()
    (made,) = await POLICY.propose(QUESTION, Trajectory(steps=steps), 1, engine, seed=1)
    assert (made.kind, made.answer, engine.calls) == ("answer", "", 0)
    assert (await proposed(Reflect(ReAct(), take_backs=2), *steps)).kind == "backtrack"
    answer = Step(kind="answer", text="", verdict=BAD)
    again = (*steps, answer, step("search", BAD))
    assert (await proposed(POLICY, *again)).kind == "backtrack", "each attempt has its own"


async def test_what_was_taken_back_does_not_count_and_stays_in_the_prompt() -> None:
    found = step("search", GOOD, "Bridge")
    lost = step("search", BAD, "Bridge", "Potato")
    steps = (found, lost, BACK, step("search", GOOD, "Quill"))
    trajectory = Trajectory(steps=steps)
    assert [h.passage.title for h in trajectory.hits] == ["Bridge", "Quill"]
    assert [h.passage.title for h in trajectory.shown] == ["Bridge", "Potato", "Quill"]
    text = render_steps(trajectory)
    assert "Thought: This led nowhere.\nTaken back: passages [2]\n" in text
    assert "[2] Potato" in text
    assert "[3] Quill" in text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_prompts_only_grow_over_steps_taken_back(lang: str) -> None:
    question = QUESTION if lang == "en" else Question(id="q", text="谁设计了柳溪桥？")
    steps = (step("search", GOOD, "A"), step("thought", BAD), BACK, step("search", GOOD, "B"))
    prompts = [POLICY.render(question, Trajectory(steps=steps[:n])) for n in range(1, 5)]
    for shorter, longer in pairwise(prompts):
        assert longer.prefill.startswith(shorter.prefill)
        assert len(longer.prefill) > len(shorter.prefill)


def test_the_model_does_not_take_steps_back_by_itself() -> None:
    request = POLICY.render(QUESTION, Trajectory(steps=(step(), BACK)))
    assert "\nTaken back:" in request.stop
    assert "\nTaken back:" not in POLICY.render(QUESTION, Trajectory(steps=(step(),))).stop


async def test_a_full_context_drops_what_was_taken_back_first() -> None:
    steps = (step("search", GOOD, "A"), step("search", BAD, "B"), BACK)
    trajectory = Trajectory(steps=steps)
    engine = Scripted(["x", "x"])
    size = await engine.count_tokens(POLICY.render(QUESTION, trajectory))
    tight = Scripted(["x"], context=size)
    _, dropped = await sample(POLICY, QUESTION, trajectory, 1, tight, 1)
    assert dropped == ("B",)


def test_it_is_what_the_policy_inside_is() -> None:
    assert POLICY.searches
    assert not POLICY.own_engine
    inside = Reflect(AgentPolicy((Calculate(),)))
    assert [tool.name for tool in inside.tools] == ["calculate"]
    made = inside.for_engine(Scripted())
    assert isinstance(made.policy, AgentPolicy)
    assert made.policy.form == "native"
    request: Request = made.render(QUESTION, Trajectory())
    assert request.tools
