"""How sure an answer is, and votes inside the answer node."""

from math import exp, log

import pytest

from ragreason.errors import ConfigError
from ragreason.generation.scripted import Scripted
from ragreason.nodes.answer import AnswerNode
from ragreason.state import State, initial
from ragreason.types import Evidence, Hit, Passage, Question

QUESTION = Question(id="q", text="When was Edda Quill born?")
PASSAGE = Passage(id="p", title="Edda Quill", text="Edda Quill was born in 1874.")


def state(**more: object) -> State:
    hit = Hit(passage=PASSAGE, score=1.0, rank=1, source="bm25")
    found: State = initial(QUESTION)
    found["evidence"] = {"p": Evidence(hit=hit)}
    found.update(more)  # type: ignore[typeddict-item]
    return found


async def test_of_several_samples_the_most_frequent_wins_with_its_share() -> None:
    engine = Scripted(["1492", "1,874", "1874", "", "1874."])
    node = AnswerNode("answer", engine, samples=5, temperature=0.7)
    found = await node(state())
    assert (found["answer"].text, found["confidence"]) == ("1,874", 3 / 5)
    assert [(r.n, r.temperature) for r in engine.requests] == [(5, 0.7)], "one request"


async def test_ties_go_to_the_answer_seen_first() -> None:
    node = AnswerNode("answer", Scripted(["b", "c", "c", "b"]), samples=4, temperature=1.0)
    assert (await node(state()))["answer"].text == "b"


async def test_one_sample_is_as_sure_as_its_tokens() -> None:
    engine = Scripted(["1874. Zanzibar"])  # the script's words: known from the prompt, or not
    found = await AnswerNode("answer", engine, logprobs=True)(state())
    assert engine.requests[0].logprobs
    assert found["confidence"] == pytest.approx(exp((log(0.6) + log(0.05)) / 2))


async def test_without_log_probabilities_nothing_speaks_for_it() -> None:
    engine = Scripted(["1874"], capabilities=frozenset({"seed"}))
    found = await AnswerNode("answer", engine, logprobs=True)(state())
    assert (found["answer"].text, found["confidence"]) == ("1874", 0.0)
    assert not engine.requests[0].logprobs


@pytest.mark.parametrize("replies", [[""], [" ", "", "  "]])
async def test_an_empty_answer_is_not_sure(replies: list[str]) -> None:
    several = {"samples": len(replies), "temperature": 0.7} if len(replies) > 1 else {}
    node = AnswerNode("answer", Scripted(replies), logprobs=True, **several)  # type: ignore[arg-type]
    found = await node(state())
    assert (found["answer"].text, found["confidence"]) == ("", 0.0)


async def test_the_reasonings_answer_asks_no_model_and_is_not_sure() -> None:
    engine = Scripted()
    found = await AnswerNode("answer", engine, logprobs=True)(state(draft="1874"))
    assert (found["answer"].text, found["confidence"], engine.calls) == ("1874", 0.0, 0)


def test_samples_that_would_be_copies_are_refused() -> None:
    with pytest.raises(ConfigError, match="3 samples at temperature 0 are copies"):
        AnswerNode("answer", Scripted(), samples=3)


async def test_notes_leave_a_prompt_that_overflows_without_passages_too() -> None:
    engine = Scripted(["1874"], context=100)
    found = await AnswerNode("answer", engine)(state(notes=["word " * 200, "Who?: Edda Quill"]))
    assert (found["answer"].text, found["dropped"]) == ("1874", ["p"])
    shown = engine.requests[-1].messages[0].content
    assert "Who?: Edda Quill" in shown
    assert "word" not in shown


async def test_an_answer_says_which_passages_its_prompt_held() -> None:
    found = await AnswerNode("answer", Scripted(["1874"]))(state())
    assert found["answer"].in_prompt == ("p",)
    assert found["answer"].retrieved == ("p",)


async def test_passages_that_did_not_fit_are_not_in_the_prompt() -> None:
    engine = Scripted(["1874"], context=100)
    found = await AnswerNode("answer", engine)(state(notes=["word " * 200]))
    assert (found["answer"].in_prompt, found["answer"].retrieved) == ((), ("p",))


async def test_what_the_reasoning_saw_is_told_unless_the_evidence_is_read_again() -> None:
    drafted = state(draft="1874", in_prompt=["r"])
    found = await AnswerNode("answer", Scripted())(drafted)
    assert found["answer"].in_prompt == ("r",)
    again = await AnswerNode("answer", Scripted(["1874"]), reread=True)(drafted)
    assert again["answer"].in_prompt == ("p",)


async def test_confidence_is_told_only_where_it_was_measured() -> None:
    node = AnswerNode("answer", Scripted(["b", "c", "c"]), samples=3, temperature=1.0)
    assert (await node(state()))["answer"].confidence == 2 / 3
    assert (await AnswerNode("answer", Scripted(["b"]))(state()))["answer"].confidence is None
