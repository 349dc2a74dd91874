"""Plan sub-questions that wait for each other's answers, and say which can be asked now."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.nodes.generate import ask
from ragreason.nodes.plan_items import answers, filled, plan_items, ready, slots
from ragreason.prompts import neutralise, unfilled
from ragreason.protocols import Generator
from ragreason.seeds import derive
from ragreason.state import State
from ragreason.text.descriptions import described
from ragreason.text.language import language

QUESTION = {"en": "Question: {}\n1.", "zh": "问题：{}\n1."}


class PlanState(State, total=False):
    """The state with the keys that planning adds.

    `plan`: sub-questions with slots; `asked`: number of a sub-question, from 1 and as text, to what
    was asked for it; `ready`: what to ask now.
    """

    plan: list[str]
    asked: dict[str, str]
    ready: list[str]


@dataclass(frozen=True)
class Plan:
    """Write up to `max_questions` sub-questions to `plan`; "#1" stands for the first's answer.

    Where none that the model gives waits for another, and the question describes something without
    naming it, the plan is what that is, then the question with the answer in its place. Where there
    is neither, it is the question itself.
    """

    reads: ClassVar[tuple[str, ...]] = ("question",)
    optional_reads: ClassVar[tuple[str, ...]] = ("seed",)
    writes: ClassVar[tuple[str, ...]] = ("plan",)
    keys: ClassVar[dict[str, Any]] = {"plan": list[str]}

    name: str
    engine: Generator
    max_questions: Annotated[int, Field(ge=1, le=16)] = 3
    max_tokens: Annotated[int, Field(ge=8, le=1024)] = 72
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0

    async def __call__(self, state: State) -> dict[str, Any]:
        """One model call."""
        question = state["question"]
        lang = language(question.text)
        reply = await ask(
            self.engine,
            "plan",
            question.text,
            seed=derive(state.get("seed", 0), question.id, self.name),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=("\n\n", "\nQuestion", "\n问题"),
            opening=QUESTION[lang].format(neutralise(question.text)),
        )
        found = plan_items(reply, question.text, unfilled("plan", lang), self.max_questions)
        ruled = described(question.text, self.max_questions)
        chained = any(slots(item) for item in found)
        return {"plan": ruled if len(ruled) > 1 and not chained else found or ruled}


@dataclass(frozen=True)
class PlanReady:
    """Write to `ready` the sub-questions whose slots can be filled, filled; empty once all are out.

    With `in_order` it is one at a time. A remark in brackets after an answer is left out of slots.
    A sub-question that was asked already is not asked again: equal ones share an answer. One
    without an answer stands in a slot itself. Those that wait for each other are asked as they are.
    When all were asked, `query` is the question with the answers: what to search for at the end.
    """

    reads: ClassVar[tuple[str, ...]] = ("question", "plan")
    optional_reads: ClassVar[tuple[str, ...]] = ("asked", "notes")
    writes: ClassVar[tuple[str, ...]] = ("ready", "asked", "query")
    keys: ClassVar[dict[str, Any]] = {
        "plan": list[str],
        "asked": dict[str, str],
        "ready": list[str],
    }

    name: str
    in_order: bool = False

    async def __call__(self, state: PlanState) -> dict[str, Any]:
        """No model call."""
        plan = state["plan"]
        asked = {int(number): text for number, text in state.get("asked", {}).items()}
        known = answers(asked, state.get("notes", []))
        words = {n: short(known[n]) or asked[n].rstrip("?？") for n in asked}
        new: list[str] = []
        while not new and len(asked) < len(plan):
            now = ready(plan, asked)[: 1 if self.in_order else None]
            alone = len(plan) == 1  # then a #1 in it is the user's own
            texts = {n: plan[0] if alone else filled(plan[n - 1], words) for n in now}
            new = [t for t in dict.fromkeys(texts.values()) if t and t not in asked.values()]
            asked |= texts
        found = dict.fromkeys(short(answer) for answer in known.values() if answer)
        return {
            "ready": new,
            "asked": {str(n): text for n, text in asked.items()},
            "query": " ".join([state["question"].text, *found]),
        }


def short(answer: str) -> str:
    """The answer without a remark in brackets after it: a query needs the name alone."""
    return re.split(r"\s*[(（]", answer, maxsplit=1)[0] or answer
