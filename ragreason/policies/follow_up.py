"""What has been asked and said in a chain, and what to ask where a model repeats itself."""

import re
from collections.abc import Mapping

from ragreason.policies.parse import clean
from ragreason.policies.review import attempt
from ragreason.text.descriptions import next_described, plain
from ragreason.types import Trajectory

ASKS = re.compile(r"^[ \t]*(?:Follow[ -]?up|追问)[ \t]*[:：][ \t]*(.*)$", re.MULTILINE | re.I)
"""A line that asks a follow-up question."""


def said_first(text: str) -> str:
    """The first line of a step's text; empty where it already asks the next question."""
    line = text.strip().partition("\n")[0]
    return "" if ASKS.match(line) else clean(line)


def sub_answers(trajectory: Trajectory) -> dict[str, str]:
    """Query to the first line of what was said next, for each search of the attempt under way."""
    steps = attempt(trajectory)
    following = [*(said_first(step.text) for step in steps[1:]), ""]
    pairs = zip(steps, following, strict=False)
    return {step.query: text for step, text in pairs if step.kind == "search"}


def another(question: str, said: Mapping[str, str]) -> str:
    """What to search for instead of a repeated query: what the question describes and was not asked
    yet, then the question, then the question with the last answer; empty if all were asked.
    """
    last = ["", *said.values()][-1]
    known = set(map(plain, said))
    options = (next_described(question, said), question, f"{question} {last}" if last else "")
    return next((query for query in options if query and plain(query) not in known), "")
