"""Search-o1: reasoning with search; documents are read apart, and only a note comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.policies.copied import unless_copied
from ragreason.policies.parse import action_step, from_completion
from ragreason.policies.review import is_reviewed, review, stops
from ragreason.policies.transcript import OPENING, sample, unless_repeated, with_new_hits
from ragreason.prompts import neutralise, prompt, show_passages
from ragreason.protocols import Capability, Generator
from ragreason.text.language import Language, language
from ragreason.text.sentences import sentences
from ragreason.types import Completion, Hit, Message, Question, Request, Step, Trajectory

FOUND = "Found:"
STOP = (f"\n{OPENING}", f"\n{FOUND}", "\nQuestion:", "\n问题：")
NOTHING = {"en": " Nothing helpful was found.", "zh": "没有找到有用的内容。"}
NOTE = {"en": "The passages say that", "zh": "段落里说，"}
"""How a note is begun for the model, which else announces facts and gives none."""


@dataclass(frozen=True)
class SearchO1:
    """Steps are thoughts that end in a search or the answer; after a search the next step is a note
    on its passages, made by one separate call that sees passages, query and the chain so far.

    Passages never enter the chain, only notes do. Source: arXiv 2501.05366 (reason-in-documents).
    Changed for small models: an action is a line, not a special token; with `search_first` the
    first search is for the question itself; a step that repeats an earlier one ends the chain.
    """

    needs: ClassVar[frozenset[Capability]] = frozenset({"prefill"})
    searches: ClassVar[bool] = True

    search_first: bool = True
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_tokens: Annotated[int, Field(ge=8, le=4096)] = 96
    note_tokens: Annotated[int, Field(ge=8, le=4096)] = 64

    def render(self, question: Question, trajectory: Trajectory) -> Request:
        """Instructions and question; then the chain with its notes, open for what comes next."""
        return self._request(
            prompt("search_o1", question.text),
            self._chain(question, trajectory),
            self.max_tokens,
            (*STOP, *stops(trajectory)),
        )

    async def propose(
        self, question: Question, trajectory: Trajectory, n: int, engine: Generator, *, seed: int
    ) -> list[Step]:
        """`n` samples of the next thought and action; after a search, of the note on it."""
        if self.search_first and not trajectory.steps:
            return [Step(kind="search", text="", query=question.text)] * n
        if awaits_note(trajectory):
            reader = _Reader(self)
            completions, dropped = await sample(reader, question, trajectory, n, engine, seed)
            steps = [_note(c, trajectory, language(question.text)) for c in completions]
        else:
            completions, dropped = await sample(self, question, trajectory, n, engine, seed)
            steps = [unless_repeated(action_step(c), trajectory) for c in completions]
            steps = [unless_copied(step, question, trajectory, "search_o1") for step in steps]
        return [step.model_copy(update={"dropped": dropped}) for step in steps]

    def _chain(self, question: Question, trajectory: Trajectory) -> str:
        lang, parts = language(question.text), []
        for i, step in enumerate(trajectory.steps):
            if is_note(trajectory, i):
                parts.append(f"{step.text}\n")
                continue
            if step.text:
                parts.append(f"{OPENING}{step.text}\n")
            if step.kind == "search":
                asked = "" if step.text else f"Search: {neutralise(step.query)}\n"
                parts.append(f"{asked}{FOUND}")
            if is_reviewed(step):
                parts.append(f"{review(step, lang)}\n")
        opens = bool(trajectory.steps) or not self.search_first
        return "".join(parts) + (OPENING if opens and not awaits_note(trajectory) else "")

    def _request(self, content: str, prefill: str, tokens: int, stop: tuple[str, ...]) -> Request:
        return Request(
            messages=(Message(role="user", content=content),),
            prefill=prefill,
            max_tokens=tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            stop=stop,
        )

    def note_request(self, question: Question, trajectory: Trajectory) -> Request:
        """The separate call: the last search's new passages, the chain so far, and the query."""
        lang, last = language(question.text), trajectory.steps[-1]
        *_, (_, hits, first) = with_new_hits(trajectory)
        chain = self._chain(question, trajectory).removesuffix(FOUND).strip()
        content = prompt(
            "search_o1_note",
            question.text,
            passages=show_passages(hits or last.hits, first=first) or "-",
            before=neutralise(chain),
            query=neutralise(last.query),
        )
        return self._request(content, NOTE[lang], self.note_tokens, ("\n",))


@dataclass(frozen=True)
class _Reader:
    """The policy's other prompt, for `sample`, which leaves out passages where it overflows."""

    policy: SearchO1

    def render(self, question: Question, trajectory: Trajectory) -> Request:
        return self.policy.note_request(question, trajectory)


def awaits_note(trajectory: Trajectory) -> bool:
    """Whether the last step is a search, whose passages nobody has read yet."""
    return bool(trajectory.steps) and trajectory.steps[-1].kind == "search"


def is_note(trajectory: Trajectory, place: int) -> bool:
    """Whether step number `place` is the note on the search before it."""
    return place > 0 and trajectory.steps[place - 1].kind == "search"


def _note(completion: Completion, trajectory: Trajectory, lang: Language) -> Step:
    """One line as a thought; where the model says nothing, the best passage's first sentence, and
    where there is none either, that nothing helpful was found.
    """
    said = " ".join(completion.text.split())
    if not said or said.endswith((":", "：")):
        said = _first_sentence(trajectory.steps[-1].hits)
    return from_completion(completion, "thought", text=f" {said}" if said else NOTHING[lang])


def _first_sentence(hits: Sequence[Hit]) -> str:
    text = " ".join(hits[0].passage.text.split()) if hits else ""
    spans = sentences(text)
    return neutralise(text[: spans[0].end]) if spans else ""
