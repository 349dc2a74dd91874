"""Scripted engines that search a tree over the four short documents."""

from ragreason.generation.scripted import Scripted
from ragreason.generation.text import prompt_text
from ragreason.types import Request

STEPS = (
    " Who designed it?\nSearch: Sallow Bridge designer",
    " Edda Quill designed it [1]. When was she born?\nSearch: Edda Quill born",
    " A fair may tell.\nSearch: Harrowby cattle fair",
    " Edda Quill was born in 1874.\nAnswer: 1874",
)


def searching() -> Scripted:
    """Proposes one of `STEPS` by the request's seed; the answer node says 1874."""
    return Scripted(rules=[(_proposing, STEPS)], default="1874")


def _proposing(request: Request) -> bool:
    return "Thought:" in prompt_text(request)
