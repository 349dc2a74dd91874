"""Segments: an answer a passage, criticised, the best kept."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.generation.scripted import Scripted
from ragreason.nodes.segments import Segments
from ragreason.protocols import Aggregation, Costs, Item, Judges
from ragreason.state import initial
from ragreason.types import Evidence, Hit, Passage, Question, Trajectory, Verdict

QUESTION = Question(id="q", text="When was Edda Quill born?")
QUILL = Passage(id="quill", title="Edda Quill", text="Edda Quill was born in 1874.")
FAIR = Passage(id="fair", title="Harrowby", text="The fair began in 1492.")


class ByText:
    """Scores an answer by a table."""

    judges: ClassVar[frozenset[Judges]] = frozenset({"trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "last"
    costs: ClassVar[Costs] = "nothing"

    def __init__(self, scores: Mapping[str, float]) -> None:
        self.scores = scores
        self.seen: list[tuple[str, tuple[str, ...]]] = []

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        del question
        found = []
        for item in items:
            assert isinstance(item, Trajectory)
            self.seen.append((item.answer or "", tuple(hit.passage.id for hit in item.hits)))
            score = self.scores[item.answer or ""]
            found.append(Verdict(score=score, missing=("who",), reason=f"support {score}"))
        return found


def state(**more: Any) -> dict[str, Any]:
    evidence = {
        p.id: Evidence(hit=Hit(passage=p, score=1.0, rank=1, source="t")) for p in (QUILL, FAIR)
    }
    return {**initial(QUESTION), "evidence": evidence, **more}


def node(verifier: ByText, engine: Scripted | None = None, **more: Any) -> Segments:
    script = Scripted(rules=[("fair began", "1492"), ("[1] Edda Quill", "1874")])
    return Segments(
        name="critique",
        engine=engine or script,
        verifier=verifier,
        embedder=HashingEmbedder(),
        **more,
    )


async def test_each_answer_is_judged_on_its_own_passage() -> None:
    verifier = ByText({"1874": 0.9, "1492": 0.8})
    update = await node(verifier)(state())
    assert sorted(verifier.seen) == [("1492", ("fair",)), ("1874", ("quill",))]
    assert update["segments_read"] == ["quill", "fair"]
    assert update["draft"] == "1874"


async def test_relevance_weighs_against_support() -> None:
    verifier = ByText({"1874": 0.5, "1492": 0.7})
    assert (await node(verifier, relevance=0.0)(state()))["draft"] == "1492"
    assert (await node(verifier, relevance=0.9)(state()))["draft"] == "1874"


async def test_below_the_bound_more_is_searched_for_with_the_most_relevant_passage() -> None:
    update = await node(ByText({"1874": 0.2, "1492": 0.1}), at_least=0.9)(state())
    assert update["sufficiency"].label == "partial"
    assert update["sufficiency"].missing == ("who",)
    assert update["query"] == f"{QUESTION.text} Edda Quill {QUILL.text}"


async def test_what_was_read_is_not_read_again_and_a_better_draft_stays() -> None:
    earlier = {"draft": "1874", "sufficiency": Verdict(score=0.5), "segments_read": ["quill"]}
    verifier = ByText({"1492": 0.1})
    update = await node(verifier)(state(**earlier))
    assert verifier.seen == [("1492", ("fair",))]
    assert (update["draft"], update["segments_read"]) == ("1874", ["fair"])


async def test_a_better_segment_replaces_an_earlier_draft() -> None:
    earlier = {"draft": "1874", "sufficiency": Verdict(score=0.1), "segments_read": ["quill"]}
    assert (await node(ByText({"1492": 1.0}))(state(**earlier)))["draft"] == "1492"


@pytest.mark.parametrize("reply", ["", "\n", "  "])
async def test_silence_is_no_segment(reply: str) -> None:
    update = await node(ByText({}), Scripted(default=reply))(state())
    assert (update["draft"], update["sufficiency"].label) == ("", "none")


async def test_without_evidence_the_question_is_the_next_query() -> None:
    update = await node(ByText({}))(state(evidence={}))
    assert (update["draft"], update["query"]) == ("", QUESTION.text)
