"""Questions whose course is known: how many steps, what each reply and each search brings.

Question n leads from place to place. The passage of each place asks the server for the next reply
(`replies.asking`), which searches for the next place or answers.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.simulated_server.replies import WORDS, asking, prompt_of, reply_to
from benchmarks.simulated_server.schedule import Call, Course
from ragreason.generation.openai_request import prompt_fields
from ragreason.generation.scripted import Scripted
from ragreason.policies.react import ReAct
from ragreason.types import Completion, Hit, Passage, Question, Request, Trajectory

QUESTION = "Which place is the last of q{}?"
_QUERY = re.compile(r"q(-?\d+)(?: place (\d+))?")
_MOST_REPLY_TOKENS = 1024


@dataclass(frozen=True)
class Step:
    """What one step brings: tokens of the reply, tokens of the passage before it."""

    reply_tokens: int
    passage_tokens: int


@dataclass(frozen=True)
class Places:
    """The steps of each question."""

    steps: Sequence[Sequence[Step]]

    @classmethod
    def drawn(cls, questions: int, seed: int, most_steps: int = 8) -> "Places":
        """1 to 8 steps; 20 to 60 plus log-normal(4, 0.7) reply tokens; 200 to 700 new ones."""
        rng = random.Random(seed)
        return cls(
            tuple(
                tuple(_step(rng) for _ in range(rng.randint(1, most_steps)))
                for _ in range(questions)
            )
        )

    def answer(self, number: int) -> str:
        """Of question `number`; -1 is a question of one short step."""
        return f"q{number} end"

    def found(self, query: str) -> Hit:
        """The passage that the query asks for, which asks for the next reply."""
        match = _QUERY.search(query)
        if match is None:
            raise ValueError(f"no place in the query '{query}'")
        number, place = int(match[1]), int(match[2] or 0)
        steps = self.steps[number] if number >= 0 else (Step(20, 200),)
        last = place == len(steps) - 1
        end = f"Answer: {self.answer(number)}" if last else f"Search: q{number} place {place + 1}"
        title = f"q{number} place {place}"
        asks = asking(steps[place].reply_tokens, end)
        rng = random.Random(f"{number} {place}")
        beside = len(f"[1] {title}: {asks}".split())
        words = rng.choices(WORDS, k=max(0, steps[place].passage_tokens - beside))
        text = f"{' '.join(words)} {asks}"
        return Hit(passage=Passage(id=title, title=title, text=text), score=1, rank=1, source="p")


async def courses(places: Places) -> list[Course]:
    """The calls of each question: prompts as the policy `react` writes them, replies as asked."""
    return [await _course(places, number) for number in range(len(places.steps))]


async def _course(places: Places, number: int) -> Course:
    question = Question(id=f"q{number}", text=QUESTION.format(number))
    policy = ReAct(max_tokens=_MOST_REPLY_TOKENS)
    engine = _Recording()
    trajectory = Trajectory()
    while True:
        (step,) = await policy.propose(question, trajectory, 1, engine, seed=0)
        if step.kind == "answer":
            return engine.calls
        found = step.model_copy(update={"hits": (places.found(step.query),)})
        trajectory = Trajectory(steps=(*trajectory.steps, found))


class _Recording(Scripted):
    """Says what the server would say, in no time, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []

    async def generate(self, request: Request) -> list[Completion]:
        messages, _ = prompt_fields(request)
        text, tokens = prompt_of(messages, continued=bool(request.prefill))
        said, _ = reply_to(text, request.max_tokens)
        self.calls.append(Call(tokens, said.split()))
        return [Completion(text=said)]


def _step(rng: random.Random) -> Step:
    reply = rng.randint(20, 60) + round(rng.lognormvariate(4, 0.7))
    return Step(min(reply, _MOST_REPLY_TOKENS), rng.randint(200, 700))
