"""What a row is scored by, and what is left out."""

from pathlib import Path

import pytest

from ragreason.datasets import Example, Gold, load_dataset
from ragreason.datasets.example import paragraph
from ragreason.evaluation.answered import Answered
from ragreason.evaluation.rows import answer_row, error_row
from ragreason.evaluation.scores import scores_of
from ragreason.types import Answer, Citation, Question

ILSE, OTTO = paragraph("Ilse", "Ilse rows. Her brother is Otto."), paragraph("Otto", "Otto sings.")
EXAMPLE = Example(
    question=Question(id="q", text="Who is the rower's brother?"),
    gold=Gold(answers=("Otto",), support_ids=(ILSE.id,), supporting_facts=(("Ilse", 1),), hops=2),
    passages=(OTTO, ILSE),
    sentences=(("Otto sings.",), ("Ilse rows.", " Her brother is Otto.")),
)
CITED = Citation(number=1, passage_id=ILSE.id, title="Ilse", quote="Her brother is Otto.")


def answered(**fields: object) -> Answered:
    usual = {"text": "Otto", "retrieved": (OTTO.id, ILSE.id), "citations": (CITED,)}
    return Answered(Answer.model_validate({**usual, **fields}))


def test_retrieval_is_scored_over_all_passages_and_over_those_of_the_prompt() -> None:
    scores = scores_of("hotpotqa", EXAMPLE, answered(in_prompt=(ILSE.id,)))
    assert (scores["mrr"], scores["prompt_mrr"]) == (0.5, 1.0)
    assert (scores["recall@2"], scores["prompt_all_support@2"]) == (1.0, 1.0)
    unknown = scores_of("hotpotqa", EXAMPLE, answered())
    assert not any(name.startswith("prompt_") for name in unknown)
    empty = scores_of("hotpotqa", EXAMPLE, answered(in_prompt=()))
    assert empty["prompt_recall@5"] == 0.0


def test_a_passage_that_only_holds_the_answers_letters_is_no_support() -> None:
    given = answered(retrieved=(OTTO.id,), in_prompt=(OTTO.id,), citations=())
    scores = scores_of("hotpotqa", EXAMPLE, given)
    assert "Otto" in OTTO.text
    assert (scores["recall@5"], scores["mrr"], scores["prompt_recall@5"]) == (0.0, 0.0, 0.0)
    assert scores["citation_recall"] == 0.0


def test_facts_and_answer_are_joint_where_the_dataset_does_so() -> None:
    scores = scores_of("hotpotqa", EXAMPLE, answered(text="Otto Brandt"))
    assert (scores["sp_em"], scores["sp_f1"]) == (1.0, 1.0)
    assert scores["joint_em"] == 0.0
    assert scores["joint_f1"] == pytest.approx(2 / 3)
    assert "joint_f1" not in scores_of("2wikimultihopqa", EXAMPLE, answered())


def test_what_a_dataset_does_not_know_is_absent() -> None:
    bare = Example(question=EXAMPLE.question, gold=Gold(answers=("Otto",)))
    assert scores_of("bamboogle", bare, answered()) == {}


def test_groundedness_is_over_what_the_prompt_held() -> None:
    assert scores_of("hotpotqa", EXAMPLE, answered(in_prompt=(ILSE.id,)))["groundedness"] == 1.0
    other = answered(text="Ilse", in_prompt=(OTTO.id,))
    assert scores_of("hotpotqa", EXAMPLE, other)["groundedness"] == 0.0
    elsewhere = Answered(Answer(text="Otto", retrieved=(OTTO.id,)), passages=(OTTO,))
    bare = Example(question=EXAMPLE.question, gold=Gold(answers=("Otto",)))
    assert scores_of("nq", bare, elsewhere) == {"groundedness": 1.0}


@pytest.mark.parametrize("abstained", [True, False])
def test_a_question_that_cannot_be_answered_is_not_scored_as_an_answer(abstained: bool) -> None:
    example = Example(question=EXAMPLE.question, gold=Gold(answers=("Otto",), answerable=False))
    given = Answered(Answer(text="" if abstained else "Otto", abstained=abstained))
    row = answer_row("musique", example, given, 0.1)
    assert (row["em"], row["f1"], row["precision"], row["recall"]) == (None,) * 4
    assert row["scores"]["abstention"] == row["scores"]["sufficiency"] == float(abstained)
    assert row["answerable"] is False


def test_an_abstention_is_multihop_rags_right_answer_to_a_null_query() -> None:
    gold = Gold(answers=("Insufficient information.",), answerable=False, type="null_query")
    example = Example(question=EXAMPLE.question, gold=gold)
    given = Answered(Answer(text="", abstained=True))
    assert scores_of("multihop_rag", example, given)["accuracy"] == 1.0
    silent = Answered(Answer(text=""))
    assert scores_of("multihop_rag", example, silent)["accuracy"] == 0.0


def test_char_f1_is_of_chinese_answers_only() -> None:
    example = Example(question=Question(id="q", text="在哪？"), gold=Gold(answers=("北京",)))
    scores = scores_of("generic", example, Answered(Answer(text="“北京市”")))
    assert scores["char_f1"] == pytest.approx(0.8)
    assert "char_f1" not in scores_of("hotpotqa", EXAMPLE, answered())


def test_a_row_keeps_prompt_and_confidence_and_an_error_row_none_of_it() -> None:
    row = answer_row("hotpotqa", EXAMPLE, answered(in_prompt=(ILSE.id,), confidence=0.7), 0.1)
    assert (row["in_prompt"], row["confidence"]) == ([ILSE.id], 0.7)
    failed = error_row(EXAMPLE, "gone", 0.1)
    assert (failed["in_prompt"], failed["confidence"], failed["scores"]) == (None, None, {})
    assert row.keys() == failed.keys()


@pytest.mark.data
def test_gold_itself_scores_1_in_everything(data: Path) -> None:
    """Each example answered with its gold, all supports retrieved first and cited sentence by
    sentence.
    """
    dataset = load_dataset(str(data / "hotpotqa/train_sample.json"))
    for example in dataset.examples[:30]:
        titles = {p.title: (p, s) for p, s in zip(example.passages, example.sentences, strict=True)}
        citations = tuple(
            Citation(
                number=1,
                passage_id=titles[title][0].id,
                title=title,
                quote=titles[title][1][number].strip(),
            )
            for title, number in example.gold.supporting_facts
        )
        given = Answered(
            Answer(
                text=example.gold.answers[0],
                citations=citations,
                retrieved=example.gold.support_ids,
                in_prompt=example.gold.support_ids,
            )
        )
        scores = scores_of("hotpotqa", example, given)
        scores.pop("groundedness", None)
        assert set(scores.values()) == {1.0}, example.question


@pytest.mark.parametrize("gold", ["mat", "In", "information"])
def test_an_abstention_holds_no_gold_answer_by_chance(gold: str) -> None:
    example = Example(question=EXAMPLE.question, gold=Gold(answers=(gold,)))
    given = Answered(Answer(text="", abstained=True))
    assert scores_of("popqa", example, given)["accuracy"] == 0.0
