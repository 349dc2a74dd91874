"""What a run looks like in a terminal."""

from ragreason.cli.show import Transcript, answer_lines, event_lines
from ragreason.events import TraceEvent
from ragreason.types import (
    Alternative,
    Answer,
    Citation,
    Hit,
    Passage,
    Step,
    StepKind,
    Usage,
    Verdict,
)

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
        "cost     1,200 prompt + 30 generated + 5 verifier tokens, 2 calls, 0 searches,",
        "         1.2 s",
    ]
    assert all(len(line) <= 80 for line in answer_lines(answer))


def test_no_line_of_the_cost_ends_between_a_number_and_its_unit() -> None:
    for digits in range(12):
        usage = Usage(prompt_tokens=int("1" * (digits + 1)), cached_tokens=1, calls=1)
        lines = answer_lines(Answer(text="x", usage=usage, elapsed_s=1.3, first_token_s=0.9))
        assert "\N{NO-BREAK SPACE}" not in "".join(lines)
        assert not any(line.lstrip().startswith("s ") for line in lines)
        assert all(len(line) <= 80 for line in lines)


def test_how_hard_a_question_is_stands_apart_from_its_word() -> None:
    event = TraceEvent(kind="difficulty", text="0.8872: words 0.1250")
    assert event_lines(event) == ["hard     0.8872: words 0.1250"]


def test_an_answer_shows_what_other_evidence_says() -> None:
    others = (
        Alternative(text="1814", weight=0.25, documents=2, citations=(2,)),
        Alternative(text=EVIL, weight=0.1, documents=1),
    )
    lines = answer_lines(Answer(text="1815", cited="1815 [1]", alternatives=others))
    assert lines[1] == "or       1814 (2 documents, 25% of the support)"
    assert lines[2].endswith("end (1 document, 10% of the support)")
    assert all(line.isprintable() for line in lines)


def test_a_search_step_shows_its_thought_and_its_query_apart() -> None:
    step = Step(kind="search", text=" [1] names her.\nSearch: Edda Quill", query="Edda Quill")
    lines = event_lines(TraceEvent(kind="step", step=step))
    assert lines == ["think    [1] names her.", "search   Edda Quill"]


def test_a_sentence_that_is_its_own_query_is_shown_once() -> None:
    step = Step(kind="search", text=" She was born.", query="She was born.")
    assert event_lines(TraceEvent(kind="step", step=step)) == ["search   She was born."]


def added(node: int, parent: int, kind: StepKind = "thought") -> TraceEvent:
    step = Step(kind=kind, text=f"text {node}", answer="1864" if kind == "answer" else "")
    return TraceEvent(kind="step", node="solve", step=step, tree_node=node, parent=parent)


def verdict(node: int | None, *, outcome: bool = False) -> TraceEvent:
    judged = Verdict(score=0.5, label="partial", missing=("a year",))
    return TraceEvent(kind="verdict", node="solve", verdict=judged, tree_node=node, outcome=outcome)


def shown(*events: TraceEvent, full: bool = False) -> list[str]:
    transcript = Transcript(full=full)
    return [line for event in events for line in transcript.lines(event)]


def test_a_candidate_answer_is_a_draft_and_one_that_was_cut_a_thought() -> None:
    cut = Step(kind="answer", text="Answer: 18", answer="18", truncated=True)
    lines = shown(added(1, 0, "answer"), TraceEvent(kind="step", step=cut))
    assert lines == ["draft    text 1", "think    Answer: 18"]


def test_verdicts_say_their_branch_where_there_are_several() -> None:
    wave = [added(1, 0), added(2, 0), added(3, 2, "answer")]
    verdicts = [verdict(2), verdict(3, outcome=True), verdict(None)]
    assert shown(*wave, *verdicts) == [
        "think    text 1",
        "think    text 2 (branch 0>2)",
        "draft    text 3 (branch 2>3)",
        "verdict  0.50 partial (branch 2) - a year",
        "verdict  0.50 partial (answer of branch 3) - a year",
        "verdict  0.50 partial - a year",
    ]


def test_of_a_single_branch_only_outcomes_are_told_from_steps() -> None:
    wave = [added(1, 0), added(2, 1, "answer")]
    other = added(1, 0).model_copy(update={"question_id": "another", "tree_node": 7})
    assert shown(*wave, other, verdict(1), verdict(2, outcome=True))[3:] == [
        "verdict  0.50 partial - a year",
        "verdict  0.50 partial (answer) - a year",
    ]


def test_a_passage_s_text_is_shown_once() -> None:
    hit = Hit(passage=Passage(id="p", title="Ada", text="Born."), score=1.0, rank=1, source="bm25")
    found = [TraceEvent(kind="search", query=query, hits=(hit,)) for query in ("a", "b")]
    assert [line.strip() for line in shown(*found, full=True)] == [
        "search   a",
        "1.000  Ada",
        "Born.",
        "search   b",
        "1.000  Ada",
    ]
    assert not any("Born." in line for line in shown(*found))


def test_a_call_shows_its_arguments_and_what_came_back() -> None:
    called = Step(kind="call", text="", tool="calculate", arguments='{"expression": "2+2"}')
    done = called.model_copy(update={"result": "4"})
    refused = called.model_copy(update={"result": f"no {EVIL}", "failed": True})
    told = 'call     calculate {"expression": "2+2"}'
    assert event_lines(TraceEvent(kind="step", step=called)) == [told]
    assert event_lines(TraceEvent(kind="step", step=done)) == [told, "result   4"]
    lines = event_lines(TraceEvent(kind="step", step=refused))
    assert lines[1].startswith("failed   no ok")
    assert all(line.isprintable() for line in lines)


def test_a_step_taken_back_says_why() -> None:
    why = Step(kind="backtrack", text="nothing was found", takes_back=1)
    assert event_lines(TraceEvent(kind="step", step=why)) == ["back     nothing was found"]
    silent = Step(kind="backtrack", text="", takes_back=1)
    assert event_lines(TraceEvent(kind="step", step=silent)) == [
        "back     the last step is taken back"
    ]
