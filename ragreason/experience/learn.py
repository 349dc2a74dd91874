"""Experience grows from answers that a verifier accepts, after a run and never during one."""

from collections.abc import Sequence

from ragreason.experience.store import Solved, Store
from ragreason.protocols import Verifier
from ragreason.types import Answer, Hit, Question, Step, Trajectory

AT_LEAST = 0.5


async def learn(
    store: Store,
    question: Question,
    answer: Answer,
    hits: Sequence[Hit],
    verifier: Verifier,
    at_least: float = AT_LEAST,
) -> bool:
    """Add the question to the store if the verifier scores its answer `at_least`; whether it did.

    `hits` are the passages that the run found. Forced, abstained, failed and empty answers are
    never learned, nor is a question that the store holds. No gold is seen.
    """
    if answer.status != "ok" or answer.abstained or not answer.text:
        return False
    found = tuple(hit for hit in hits if hit.passage.id in answer.retrieved)
    steps = (
        Step(kind="search", text="", query=question.text, hits=found),
        Step(kind="answer", text=answer.text, answer=answer.text),
    )
    (verdict,) = await verifier.judge(question, [Trajectory(steps=steps)])
    if verdict.score < at_least:
        return False
    solved = Solved(question=question.text, answer=answer.text, score=round(verdict.score, 4))
    return store.add([solved]) == 1
