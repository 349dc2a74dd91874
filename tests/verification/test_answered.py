from typing import Any

import pytest

from ragreason.corpus import passage
from ragreason.protocols import Embedder
from ragreason.types import Passage, Question
from ragreason.verification.answered import answered, echoes, is_verdict
from ragreason.verification.evidence import Source, read


@pytest.fixture
def source(library: dict[str, Passage]) -> Source:
    return read(library.values())


async def test_the_answer_ranks_above_other_entities_of_the_passages(
    question: Question, source: Source, embedder: Embedder
) -> None:
    names = ["Stephen King", "Peru", "Bolivia", "Chamberlain", "1974"]
    scores = [a.score for a in await answered(question.text, names, source, embedder)]
    assert max(scores) == scores[0] > 1.2 * max(scores[1:])


async def test_the_hop_before_counts(
    question: Question, library: dict[str, Passage], embedder: Embedder
) -> None:
    alone = read([library["Maximum Overdrive"]])
    both = read([library["Maximum Overdrive"], library["Leland, North Carolina"]])
    (without,) = await answered(question.text, ["Stephen King"], alone, embedder)
    (found,) = await answered(question.text, ["Stephen King"], both, embedder)
    assert found.score > without.score
    assert found.passage == library["Maximum Overdrive"]


async def test_what_the_passages_do_not_hold_gets_nearly_nothing(
    question: Question, source: Source, embedder: Embedder
) -> None:
    absent, half = await answered(question.text, ["Ada Vex", "Ada King"], source, embedder)
    assert (absent.score, absent.passage) == (0.0, None)
    assert 0.0 < half.score <= 0.2


async def test_repeating_the_question_costs_half_unless_it_offers_a_choice(
    source: Source, embedder: Embedder
) -> None:
    assert echoes("Who directed the film shot in Leland?", "Leland")
    assert not echoes("Which is older, Carrie or Maximum Overdrive?", "Carrie")
    assert not echoes("卡丽还是马克更年长？", "卡丽")
    plain = "In which town near Leland was the film shot?"
    (echo,) = await answered(plain, ["Leland"], source, embedder)
    (choice,) = await answered(plain + " Leland or Peru?", ["Leland"], source, embedder)
    assert echo.score < choice.score


async def test_yes_and_no_tie_and_depend_on_the_evidence(
    source: Source, embedder: Embedder
) -> None:
    yes, no = await answered("Is Carrie a novel?", ["yes", "No."], source, embedder)
    (other,) = await answered("Is Quill a violinist?", ["yes"], source, embedder)
    assert yes.score == no.score > other.score
    assert is_verdict("是的")
    assert not is_verdict("Yes Minister")


async def test_chinese_answers_are_found(embedder: Embedder) -> None:
    chinese = read(
        [passage("鲁迅", "鲁迅出生于浙江绍兴。他写了《呐喊》。"), passage("茶", "茶是饮料。")]
    )
    right, wrong = await answered("鲁迅出生在哪里？", ["绍兴", "饮料"], chinese, embedder)
    assert right.score > 2 * wrong.score


async def test_answers_of_one_question_are_embedded_in_two_calls(
    question: Question, source: Source, counting: Any
) -> None:
    await answered(question.text, ["Stephen King", "Peru", "Stephen King"], source, counting)
    asked, lines = counting.calls
    assert len(asked) == 2
    assert len(lines) == len(set(lines)) <= 2 * 3


async def test_blank_answers_score_nothing(
    question: Question, source: Source, embedder: Embedder
) -> None:
    found = await answered(question.text, ["", "?!", "the"], source, embedder)
    assert [a.score for a in found[:2]] == [0.0, 0.0]
    assert 0.0 <= found[2].score <= 1.0
