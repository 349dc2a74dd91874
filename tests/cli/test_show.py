"""What a run looks like in a terminal."""

from ragreason.cli.show import answer_lines, event_lines
from ragreason.events import TraceEvent
from ragreason.types import Answer, Citation, Hit, Passage, Step, Usage

EVIL = "ok\x1b]0;owned\x07\x1b[2J\u202e\r\nend"


def test_documents_can_not_command_the_terminal() -> None:
    passage = Passage(id="p", title=EVIL, text=EVIL)
    hit = Hit(passage=passage, score=1.0, rank=1, source="bm25")
    event = TraceEvent(kind="search", query=EVIL, hits=(hit,))
    cited = Citation(number=1, passage_id="p", title=EVIL, quote=EVIL)
    answer = Answer(text=EVIL, cited=EVIL, citations=(cited,))
    lines = [*event_lines(event, full=True), *answer_lines(answer)]
    assert len(lines) >= 6
    assert all(line.isprintable() for line in lines)


def test_an_answer_shows_its_citations_and_its_cost() -> None:
    usage = Usage(prompt_tokens=1200, completion_tokens=30, verifier_tokens=5, calls=2)
    cited = Citation(number=1, passage_id="p", title="Ada", page=2, quote="born\n in 1815")
    answer = Answer(
        text="1815",
        cited="1815 [1]",
        citations=(cited,),
        status="forced",
        forced_by="context",
        usage=usage,
        elapsed_s=1.25,
    )
    assert answer_lines(answer) == [
        "answer   1815 [1]",
        "         [1] Ada, page 2: born in 1815",
        "cost     1,200 prompt + 30 generated + 5 verifier tokens, 2 calls, 0 searches, 1.2 s",
    ]


def test_a_search_step_shows_its_thought_and_its_query_apart() -> None:
    step = Step(kind="search", text=" [1] names her.\nSearch: Edda Quill", query="Edda Quill")
    lines = event_lines(TraceEvent(kind="step", step=step))
    assert lines == ["think    [1] names her.", "search   Edda Quill"]


def test_a_sentence_that_is_its_own_query_is_shown_once() -> None:
    step = Step(kind="search", text=" She was born.", query="She was born.")
    assert event_lines(TraceEvent(kind="step", step=step)) == ["search   She was born."]
