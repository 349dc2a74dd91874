"""What is told of questions and of what was found for them."""

import pytest

from ragreason.nodes.features import Feature, evidence_features, question_features, read_told, told
from ragreason.types import Hit, Passage


def hits(*found: tuple[str, float]) -> list[Hit]:
    return [
        Hit(
            passage=Passage(id=str(i), title="", text=text),
            score=score,
            rank=i,
            source="bm25",
        )
        for i, (text, score) in enumerate(found, 1)
    ]


@pytest.mark.parametrize(
    ("question", "feature", "value"),
    [
        ("Who was Edda Quill?", "words", 4 / 40),
        ("谁设计了这座桥？", "words", 7 / 40),
        ("Who was Edda Quill?", "names", 1 / 5),
        ("Were Edda Quill and Osric Vane both born in 1874?", "names", 3 / 5),
        ("Were Edda Quill and Osric Vane both born in 1874?", "compares", 1.0),
        ("Which town is older, Harrowby or Tessing?", "compares", 1.0),
        ("这两座桥是否都在同一条河上？", "compares", 1.0),
        ("What did Edda Quill and Osric Vane both design?", "compares", 1.0),
        ("When was Edda Quill born?", "compares", 0.0),
        ("When was the designer of the bridge that crosses the Morn born?", "links", 2 / 4),
        ("When was Edda Quill born?", "links", 0.0),
        ("When was Edda Quill born?", "open", 0.0),
        ("What did Edda Quill design?", "open", 1.0),
    ],
)
def test_the_wording_tells(question: str, feature: Feature, value: float) -> None:
    assert question_features(question)[feature] == pytest.approx(value)


def test_features_of_long_questions_are_cut_off_at_one() -> None:
    long = " of which ".join(f"Name Number{i} in 18{i:02}" for i in range(60))
    assert all(0 <= value <= 1 for value in question_features(long).values())


def test_passages_tell_how_well_they_cover_the_question() -> None:
    question = "Was Edda Quill born in Tessing?"  # two names and a word: 2 + 2 + 1
    found = evidence_features(
        question, hits(("Edda Quill built bridges.", 4.0), ("She was born there.", 1.0))
    )
    assert found == pytest.approx({"top": 2 / 5, "covered": 3 / 5, "missing": 1 / 2, "gap": 3 / 4})


def test_one_passage_has_no_second() -> None:
    assert evidence_features("Who is Edda?", hits(("Edda", 2.0)))["gap"] == 1.0


@pytest.mark.parametrize("scores", [(-1.0, -2.0), (0.0, 0.0), (1.0, 1.0)])
def test_scores_without_a_ratio_have_no_gap(scores: tuple[float, float]) -> None:
    found = evidence_features("Who is Edda?", hits(("Edda", scores[0]), ("Edda", scores[1])))
    assert found["gap"] == 0.0


def test_without_passages_nothing_is_known() -> None:
    assert evidence_features("Who is Edda?", []) == {}


def test_what_traces_say_is_read_again() -> None:
    features: dict[Feature, float] = {"words": 0.125, "doubt": 1.0}
    text = told(0.71324, features)
    assert text == "0.7132: words 0.1250, doubt 1.0000"
    assert read_told(text) == features
    assert read_told(told(0.5, {})) == {}
