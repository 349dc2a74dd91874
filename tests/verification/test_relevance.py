from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ragreason.corpus import passage
from ragreason.embedding.hashing import HashingEmbedder
from ragreason.errors import VerifierError
from ragreason.protocols import Embedder, Floats
from ragreason.types import Hit, Question, Step
from ragreason.verification.cross_encoder import CrossEncoder
from ragreason.verification.relevance import Relevance


def hit(title: str, text: str) -> Hit:
    return Hit(passage=passage(title, text), score=1.0, rank=1, source="test")


async def test_passages_that_speak_of_the_question_score_higher(
    question: Question, hits: tuple[Hit, ...], embedder: Embedder
) -> None:
    verdicts = await Relevance(embedder).judge(question, hits)
    scores = [v.score for v in verdicts]
    assert min(scores[:2]) > max(scores[2:])
    assert verdicts[4].label == "none"


async def test_order_follows_the_items_and_repeats_agree(
    question: Question, hits: tuple[Hit, ...], embedder: Embedder
) -> None:
    verifier = Relevance(embedder)
    forth = await verifier.judge(question, hits)
    back = await verifier.judge(question, [*hits[::-1], hits[0]])
    assert [v.score for v in back] == pytest.approx(
        [*(v.score for v in forth[::-1]), forth[0].score]
    )


async def test_evidence_that_lacks_a_name_never_suffices(
    hits: tuple[Hit, ...], embedder: Embedder
) -> None:
    asked = Question(id="q", text="Which hotel of the Oberoi family is in Leland?")
    verdict = await Relevance(embedder, enough=0.0, some=0.0).sufficiency(asked, hits)
    assert verdict.label == "partial"
    assert "nothing found on 'Oberoi'" in verdict.missing


async def test_all_gold_outscores_one_gold_removed(
    question: Question, hits: tuple[Hit, ...], embedder: Embedder
) -> None:
    verifier = Relevance(embedder)
    whole = await verifier.sufficiency(question, hits)
    less = await verifier.sufficiency(
        question, [h for h in hits if "Leland" not in h.passage.title]
    )
    assert whole.score > less.score
    assert less.missing


async def test_no_passage_is_said_so_in_the_questions_language(embedder: Embedder) -> None:
    verifier = Relevance(embedder)
    english = await verifier.sufficiency(Question(id="q", text="Who?"), ())
    chinese = await verifier.sufficiency(Question(id="q", text="鲁迅是谁？"), ())
    assert (english.label, english.missing) == ("none", ("no passage was found",))
    assert chinese.missing == ("没有找到任何段落",)


async def test_chinese_passages_are_told_apart(embedder: Embedder) -> None:
    asked = Question(id="q", text="鲁迅出生在哪里？")
    found = [hit("鲁迅", "鲁迅出生于浙江绍兴。"), hit("茶", "茶是一种饮料。")]
    good, bad = await Relevance(embedder).judge(asked, found)
    assert good.score > bad.score + 0.2
    verdict = await Relevance(embedder).sufficiency(asked, found[1:])
    assert verdict.missing == ("没有找到关于“鲁迅”的内容", "没有找到关于“出生”的内容")


async def test_whatever_is_not_sufficient_says_what_is_missing(
    hits: tuple[Hit, ...], embedder: Embedder
) -> None:
    asked = Question(id="q", text="Is Carrie a novel?")
    verdict = await Relevance(embedder, enough=1.0).sufficiency(asked, hits)
    assert verdict.label != "sufficient"
    assert verdict.missing == ("no passage speaks closely of the question",)


async def test_steps_are_refused(question: Question, embedder: Embedder) -> None:
    with pytest.raises(VerifierError, match="use groundedness"):
        await Relevance(embedder).judge(question, [Step(kind="thought", text="x")])


async def test_at_most_two_sentences_a_passage_are_embedded(
    question: Question, hits: tuple[Hit, ...], counting: Any
) -> None:
    await Relevance(counting).judge(question, hits)
    asked, lines = counting.calls
    assert asked == [question.text]
    assert len(lines) <= 2 * len(hits)


@pytest.mark.model
@pytest.mark.parametrize("classes", [1, 2])
async def test_with_a_cross_encoder_a_score_is_its_probability(
    make_model: Callable[..., Path], hits: tuple[Hit, ...], question: Question, classes: int
) -> None:
    folder = make_model("BertForSequenceClassification", classes=classes, limit=128)
    verifier = Relevance(Refuses(), cross_encoder=str(folder))
    assert (verifier.costs, Relevance.costs) == ("model", "embedding")
    pairs = [(question.text, f"{h.passage.title}\n{h.passage.text}") for h in hits]
    logits = (await CrossEncoder(str(folder)).logits(pairs)).astype(float)
    wanted = 1 / (1 + np.exp(-logits[:, 0]))
    if classes == 2:
        wanted = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
    for order in (hits, hits[::-1], hits[1:]):
        verdicts = await verifier.judge(question, order)
        found = {h.passage.id: v.score for h, v in zip(order, verdicts, strict=True)}
        expected = {h.passage.id: float(p) for h, p in zip(hits, wanted, strict=True)}
        assert found == pytest.approx({key: expected[key] for key in found}, abs=1e-5)
    assert {v.label for v in verdicts} <= {"sufficient", "partial", "none"}
    overall = await verifier.sufficiency(question, hits)
    assert 0 <= overall.score <= float(max(wanted))


class Refuses(HashingEmbedder):
    """An embedder that is not to be used."""

    async def embed(self, texts: Sequence[str], kind: str) -> Floats:
        raise AssertionError(texts)
