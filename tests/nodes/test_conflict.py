"""Alternatives in an answer."""

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.generation.scripted import Scripted
from ragreason.nodes.conflict import Conflict, with_alternatives
from ragreason.state import initial
from ragreason.types import Alternative, Answer, Citation, Evidence, Hit, Passage, Question
from ragreason.verification.groundedness import Groundedness

QUESTION = Question(id="q", text="When was the Sallow Bridge built?")


def test_alternatives_follow_the_answer_with_their_marks() -> None:
    others = [
        Alternative(text="1871", weight=0.3, documents=1, citations=(2, 3)),
        Alternative(text="1880", weight=0.2, documents=1),
    ]
    told = "1874 [1] (other evidence says: 1871 [2][3]; 1880)"
    assert with_alternatives("1874 [1]", others, "en") == told
    assert (
        with_alternatives("1874年 [1]", others[:1], "zh") == "1874年 [1]（另有证据说：1871 [2][3]）"
    )
    assert with_alternatives("1874 [1]", [], "en") == "1874 [1]"


async def run(answer: Answer, *texts: str, reply: str = "") -> Answer:
    evidence = {}
    for number, text in enumerate(texts):
        passage = Passage(id=str(number), title=f"Guide {number}", text=text)
        hit = Hit(passage=passage, score=1.0, rank=1, source="t")
        evidence[passage.id] = Evidence(hit=hit)
    embedder = HashingEmbedder()
    node = Conflict(
        name="conflict",
        engine=Scripted(rules=[("in 1871", "1871"), ("in 1874", "1874")], default=reply),
        verifier=Groundedness(embedder),
        embedder=embedder,
    )
    update = await node({**initial(QUESTION), "answer": answer, "evidence": evidence})
    found: Answer = update["answer"]
    return found


OLD, NEW = "The Sallow Bridge was built in 1871.", "The Sallow Bridge was built in 1874."


async def test_what_is_cited_already_keeps_its_number() -> None:
    citation = Citation(number=1, passage_id="0", title="Guide 0", start=0, end=len(OLD), quote=OLD)
    given = Answer(text="1874", cited="1874 [1]", citations=(citation,))
    answer = await run(given, OLD, NEW, NEW)
    (other,) = answer.alternatives
    assert other.citations == (1,)
    assert answer.citations == (citation,)


async def test_an_answer_without_support_in_its_passage_does_not_count() -> None:
    answer = await run(Answer(text="1874", cited="1874"), "The Morn is long.", reply="Zanzibar")
    assert answer == Answer(text="1874", cited="1874")


async def test_no_evidence_leaves_the_answer_as_it_is() -> None:
    given = Answer(text="1874", cited="1874", status="forced", forced_by="budget of calls")
    assert await run(given) == given


async def test_what_is_put_in_the_answer_s_place_keeps_how_it_came_about() -> None:
    given = Answer(text="1880", cited="1880", status="forced", forced_by="x", retrieved=("0",))
    answer = await run(given, NEW, "It was built in 1874: the Sallow Bridge.")
    assert (answer.text, answer.status, answer.retrieved) == ("1874", "forced", ("0",))
    assert answer.citations
    assert [other.text for other in answer.alternatives] == ["1880"]
    assert answer.alternatives[0].documents == 0
