"""An agent's steps as one growing reply, for engines without tool calling of their own."""

from ragreason.policies.review import is_reviewed, review, taken_back
from ragreason.policies.tool_calls import show_call
from ragreason.policies.transcript import take_back, with_new_hits
from ragreason.prompts import neutralise, show_passages
from ragreason.text.language import Language
from ragreason.types import Hit, Step, Trajectory

CALL = "Call:"
NOTHING = {"en": "nothing new was found", "zh": "没有找到新内容"}


def transcript(trajectory: Trajectory, lang: Language, *, opens: bool) -> str:
    """Each step's call with what came back, reviews of answers, and what was taken back; if it
    `opens`, ready for the next call. A longer trajectory's extends a shorter one's.
    """
    lines = []
    standing: list[tuple[int, ...]] = []
    for step, hits, first in with_new_hits(trajectory):
        if step.kind == "backtrack":
            gone = take_back(standing, step.takes_back)
            lines.append(f"{CALL} {taken_back(step, gone, lang)}")
            continue
        standing.append(tuple(range(first, first + len(hits))))
        written = step.text or (f" {show_call(step.tool, step.arguments)}" if step.tool else "")
        if written:
            lines.append(f"{CALL}{written}")
        if step.kind == "call":
            lines.append(observation(step, hits, first, lang))
        if is_reviewed(step):
            lines.append(review(step, lang))
    return "".join(f"{line}\n" for line in lines) + (CALL if opens else "")


def observation(step: Step, hits: tuple[Hit, ...], first: int, lang: Language) -> str:
    """What a call gave: passages that are new, numbered from `first`, and the tool's text."""
    blocks = [f"Passages:\n{show_passages(hits, first=first)}"] if hits else []
    text = step.result or ("" if hits else NOTHING[lang])
    blocks += [f"Result: {neutralise(text)}"] if text else []
    return "\n".join(blocks)
