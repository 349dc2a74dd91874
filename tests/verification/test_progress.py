"""Did the last step get on?"""

from ragreason.corpus import passage
from ragreason.embedding.hashing import HashingEmbedder
from ragreason.types import Hit, Question, Step, Trajectory, Verdict
from ragreason.verification.groundedness import Groundedness
from ragreason.verification.progress import Progress

QUESTION = Question(id="q", text="When was the designer of the Sallow Bridge born?")
BRIDGE = Hit(
    passage=passage("Sallow Bridge", "It was designed by Edda Quill."),
    score=1.0,
    rank=1,
    source="t",
)
QUILL = Hit(
    passage=passage("Edda Quill", "Edda Quill was born in 1874."), score=1.0, rank=1, source="t"
)
PROGRESS = Progress(HashingEmbedder())


def search(query: str, *hits: Hit) -> Step:
    return Step(kind="search", text="", query=query, hits=hits)


async def verdict(*steps: Step, question: Question = QUESTION) -> Verdict:
    (found,) = await PROGRESS.judge(question, [Trajectory(steps=steps)])
    return found


async def test_a_search_that_found_what_it_looked_for_gets_on() -> None:
    found = await verdict(search("Sallow Bridge", BRIDGE), search("Edda Quill", QUILL))
    assert (found.score, found.label) == (1.0, "supported")


async def test_a_search_that_found_other_things_does_not() -> None:
    found = await verdict(search("Zanzibar lighthouse", QUILL))
    assert (found.score, found.label, found.reason) == (0.0, "none", "they speak of other things")


async def test_a_search_that_found_nothing_has_nothing() -> None:
    found = await verdict(search("Edda Quill"))
    assert (found.score, found.reason) == (0.0, "nothing was found")
    chinese = await verdict(search("顾青禾"), question=Question(id="q", text="谁设计了柳溪桥？"))
    assert chinese.reason == "没有找到任何内容"


async def test_what_stands_already_is_worth_half() -> None:
    again = await verdict(search("Edda", QUILL), search("Edda Quill", QUILL))
    assert (again.score, again.label) == (0.5, "supported")
    worse = await verdict(search("Edda", QUILL), search("Edda Quill lighthouse", QUILL))
    assert worse.score < 0.5
    assert worse.reason == "nothing new was found"


async def test_what_was_taken_back_is_new_again() -> None:
    back = Step(kind="backtrack", text="", takes_back=1)
    found = await verdict(search("x", QUILL), back, search("Edda Quill", QUILL))
    assert found.score == 1.0


async def test_looking_for_the_same_again_gets_nowhere_but_in_a_further_attempt() -> None:
    again = await verdict(search("Edda Quill", QUILL), search("Edda Quill", QUILL))
    assert (again.score, again.reason) == (0.0, "the same was looked for before")
    answer = Step(kind="answer", text="1492", answer="1492")
    anew = await verdict(search("Edda Quill", QUILL), answer, search("Edda Quill", QUILL))
    assert anew.score == 0.5


async def test_calls_are_judged_by_what_they_gave() -> None:
    def call(arguments: str, **more: object) -> Step:
        return Step.model_validate(
            {"kind": "call", "text": "", "tool": "t", "arguments": arguments, **more}
        )

    assert (await verdict(call('{"query": "Edda Quill"}', hits=(QUILL,)))).score == 1.0
    assert (await verdict(call('{"expression": "2+2"}', result="4"))).score == 1.0
    failed = await verdict(call("{", result="no JSON", failed=True))
    assert (failed.score, failed.reason) == (0.0, "no JSON")
    assert (await verdict(call("{}"))).score == 0.0


async def test_thoughts_and_answers_are_judged_by_groundedness() -> None:
    ends = [
        Step(kind="thought", text="Edda Quill was born in 1874."),
        Step(kind="thought", text="The potato is a root."),
        Step(kind="answer", text="1874", answer="1874"),
        Step(kind="answer", text="1492", answer="1492"),
    ]
    items = [Trajectory(steps=(search("x", BRIDGE, QUILL), end)) for end in ends]
    expected = await Groundedness(HashingEmbedder()).judge(QUESTION, items)
    assert await PROGRESS.judge(QUESTION, items) == expected
    assert expected[0].score > expected[1].score


async def test_a_step_that_takes_back_is_no_fault() -> None:
    back = Step(kind="backtrack", text="why", takes_back=1)
    assert (await verdict(search("x"), back)).score == 1.0
