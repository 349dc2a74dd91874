"""Read each passage by itself, all side by side: what it says does not depend on the others."""

from collections.abc import Sequence

from ragreason.concurrency import all_or_none
from ragreason.errors import ContextOverflowError
from ragreason.nodes.generate import ask
from ragreason.policies.parse import clean
from ragreason.prompts import show_passages
from ragreason.protocols import Generator
from ragreason.seeds import derive
from ragreason.text.language import language
from ragreason.types import Evidence, Question
from ragreason.verification.reading import ANSWER


async def read_alone(
    engine: Generator,
    question: Question,
    entries: Sequence[Evidence],
    *,
    seed: int,
    max_tokens: int,
) -> list[str]:
    """The answer that each passage gives alone, in order; "" for one that does not fit the context.

    The prompt is that of the answer node. One call a passage, all in flight together.
    """

    async def answer(entry: Evidence) -> str:
        try:
            return clean(
                await ask(
                    engine,
                    "answer",
                    question.text,
                    seed=derive(seed, question.id, entry.hit.passage.id),
                    max_tokens=max_tokens,
                    stop=("\n",),
                    opening=ANSWER[language(question.text)],
                    passages=shown(entry),
                )
            )
        except ContextOverflowError:
            return ""

    return await all_or_none(answer(entry) for entry in entries)


def shown(entry: Evidence) -> str:
    """The passage, or its excerpt, as a prompt shows it: number 1."""
    excerpts = {} if entry.excerpt is None else {entry.hit.passage.id: entry.excerpt}
    return show_passages([entry.hit], excerpts=excerpts)
