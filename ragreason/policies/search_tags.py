"""The tag format of models that were trained to search."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.policies.copied import unless_copied
from ragreason.policies.parse import clean, from_completion
from ragreason.policies.review import is_reviewed, review
from ragreason.policies.tags import Pair, Tags
from ragreason.policies.transcript import sample, unless_repeated, with_new_hits
from ragreason.prompts import prompt, show_passages
from ragreason.protocols import Capability, Generator
from ragreason.text.language import language
from ragreason.types import Completion, Message, Question, Request, Step, Trajectory

NOTHING_NEW = "nothing new was found"


@dataclass(frozen=True)
class SearchTags:
    """Each step thinks inside `think` tags and then searches or answers inside their tags; passages
    come back inside `information` tags.

    The defaults are Search-R1's (arXiv 2503.09516); R1-Searcher's (arXiv 2503.05592) are
    `search: ["<|begin_of_query|>", "<|end_of_query|>"]` and `information:
    ["<|begin_of_documents|>", "<|end_of_documents|>"]`. Only generated text is parsed. `example`
    shows one in the prompt, which untrained models need, and `search_first` searches for the
    question before the model is asked; trained models want neither.
    """

    needs: ClassVar[frozenset[Capability]] = frozenset({"prefill"})
    searches: ClassVar[bool] = True

    think: Pair = ("<think>", "</think>")
    search: Pair = ("<search>", "</search>")
    information: Pair = ("<information>", "</information>")
    answer: Pair = ("<answer>", "</answer>")
    search_first: bool = False
    example: bool = False
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_tokens: Annotated[int, Field(ge=8, le=8192)] = 160

    def __post_init__(self) -> None:
        """Raises ConfigError where tags can't be told apart or made inert."""
        _ = self.tags

    @cached_property
    def tags(self) -> Tags:
        """The format."""
        return Tags(self.think, self.search, self.information, self.answer)

    def render(self, question: Question, trajectory: Trajectory) -> Request:
        """Instructions and question; then the steps with their passages, open for a thought."""
        slots = {
            f"{name}_{end}": tag
            for name in ("think", "search", "information", "answer")
            for end, tag in zip(("open", "close"), getattr(self, name), strict=True)
        }
        purpose = "search_tags_example" if self.example else "search_tags"
        content = prompt(purpose, self.tags.inert(question.text), **slots)
        return Request(
            messages=(Message(role="user", content=content),),
            prefill=self._transcript(question, trajectory),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            stop=self.tags.stops,
        )

    async def propose(
        self, question: Question, trajectory: Trajectory, n: int, engine: Generator, *, seed: int
    ) -> list[Step]:
        """`n` samples of the next thought and action."""
        if self.search_first and not trajectory.steps:
            return [Step(kind="search", text="", query=question.text)] * n
        completions, dropped = await sample(self, question, trajectory, n, engine, seed)
        steps = [unless_repeated(self._step(c), trajectory) for c in completions]
        if self.example:
            steps = [unless_copied(s, question, trajectory, "search_tags_example") for s in steps]
        return [step.model_copy(update={"dropped": dropped}) for step in steps]

    def _step(self, completion: Completion) -> Step:
        cut = completion.finish_reason == "length"
        action = self.tags.first_action(completion.text)
        if action is None:
            return from_completion(
                completion, "thought", text=completion.text.rstrip(), truncated=cut
            )
        text = completion.text[: action.end].rstrip()
        content = clean(action.content) or action.content
        whole = action.end == len(completion.text)
        return from_completion(
            completion,
            action.kind,
            text=text,
            truncated=cut and whole,
            **{"query" if action.kind == "search" else "answer": content},
        )

    def _transcript(self, question: Question, trajectory: Trajectory) -> str:
        lang, parts = language(question.text), []
        for step, hits, first in with_new_hits(trajectory):
            if step.text:
                parts.append(f"{self.think[0]}{step.text}")
            elif step.kind == "search":
                parts.append(f"{self.search[0]}{self.tags.inert(step.query)}")
            if step.kind == "search":
                shown = self.tags.inert(show_passages(hits, first=first)) or NOTHING_NEW
                parts.append(f"{self.search[1]}\n{self.information[0]}\n{shown}\n")
                parts.append(self.information[1])
            elif step.kind == "answer" and step.answer:
                parts.append(self.answer[1])
            parts.append("\n")
            if is_reviewed(step):
                parts.append(f"{self.tags.inert(review(step, lang))}\n")
        return "".join(parts) + (self.think[0] if self._opens(trajectory) else "")

    def _opens(self, trajectory: Trajectory) -> bool:
        return bool(trajectory.steps) or not self.search_first
