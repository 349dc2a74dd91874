"""Which sentences stand in for their passages."""

import pytest

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.nodes.compress import Compress, chosen
from ragreason.state import initial
from ragreason.types import Evidence, Hit, Passage, Question
from ragreason.verification.evidence import Source, read

TEXTS = {
    "Sallow Bridge": "It crosses the Morn. Edda Quill designed it.",
    "Harrowby": "It has a fair. It has a mill.",
    "Edda Quill": "She was tall. She was born in 1874.",
}
QUESTION = Question(id="q", text="Who designed the Sallow Bridge?")


def source() -> Source:
    return read(Passage(id=title, title=title, text=text) for title, text in TEXTS.items())


def texts(limit: int, *scores: float, link: float = 0.3) -> list[str]:
    return [line.text for line in chosen(source(), scores, limit, link)]


def test_the_best_sentences_come_in_the_passages_order() -> None:
    assert texts(2, 0.1, 0.5, 0.9, 0.2, 0.0, 0.0) == ["Edda Quill designed it.", "It has a fair."]


def test_a_passage_that_a_chosen_sentence_names_is_the_next_hop() -> None:
    assert texts(2, 0.1, 0.9, 0.4, 0.3, 0.0, 0.2) == [
        "Edda Quill designed it.",
        "She was born in 1874.",
    ]


def test_without_links_scores_alone_count() -> None:
    assert texts(2, 0.1, 0.9, 0.4, 0.3, 0.0, 0.2, link=0.0) == [
        "Edda Quill designed it.",
        "It has a fair.",
    ]


def test_a_link_is_no_reason_to_take_what_is_far_off() -> None:
    assert "She was tall." not in texts(3, 0.1, 0.9, 0.7, 0.6, 0.1, 0.1)


def test_a_sentence_beside_a_chosen_one_comes_first_among_near_equals() -> None:
    assert texts(2, 0.0, 0.0, 0.9, 0.45, 0.5, 0.0)[1] == "It has a mill."


@pytest.mark.parametrize("limit", [6, 7, 200])
def test_a_limit_beyond_the_sentences_keeps_them_all(limit: int) -> None:
    assert len(texts(limit, *[0.5] * 6)) == 6


def test_the_first_of_equals_is_taken() -> None:
    assert texts(1, *[0.5] * 6) == ["It crosses the Morn."]


def evidence(*keep: bool) -> dict[str, Evidence]:
    return {
        title: Evidence(
            hit=Hit(passage=passage, score=1.0, rank=1, source="t"),
            keep=kept,
            excerpt="old" if kept else None,
        )
        for (title, passage), kept in zip(
            ((p.title, p) for p in source().passages), keep, strict=True
        )
    }


async def compressed(found: dict[str, Evidence], sentences: int) -> dict[str, Evidence]:
    node = Compress(name="compress", embedder=HashingEmbedder(), sentences=sentences)
    update = await node({**initial(QUESTION), "evidence": found})
    written: dict[str, Evidence] = update["evidence"]
    return written


async def test_chosen_sentences_become_excerpts_and_other_passages_are_not_kept() -> None:
    found = await compressed(evidence(True, True, True), 2)
    assert found["Sallow Bridge"].excerpt == "It crosses the Morn. Edda Quill designed it."
    assert found["Sallow Bridge"].keep
    assert (found["Harrowby"].keep, found["Harrowby"].excerpt) == (False, None)


async def test_what_was_put_aside_before_stays_so() -> None:
    found = await compressed(evidence(False, True, True), 6)
    assert set(found) == {"Harrowby", "Edda Quill"}


async def test_without_evidence_there_is_nothing_to_read() -> None:
    assert await compressed({}, 3) == {}
