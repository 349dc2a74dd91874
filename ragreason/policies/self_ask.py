"""Self-Ask with search: follow-up questions, intermediate answers, and a final answer."""

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.policies.follow_up import ASKS, another, said_first, sub_answers
from ragreason.policies.parse import clean, final_answer, from_completion
from ragreason.policies.review import is_reviewed, review, stops
from ragreason.policies.transcript import sample, unless_repeated, with_new_hits
from ragreason.prompts import neutralise, prompt, show_passages
from ragreason.protocols import Capability, Generator
from ragreason.text.descriptions import plain
from ragreason.text.language import language
from ragreason.types import Completion, Message, Question, Request, Step, Trajectory

NEEDED = {
    "en": "Are follow up questions needed here: Yes.\n",
    "zh": "这里需要追问吗：需要。\n",
}
FOLLOW_UP = {"en": "Follow up:", "zh": "追问："}
INTERMEDIATE = {"en": "Intermediate answer:", "zh": "中间答案："}
_STOPS = ("\nPassages:", "\nQuestion:", "\n问题：", "\nIntermediate answer:", "\n中间答案：", "\n[")


@dataclass(frozen=True)
class SelfAsk:
    """Each step is an intermediate answer and then a follow-up question, which is searched for, or
    "So the final answer is: ...".

    Source: arXiv 2210.03350, with a search engine. There the engine's answer box gives intermediate
    answers; here the model reads the passages that were found. With `search_first` the first
    follow-up is the question itself. A follow-up that repeats the question or an earlier one, as
    those of small models do, is replaced: by what the question describes without naming it, by the
    question, by that with the last answer. Where these were asked too, and where a step repeats an
    earlier one, the chain ends, its answer left to the answer node.
    """

    needs: ClassVar[frozenset[Capability]] = frozenset({"prefill"})
    searches: ClassVar[bool] = True

    search_first: bool = True
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_tokens: Annotated[int, Field(ge=8, le=4096)] = 64

    def render(self, question: Question, trajectory: Trajectory) -> Request:
        """Instructions, example and question; then the dialogue, open for what comes next."""
        return Request(
            messages=(Message(role="user", content=prompt("self_ask", question.text)),),
            prefill=_dialogue(question, trajectory, opens=not self.search_first),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            stop=(*_STOPS, *stops(trajectory)),
        )

    async def propose(
        self, question: Question, trajectory: Trajectory, n: int, engine: Generator, *, seed: int
    ) -> list[Step]:
        """`n` samples of an intermediate answer and what follows it."""
        if self.search_first and not trajectory.steps:
            return [Step(kind="search", text="", query=question.text)] * n
        completions, dropped = await sample(self, question, trajectory, n, engine, seed)
        first = not trajectory.steps
        steps = [unless_repeated(_step(c, first=first), trajectory) for c in completions]
        steps = [_unless_asked(step, question, trajectory) for step in steps]
        return [step.model_copy(update={"dropped": dropped}) for step in steps]


def _dialogue(question: Question, trajectory: Trajectory, *, opens: bool) -> str:
    """The steps so far; after a search, open for the intermediate answer. It `opens` with the
    beginning of a follow-up where the model is to write the first one.
    """
    lang = language(question.text)
    parts = [NEEDED[lang], FOLLOW_UP[lang] if opens else ""]
    for step, hits, first in with_new_hits(trajectory):
        if step.text:
            parts.append(f"{step.text}\n")
        elif step.kind == "search":
            parts.append(f"{FOLLOW_UP[lang]} {neutralise(step.query)}\n")
        if step.kind == "search":
            shown = show_passages(hits, first=first) or "nothing new was found"
            parts.append(f"Passages:\n{shown}\n{INTERMEDIATE[lang]}")
        if is_reviewed(step):
            parts.append(f"{review(step, lang)}\n")
    return "".join(parts)


def _step(completion: Completion, *, first: bool) -> Step:
    """What was asked, or the final answer, whichever comes first, and what was said before it."""
    text, cut = completion.text, completion.finish_reason == "length"
    asks = ASKS.search(text)
    if first and asks is None:
        asks = re.compile(r"^[ \t]*(.*)$", re.MULTILINE).search(text)
    end = asks.start() if asks else len(text)
    answer = final_answer(text[:end])
    if answer:
        kept = text[:end].rstrip()
        whole = cut and len(kept) == len(text.rstrip())
        return from_completion(completion, "answer", text=kept, answer=answer, truncated=whole)
    if asks and clean(asks[1]):
        said = text[: asks.end()].rstrip()
        return from_completion(completion, "search", text=said, query=clean(asks[1]))
    return from_completion(completion, "thought", text=text.rstrip(), truncated=cut)


def _unless_asked(step: Step, question: Question, trajectory: Trajectory) -> Step:
    """The step; a follow-up that repeats the question or an earlier one asks something else
    instead, or ends the chain.
    """
    said = sub_answers(trajectory)
    if step.kind != "search" or plain(step.query) not in {plain(question.text), *map(plain, said)}:
        return step
    now = said_first(step.text)
    if said and now != step.query:
        said = {**said, next(reversed(said)): now}
    other = another(question.text, said)
    if not other:
        return step.model_copy(update={"kind": "answer", "query": ""})
    before, _, _ = step.text.rpartition(step.query)
    return step.model_copy(update={"query": other, "text": f"{before or ' '}{neutralise(other)}"})
