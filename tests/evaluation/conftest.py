"""A small dataset and a deterministic answerer."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ragreason.datasets import Dataset, Example, Gold
from ragreason.datasets.example import paragraph
from ragreason.evaluation.answered import Answered
from ragreason.types import Answer, Question, Usage

Ask = Callable[[Question], Awaitable[Answered]]


@pytest.fixture
def dataset() -> Dataset:
    """20 questions "q0" to "q19"; the answer to "q3" is "town 3", its support "Town 3"."""
    passages = [paragraph(f"Town {i}", f"Town {i} lies on the river {i}.") for i in range(20)]
    examples = tuple(
        Example(
            question=Question(id=f"q{i}", text=f"Which town lies on the river {i}?"),
            gold=Gold(answers=(f"town {i}",), support_ids=(passages[i].id,), hops=1),
            passages=(passages[i], passages[(i + 1) % 20]),
        )
        for i in range(20)
    )
    return Dataset("own", Path("own.json"), examples)


@pytest.fixture
def ask(dataset: Dataset) -> Ask:
    """Right for even numbers, wrong for odd ones; finds the support of the first ten."""
    supports = {e.question.id: e.gold.support_ids for e in dataset.examples}

    async def answer(question: Question) -> Answered:
        number = int(question.id[1:])
        text = f"town {number}" if number % 2 == 0 else "village"
        usage = Usage(prompt_tokens=100, completion_tokens=10, calls=2, retrievals=1)
        retrieved = supports[question.id] if number < 10 else ()
        status = "forced" if number == 4 else "ok"
        return Answered(
            Answer(text=text, retrieved=retrieved, usage=usage, status=status),
            ({"kind": "search", "query": question.text, "titles": [], "text": ""},),
        )

    return answer
