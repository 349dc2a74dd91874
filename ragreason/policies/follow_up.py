"""What has been asked and said in a chain, and what to ask where a model repeats itself."""

from collections.abc import Mapping

from ragreason.policies.parse import clean
from ragreason.policies.review import attempt
from ragreason.text.descriptions import next_described, plain
from ragreason.types import Trajectory


def sub_answers(trajectory: Trajectory) -> dict[str, str]:
    """Query to the first line of what was said next, for each search of the attempt under way."""
    steps = attempt(trajectory)
    following = [*(step.text.strip().partition("\n")[0] for step in steps[1:]), ""]
    pairs = zip(steps, following, strict=False)
    return {step.query: clean(text) for step, text in pairs if step.kind == "search"}


def another(question: str, said: Mapping[str, str]) -> str:
    """What to search for instead of a repeated query: what the question describes and was not asked
    yet, then the question, then the question with the last answer; empty if all were asked.
    """
    last = ["", *said.values()][-1]
    known = set(map(plain, said))
    options = (next_described(question, said), question, f"{question} {last}" if last else "")
    return next((query for query in options if query and plain(query) not in known), "")
