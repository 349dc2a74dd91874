"""What is learned from a run, and what never is."""

from pathlib import Path
from typing import Any

import pytest

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.experience import Solved, Store, learn
from ragreason.types import Answer, Hit, Passage, Question
from ragreason.verification.groundedness import Groundedness

QUESTION = Question(id="q", text="When was Edda Quill born?")
PASSAGE = Passage(id="p", title="Edda Quill", text="Edda Quill, an architect, was born in 1874.")
HITS = [Hit(passage=PASSAGE, score=1.0, rank=1, source="test")]


async def learned(path: Path, answer: Answer, hits: list[Hit] = HITS) -> bool:
    return await learn(Store(path), QUESTION, answer, hits, Groundedness(HashingEmbedder()))


async def test_a_supported_answer_is_kept_with_its_score(tmp_path: Path) -> None:
    assert await learned(tmp_path, Answer(text="1874", retrieved=("p",)))
    (record,) = Store(tmp_path).read()
    assert (record.question, record.answer) == (QUESTION.text, "1874")
    assert record.score is not None
    assert record.score >= 0.5


@pytest.mark.parametrize(
    "spoilt",
    [
        {"text": "1492"},
        {"text": ""},
        {"status": "forced"},
        {"status": "error"},
        {"abstained": True},
        {"retrieved": ()},
    ],
)
async def test_unsupported_forced_and_empty_answers_are_not_learned(
    tmp_path: Path, spoilt: dict[str, Any]
) -> None:
    answer = Answer(text="1874", retrieved=("p",)).model_copy(update=spoilt)
    assert not await learned(tmp_path, answer)
    assert Store(tmp_path).read() == ()


async def test_a_known_question_is_not_learned_again(tmp_path: Path) -> None:
    Store(tmp_path).add([Solved(question=QUESTION.text, answer="then")])
    assert not await learned(tmp_path, Answer(text="1874", retrieved=("p",)))
    assert [record.answer for record in Store(tmp_path).read()] == ["then"]
