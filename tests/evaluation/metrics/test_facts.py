"""Citations as supporting facts."""

from ragreason.datasets import Example, Gold
from ragreason.datasets.example import paragraph
from ragreason.evaluation.metrics.citations import citation_scores
from ragreason.evaluation.metrics.facts import cited_facts, score_facts
from ragreason.text.passages import paragraph_text
from ragreason.types import Citation, Question

SENTENCES = ((" Ilse rows.", " Her brother is Otto. "), ("Otto sings.", "Otto was born in Sirel."))
PASSAGES = tuple(
    paragraph(title, paragraph_text(sentences))
    for title, sentences in zip(("Ilse", "Otto"), SENTENCES, strict=True)
)
EXAMPLE = Example(
    question=Question(id="q", text="Where was the rower's brother born?"),
    gold=Gold(
        answers=("Sirel",),
        supporting_facts=(("Ilse", 1), ("Otto", 1)),
        support_ids=tuple(p.id for p in PASSAGES),
    ),
    passages=PASSAGES,
    sentences=SENTENCES,
)


def cite(place: int, quote: str) -> Citation:
    passage = PASSAGES[place]
    return Citation(number=1, passage_id=passage.id, title=passage.title, quote=quote)


def test_a_quoted_sentence_is_a_fact() -> None:
    quotes = [cite(0, "Her brother is Otto."), cite(1, "Otto was born in Sirel.")]
    assert cited_facts(quotes, EXAMPLE) == [("Ilse", 1), ("Otto", 1)]
    score = score_facts(quotes, EXAMPLE)
    assert score is not None
    assert (score.em, score.f1) == (1.0, 1.0)


def test_a_quote_over_two_sentences_is_two_facts_and_a_few_letters_more_are_none() -> None:
    assert cited_facts([cite(0, PASSAGES[0].text)], EXAMPLE) == [("Ilse", 0), ("Ilse", 1)]
    assert cited_facts([cite(1, "sings. Otto was born in Sirel")], EXAMPLE) == [
        ("Otto", 0),
        ("Otto", 1),
    ]
    assert cited_facts([cite(1, "gs. Otto was born in Sirel.")], EXAMPLE) == [("Otto", 1)]


def test_what_is_not_in_the_paragraph_counts_against_precision() -> None:
    elsewhere = Citation(number=1, passage_id="other", title="Ilse", quote="Her brother is Otto.")
    invented = cite(0, "Ilse flies.")
    assert cited_facts([elsewhere, invented], EXAMPLE) == [("Ilse", -1)]
    score = score_facts([elsewhere, cite(0, "Her brother is Otto.")], EXAMPLE)
    assert score is not None
    assert (score.precision, score.recall) == (0.5, 0.5)


def test_no_citation_is_zero_and_no_needed_fact_is_no_score() -> None:
    score = score_facts([], EXAMPLE)
    assert score is not None
    assert (score.em, score.f1, score.recall) == (0.0, 0.0, 0.0)
    without = EXAMPLE.model_copy(update={"gold": Gold(answers=("x",))})
    assert score_facts([cite(0, "Ilse rows.")], without) is None


def test_citations_are_counted_by_passage() -> None:
    quotes = [cite(0, "Ilse rows."), cite(0, "Her brother is Otto.")]
    needed = EXAMPLE.gold.support_ids
    assert citation_scores(quotes, needed) == {
        "citation_precision": 1.0,
        "citation_recall": 0.5,
        "citation_f1": 2 / 3,
    }
    assert citation_scores(quotes, []) == {}
    assert citation_scores([], needed) == {
        "citation_precision": None,
        "citation_recall": 0.0,
        "citation_f1": 0.0,
    }
