"""An agent: the model calls tools until it answers."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ragreason.errors import CapabilityError, ConfigError
from ragreason.policies.agent_chat import chat
from ragreason.policies.agent_text import transcript
from ragreason.policies.parse import clean, final_answer, from_completion
from ragreason.policies.review import attempt, stops
from ragreason.policies.tool_calls import ANSWER, call_schema, canonical, read_answer, read_call
from ragreason.policies.transcript import sample
from ragreason.prompts import prompt
from ragreason.protocols import Capability, Generator, Tool
from ragreason.text.language import Language, language
from ragreason.types import Completion, Message, Question, Request, Step, ToolSpec, Trajectory

Form = Literal["auto", "native", "json", "text"]
STOP = ("\nPassages:", "\nResult:", "\nQuestion:")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_SEARCH = "search"


@dataclass(frozen=True)
class AgentPolicy:
    """Each step calls one of the `tools`, which the node runs, or answers.

    `form` says how the model calls: "native", by the engine's own tool calling, the conversation
    growing by messages; "json", by one constrained JSON object a step, in a growing reply; "text",
    the same without the constraint, for engines that have none. "auto" takes the first that the
    engine can. With `search_first` the first step searches for the question itself, without a model
    call, if there is a tool "search" that takes a "query", which is cut to the length that it
    takes. A reply with several calls counts by its first. A call that can't be run comes back with
    what was wrong; after `failures` of them, and where a call is repeated, the attempt ends, its
    answer left to the answer node.
    """

    needs: ClassVar[frozenset[Capability]] = frozenset()

    tools: tuple[Tool, ...] = ()
    form: Form = "auto"
    search_first: bool = True
    failures: Annotated[int, Field(ge=1, le=20)] = 2
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_tokens: Annotated[int, Field(ge=8, le=4096)] = 96

    def __post_init__(self) -> None:
        """Raises ConfigError for tools whose names can't be told apart or be called."""
        names = [tool.name for tool in self.tools]
        for name in names:
            if not _NAME.fullmatch(name) or name == ANSWER:
                raise ConfigError(f"a tool can't be called '{name}'; use letters, digits, _ and -")
            if names.count(name) > 1:
                raise ConfigError(f"there are two tools '{name}'; names must differ")

    def for_engine(self, engine: Generator) -> "AgentPolicy":
        """The same policy in the best form that the engine can. Raises CapabilityError if it can't
        do the one that was asked for, or none.
        """
        able = engine.capabilities
        needs: dict[Form, frozenset[Capability]] = {
            "native": frozenset({"tools"}),
            "json": frozenset({"prefill", "json_schema"}),
            "text": frozenset({"prefill"}),
        }
        wanted = [self.form] if self.form != "auto" else list(needs)
        for form in wanted:
            if needs[form] <= able:
                return replace(self, form=form)
        lacking = needs[self.form] - able if self.form != "auto" else {"tools", "prefill"}
        raise CapabilityError(
            f"an agent in the form '{self.form}' needs {' or '.join(sorted(lacking))}, which the "
            f"engine '{engine.name}' lacks"
        )

    def render(self, question: Question, trajectory: Trajectory) -> Request:
        """Instructions, tools and question; then messages, or a growing reply, of the steps."""
        lang = language(question.text)
        request = Request(
            messages=(Message(role="user", content=self._asked(question, lang)),),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
        )
        if self.form == "native":
            messages = (*request.messages, *chat(trajectory, lang))
            return request.model_copy(update={"messages": messages, "tools": self._specs(lang)})
        opens = bool(trajectory.steps) or not self._searches_first
        written = {
            "prefill": transcript(trajectory, lang, opens=opens),
            "stop": (*STOP, *stops(trajectory)),
            "json_schema": call_schema(self.tools) if self.form == "json" else None,
        }
        return request.model_copy(update=written)

    async def propose(
        self, question: Question, trajectory: Trajectory, n: int, engine: Generator, *, seed: int
    ) -> list[Step]:
        """`n` samples of the next call or answer."""
        if self.form == "auto":
            formed = self.for_engine(engine)
            return await formed.propose(question, trajectory, n, engine, seed=seed)
        if self._searches_first and not trajectory.steps:
            first = {"query": question.text[: self._longest_query]}
            return [Step(kind="call", text="", tool=_SEARCH, arguments=_json(first))] * n
        steps = attempt(trajectory)
        if sum(step.failed for step in steps) >= self.failures:
            return [Step(kind="answer", text="")] * n
        found, dropped = await sample(self, question, trajectory, n, engine, seed)
        read = [_unless_repeated(self._read(completion), steps) for completion in found]
        return [step.model_copy(update={"dropped": dropped}) for step in read]

    @property
    def _searches_first(self) -> bool:
        return self.search_first and self._query is not None

    @property
    def _query(self) -> Mapping[str, Any] | None:
        """What the tool "search" says of its query; None where it takes none, or more."""
        taken = [tool.parameters for tool in self.tools if tool.name == _SEARCH]
        if not taken or list(taken[0].get("required", ())) != ["query"]:
            return None
        query: Mapping[str, Any] = taken[0].get("properties", {}).get("query", {})
        return query

    @property
    def _longest_query(self) -> int | None:
        """Characters; None for no bound."""
        longest: int | None = (self._query or {}).get("maxLength")
        return longest

    def _asked(self, question: Question, lang: Language) -> str:
        if self.form == "native":
            return prompt("agent_native", question.text)
        return prompt("agent", question.text, tools=_told(self.tools, lang))

    def _specs(self, lang: Language) -> tuple[ToolSpec, ...]:
        return tuple(
            ToolSpec(
                name=tool.name,
                description=describe(tool, lang),
                parameters=_json(dict(tool.parameters)),
            )
            for tool in self.tools
        )

    def _read(self, completion: Completion) -> Step:
        """The call or answer that the model wrote; only what it wrote is looked at."""
        text, cut = completion.text.rstrip(), completion.finish_reason == "length"
        if completion.tool_calls:
            call = completion.tool_calls[0]
            step = from_completion(completion, "call", text=text, truncated=cut)
            return step.model_copy(update={"tool": call.name, "arguments": call.arguments})
        found = read_call(text, self.tools)
        if found is not None and found.name == ANSWER:
            answer = clean(read_answer(found.arguments))
            cut = cut and not text.endswith(("}", ")"))
            return from_completion(completion, "answer", text=text, answer=answer, truncated=cut)
        if found is not None:
            step = from_completion(completion, "call", text=text, truncated=cut)
            return step.model_copy(update={"tool": found.name, "arguments": found.arguments})
        if not text.strip():
            return from_completion(completion, "thought", text="", truncated=cut)
        if self.form == "native":
            answer = final_answer(text) or clean(text.strip().splitlines()[-1])
            return from_completion(completion, "answer", text=text, answer=answer, truncated=cut)
        step = from_completion(completion, "call", text=text, truncated=cut)
        return step.model_copy(update={"arguments": text.strip()[:200]})


def describe(tool: Tool, lang: Language) -> str:
    """What the tool says of itself, in the language if it speaks that."""
    known: dict[str, str] = dict(getattr(tool, "descriptions", {}))
    return known.get(lang, tool.description)


def _told(tools: tuple[Tool, ...], lang: Language) -> str:
    """One line a tool: how it is called, and what it gives."""
    lines = []
    for tool in tools:
        names = tool.parameters.get("properties", {})
        form = _json({"tool": tool.name, "arguments": dict.fromkeys(names, "...")})
        lines.append(f"{form}: {describe(tool, lang)}")
    return "\n".join(lines)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _unless_repeated(step: Step, before: tuple[Step, ...]) -> Step:
    """The step; where the attempt has made the same call or said the same, an answer step without
    an answer: going on would go round in circles.
    """
    if step.kind == "answer":
        return step
    said = canonical(step.tool, step.arguments)
    if all(canonical(s.tool, s.arguments) != said for s in before if s.kind == "call"):
        return step
    update = {"kind": "answer", "tool": "", "arguments": "", "answer": "", "truncated": False}
    return step.model_copy(update=update)
