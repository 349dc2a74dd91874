"""An agent's steps as chat messages, for engines with tool calling of their own."""

import json
import re
from collections.abc import Iterator

from ragreason.policies.agent_text import observation
from ragreason.policies.review import is_reviewed, review, taken_back
from ragreason.policies.transcript import take_back, with_new_hits
from ragreason.text.language import Language
from ragreason.types import Message, Step, ToolCall, Trajectory

CUT = {
    "en": "Your reply was cut off. Answer in a few words.",
    "zh": "回复被截断了。请用几个词作答。",
}
_FOREIGN = re.compile(r"[^A-Za-z0-9_-]")


def chat(trajectory: Trajectory, lang: Language) -> Iterator[Message]:
    """The messages that follow the first one: calls with their results, answers with their reviews,
    and what was taken back. A longer trajectory's begin with a shorter one's.
    """
    standing: list[tuple[int, ...]] = []
    for number, (step, hits, first) in enumerate(with_new_hits(trajectory), start=1):
        if step.kind == "backtrack":
            gone = take_back(standing, step.takes_back)
            yield Message(role="user", content=taken_back(step, gone, lang))
            continue
        standing.append(tuple(range(first, first + len(hits))))
        if step.kind == "call":
            call = _call(step, f"call_{number}")
            yield Message(role="assistant", content=step.text, tool_calls=(call,))
            told = observation(step, hits, first, lang)
            yield Message(role="tool", content=told, answers=call.id)
        elif step.text:
            yield Message(role="assistant", content=step.text)
        if is_reviewed(step):
            yield Message(role="user", content=review(step, lang))
        elif step.kind == "answer" and step.truncated:
            yield Message(role="user", content=CUT[lang])


def _call(step: Step, call_id: str) -> ToolCall:
    """The call in a form that every server takes: servers refuse arguments that are no JSON object
    and names with other characters, whatever their own models wrote.
    """
    arguments = step.arguments
    try:
        fits = isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        fits = False
    if not fits:
        arguments = json.dumps({"text": arguments}, ensure_ascii=False)
    name = _FOREIGN.sub("_", step.tool)[:64] or "unknown"
    return ToolCall(name=name, arguments=arguments, id=call_id)
