"""FLARE: which sentences are sure, what is looked up instead, and what is written again."""

from math import exp, log

import pytest

from ragreason.generation.scripted import Scripted
from ragreason.policies.flare import Flare, Word, confidence, first_sentence, masked
from ragreason.types import Completion, Hit, Passage, Question, Request, Step, Trajectory

QUESTION = Question(id="q", text="When was the designer of the Sallow Bridge born?")
PASSAGE = Passage(id="p", title="Sallow Bridge", text="It was designed by Edda Quill.")
FIRST = Step(
    kind="search",
    text="",
    query=QUESTION.text,
    hits=(Hit(passage=PASSAGE, score=1.0, rank=1, source="test"),),
)
LOOKED_UP = Step(kind="search", text=" Edda Quill ___", query="Edda Quill")
SURE = " The Sallow Bridge was designed by Edda Quill."
UNSURE = " Edda Quill married Zanzibar. So the answer is: 1492."


async def proposed(text: str, *steps: Step, **options: float) -> Step:
    policy = Flare(**options)  # type: ignore[arg-type]
    (step,) = await policy.propose(QUESTION, Trajectory(steps=steps), 1, Scripted([text]), seed=0)
    return step


class Pieces(Scripted):
    """Tokens of two characters: they don't end where words end."""

    async def count_tokens(self, request: Request) -> int:
        return (len(request.prefill) + 1) // 2


async def test_a_sure_sentence_is_kept() -> None:
    step = await proposed(SURE, FIRST)
    assert (step.kind, step.text) == ("thought", SURE)


async def test_an_unsure_sentence_is_not_kept_and_its_sure_words_are_looked_up() -> None:
    step = await proposed(UNSURE, FIRST)
    assert (step.kind, step.query) == ("search", "Edda Quill")
    assert step.text == " Edda Quill ___", "what is shown is what was searched for"
    assert (step.token_ids, step.answer) == ((), "")


async def test_only_the_first_sentence_decides() -> None:
    step = await proposed(f"{SURE} Zanzibar exports cloves.", FIRST)
    assert (step.kind, step.text) == ("thought", SURE)


async def test_what_is_written_after_its_search_stays_however_unsure() -> None:
    step = await proposed(UNSURE, FIRST, LOOKED_UP)
    assert (step.kind, step.text) == ("thought", " Edda Quill married Zanzibar.")


async def test_the_same_is_not_looked_up_twice() -> None:
    written = Step(kind="thought", text=" Edda Quill lived.")
    step = await proposed(UNSURE, FIRST, LOOKED_UP, written)
    assert step.kind == "thought"


async def test_an_unsure_answer_is_looked_up_before_it_is_given() -> None:
    step = await proposed(" Edda Quill lived, so the answer is: 1492.", FIRST)
    assert step.kind == "search"
    again = await proposed(" So the answer is: 1874.", FIRST, LOOKED_UP)
    assert (again.kind, again.answer) == ("answer", "1874")


async def test_that_it_answers_is_no_part_of_a_query() -> None:
    step = await proposed(" Edda Quill lived, so the answer is: 1492.", FIRST)
    assert "answer" not in step.query
    assert step.query.startswith("Edda Quill")


async def test_where_nothing_is_left_the_question_is_the_query() -> None:
    begun = Step(kind="search", text="", query="another")
    step = await proposed(" Zanzibar exports cloves.", begun, mask_below=0.5)
    assert (step.query, step.text) == (QUESTION.text, " ___")
    step = await proposed(" So the answer is: 1492.", begun)
    assert (step.query, step.text) == (QUESTION.text, " ___")
    step = await proposed(" Zanzibar exports cloves.", FIRST, mask_below=0.5)
    assert step.kind == "thought", "the question was searched for already"


def test_runs_of_unlikely_words_are_one_blank_and_other_text_stays() -> None:
    text = " Quill, a b poet"
    words = [Word(1, 7, 0.9), Word(8, 9, 0.1), Word(10, 11, 0.2), Word(12, 16, 0.5)]
    assert masked(text, words, 0.4, "___") == " Quill, ___ poet"
    assert masked(text, words, 0.05, "___") == text
    assert masked("顾青禾", [Word(0, 1, 1), Word(1, 2, 0), Word(2, 3, 1)], 0.4, "_") == "顾_禾"


@pytest.mark.parametrize(("threshold", "kind"), [(0.0, "thought"), (1.0, "search")])
async def test_thresholds_range_from_never_to_always(threshold: float, kind: str) -> None:
    assert (await proposed(SURE, FIRST, threshold=threshold)).kind == kind


async def test_a_word_is_as_sure_as_its_least_likely_token() -> None:
    text = " abcd ef"  # pieces: " a" "bc" "d " "ef"
    logprobs = tuple(log(p) for p in (0.9, 0.2, 0.8, 0.7, 0.1))
    completion = Completion(text=f"{text} rest", logprobs=logprobs)
    words = await confidence(text, completion, Pieces())
    assert [(w.start, w.end) for w in words] == [(1, 5), (6, 8)]
    assert words[0].probability == pytest.approx(0.2)
    assert words[1].probability == pytest.approx(exp(logprobs[3]))


async def test_chinese_is_taken_character_by_character() -> None:
    completion = Completion(text="顾青禾", logprobs=(log(0.9), log(0.1), log(0.9)))
    engine = Scripted()
    words = await confidence("顾青禾", completion, engine)
    assert [(w.start, w.end) for w in words] == [(0, 1), (1, 2), (2, 3)]


async def test_without_log_probabilities_nothing_is_unsure() -> None:
    assert await confidence("Edda", Completion(text="Edda"), Scripted()) == []


def test_a_first_sentence_ends_at_no_abbreviation() -> None:
    assert first_sentence(" She lived in the U.S. capital. Later she left.") == (
        " She lived in the U.S. capital."
    )
    assert first_sentence("") == ""
