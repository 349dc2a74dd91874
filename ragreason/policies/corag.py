"""CoRAG: a chain of sub-queries, each answered from what was found for it alone."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.policies.follow_up import another, sub_answers
from ragreason.policies.parse import clean, final_answer, from_completion
from ragreason.policies.review import attempt, is_reviewed, review
from ragreason.policies.transcript import sample
from ragreason.prompts import neutralise, prompt, show_passages
from ragreason.protocols import Capability, Generator
from ragreason.text.descriptions import plain
from ragreason.text.language import Language, language
from ragreason.types import Completion, Message, Question, Request, Step, Trajectory

QUERY = {"en": "Intermediate query {}:", "zh": "子问题 {}："}
ANSWER = {"en": "Intermediate answer {}:", "zh": "子答案 {}："}
NOTHING = {"en": " No relevant information found", "zh": "没有找到相关信息"}
READ = {"en": "Answer:", "zh": "答案："}


@dataclass(frozen=True)
class CoRAG:
    """Steps are sub-queries, which are searched for, and their sub-answers, read greedily from the
    sub-query's own passages; passages never enter the chain.

    After `max_queries` the chain ends, its answer left to the answer node. Source: arXiv
    2501.14342. Changed for small models that were not trained for it: with `search_first` the first
    sub-query is the question itself; one that repeats the question or an earlier one is replaced:
    by what the question describes without naming it, by the question, by that with the last
    sub-answer. Where these were asked too, the chain ends.
    """

    needs: ClassVar[frozenset[Capability]] = frozenset({"prefill"})
    searches: ClassVar[bool] = True

    max_queries: Annotated[int, Field(ge=1, le=100)] = 2
    search_first: bool = True
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_tokens: Annotated[int, Field(ge=8, le=4096)] = 48
    answer_tokens: Annotated[int, Field(ge=4, le=4096)] = 32

    def render(self, question: Question, trajectory: Trajectory) -> Request:
        """Instructions and question; then sub-queries and sub-answers, open for what is next."""
        return Request(
            messages=(Message(role="user", content=prompt("corag", question.text)),),
            prefill=self._chain(question, trajectory),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            stop=("\n",),
        )

    async def propose(
        self, question: Question, trajectory: Trajectory, n: int, engine: Generator, *, seed: int
    ) -> list[Step]:
        """`n` sub-queries or, after one, its sub-answer `n` times; the end without a call."""
        lang = language(question.text)
        if awaits_answer(trajectory):
            found, dropped = await sample(_Reader(self), question, trajectory, n, engine, seed)
            steps = [_sub_answer(completion, lang) for completion in found]
            return [step.model_copy(update={"dropped": dropped}) for step in steps]
        asked = [s for s in attempt(trajectory) if s.kind == "search"]
        if len(asked) >= self.max_queries:
            return [Step(kind="answer", text="")] * n
        if self.search_first and not trajectory.steps:
            first = f" {neutralise(question.text)}"
            return [Step(kind="search", text=first, query=question.text)] * n
        completions, dropped = await sample(self, question, trajectory, n, engine, seed)
        steps = [_sub_query(c, question, trajectory) for c in completions]
        return [step.model_copy(update={"dropped": dropped}) for step in steps]

    def _chain(self, question: Question, trajectory: Trajectory) -> str:
        lang, parts, number = language(question.text), [], 0
        for step in trajectory.steps:
            if step.kind == "thought":
                parts.append(f"{step.text}\n")
                continue
            number += 1
            parts.append(f"{QUERY[lang].format(number)}{step.text}\n")
            if step.kind == "search":
                parts.append(ANSWER[lang].format(number))
            if is_reviewed(step):
                parts.append(f"{review(step, lang)}\n")
        opens = "" if awaits_answer(trajectory) else QUERY[lang].format(number + 1)
        return "".join(parts) + opens

    def reading(self, trajectory: Trajectory) -> Request:
        """The separate call that answers the last sub-query from its passages."""
        last = trajectory.steps[-1]
        purpose = "answer" if last.hits else "direct"
        content = prompt(purpose, last.query, passages=show_passages(last.hits))
        return Request(
            messages=(Message(role="user", content=content),),
            prefill=READ[language(last.query)],
            max_tokens=self.answer_tokens,
            stop=("\n",),
        )


@dataclass(frozen=True)
class _Reader:
    """The policy's other prompt, for `sample`, which leaves out passages where it overflows."""

    policy: CoRAG

    def render(self, question: Question, trajectory: Trajectory) -> Request:  # noqa: ARG002
        return self.policy.reading(trajectory)


def awaits_answer(trajectory: Trajectory) -> bool:
    """Whether the last step is a sub-query without its answer."""
    return bool(trajectory.steps) and trajectory.steps[-1].kind == "search"


def _sub_answer(completion: Completion, lang: Language) -> Step:
    said = clean(" ".join(completion.text.split()))
    text = neutralise(f" {said}") if said else NOTHING[lang]
    return from_completion(completion, "thought", text=text)


def _sub_query(completion: Completion, question: Question, trajectory: Trajectory) -> Step:
    """The sub-query; where it is empty or was there before, another one. One that claims to give
    the answer ends the chain, as one that can't be replaced does.
    """
    query, said = clean(completion.text), sub_answers(trajectory)
    if final_answer(query):
        return from_completion(completion, "answer", text=completion.text.rstrip())
    known = {plain(question.text), *map(plain, said), *map(plain, said.values())}
    if query and plain(query) not in known:
        return from_completion(completion, "search", text=completion.text.rstrip(), query=query)
    other = another(question.text, said)
    if not other:
        return from_completion(completion, "answer", text=completion.text.rstrip())
    return from_completion(completion, "search", text=f" {neutralise(other)}", query=other)
