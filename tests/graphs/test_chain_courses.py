"""The courses of the graphs that chain retrieval and reasoning, by hand: a scripted engine, real
retrieval over four documents.
"""

from pathlib import Path

import pytest

from ragreason.experience import Solved, Store
from ragreason.generation.scripted import Scripted
from ragreason.types import Question, Request
from tests.graphs.courses import QUESTION, Course, told
from tests.waiting import Waiting

ASKED = f"search {QUESTION.text}"
ZH = Question(id="zh", text="设计柳溪桥的建筑师生于哪一年？")


def content(request: Request) -> str:
    return request.messages[-1].content


async def test_few_shot_answers_after_examples_without_searching(course: Course) -> None:
    engine = Scripted(["1874"])
    run = await course.run("few_shot", engine)
    assert told(run) == ["shots", "answer"]
    assert (run.answer.text, run.answer.usage.calls, run.answer.usage.retrievals) == ("1874", 1, 0)
    (request,) = engine.requests
    assert content(request).count("Question:") == 5
    assert "Answer: Ottilie Brandt\n" in content(request)
    assert content(request).endswith(f"Question: {QUESTION.text}")


async def test_few_shot_shows_examples_in_the_question_s_language(course: Course) -> None:
    engine = Scripted(["1874年"])
    run = await course.run("few_shot", engine, question=ZH)
    assert run.answer.text == "1874年"
    assert "答案：梅知秋" in content(engine.requests[0])
    assert "Ottilie" not in content(engine.requests[0])


async def test_few_shot_asks_again_without_examples_where_one_is_copied(course: Course) -> None:
    engine = Scripted(["Ottilie Brandt.", "1874"])
    run = await course.run("few_shot", engine)
    assert (run.answer.text, engine.calls) == ("1874", 2)
    assert "Ottilie" not in content(engine.requests[1])


async def test_flare_looks_up_what_it_is_unsure_of_and_writes_it_again(course: Course) -> None:
    replies = [
        " The Sallow Bridge was designed by Edda Quill.",
        " Quill was nineteen in Harrowby.",
        " Edda Quill was born in 1874. So the answer is: 1492.",
        " So the answer is: 1874.",
        "1874",
    ]
    engine = Scripted(replies)
    run = await course.run("flare", engine, "write.k=2")
    assert told(run) == [
        "write",
        ASKED,
        "thought",  # every word of the first sentence stands in the prompt, so it is likely
        "search Quill was in Harrowby.",  # of the second the unlikely words are masked
        "thought",  # its second writing, of which only the first sentence counts
        "answer 1874",
        "answer",
    ]
    assert (run.answer.text, run.answer.usage.calls, run.answer.usage.retrievals) == ("1874", 5, 2)
    assert all(request.logprobs for request in engine.requests[:4])
    assert "Quill was ___ in Harrowby.\nPassages:\n" in engine.requests[2].prefill


async def test_chain_of_verification_checks_its_draft_side_by_side(course: Course) -> None:
    rules = [
        ("First answer: Harrowby", "1874"),
        ("Draft answer: Harrowby", "Who designed the Sallow Bridge?\nWhen was Edda Quill born?"),
        ("Question: Who designed", "Edda Quill"),
        ("Question: When was Edda Quill born?", "1874"),
        (QUESTION.text, "Harrowby"),
    ]
    parts = ("Question: Who designed", "Question: When was Edda Quill born?")
    engine = Waiting(2, counts=lambda text: any(part in text for part in parts), rules=rules)
    run = await course.run("chain_of_verification", engine)
    assert told(run)[:5] == ["retrieve", f"? {QUESTION.text}", "draft", "plan", "verify"]
    assert told(run)[-2:] == ["revise", "answer"]
    assert engine.met, "checks are answered side by side"
    checks = [r for r in engine.requests if "Draft" not in content(r) and "born?" in content(r)]
    assert all("Harrowby is a market" in content(r) or "Quill" in content(r) for r in checks)
    factored = [r for r in engine.requests if content(r).endswith("Edda Quill born?")]
    assert not any("First answer" in content(r) for r in factored), "no check sees the draft"
    revised = content(engine.requests[-1])
    assert "Who designed the Sallow Bridge?: Edda Quill" in revised
    assert "When was Edda Quill born?: 1874" in revised
    drafted = content(engine.requests[0])
    shared = drafted[: drafted.index("\n\nQuestion")]
    assert revised.startswith(shared), "the prefix cache holds the passages"
    assert (run.answer.text, run.answer.usage.calls, run.answer.usage.retrievals) == ("1874", 5, 3)


async def test_chain_of_verification_looks_its_draft_up_where_nothing_is_asked(
    course: Course,
) -> None:
    rules = [
        ("First answer: Edda Quill", ""),
        ("Draft answer: Edda Quill", "\n"),
        (f"{QUESTION.text} Edda Quill?", "1492"),
        (QUESTION.text, "Edda Quill"),
    ]
    run = await course.run("chain_of_verification", Scripted(rules=rules))
    assert f"? {QUESTION.text} Edda Quill?" in told(run)
    assert run.answer.text == "Edda Quill", "an empty revision leaves the draft"


@pytest.fixture
def solved(tmp_path: Path) -> Path:
    records = [
        Solved(question="When was the painter of the Tin Mural born?", answer="1791"),
        Solved(question=QUESTION.text.upper(), answer="LEAKED"),
        Solved(question="Which cheese is made in <|im_end|> Orlow?", answer="Blue Orlow"),
    ]
    Store(tmp_path).add(records)
    return tmp_path


async def test_experience_shows_the_most_similar_solved_questions(
    course: Course, solved: Path
) -> None:
    engine = Scripted(["1874"])
    run = await course.run("experience", engine, f"recall.store={solved}")
    assert told(run) == ["retrieve", f"? {QUESTION.text}", "recall", "shots", "answer"]
    shown = content(engine.requests[0])
    assert shown.index("Orlow") < shown.index("Tin Mural") < shown.index(QUESTION.text)
    assert "Edda Quill, an architect" in shown
    assert (run.answer.text, run.answer.usage.calls) == ("1874", 1)
    assert run.answer.citations[0].title == "Edda Quill"
    assert "<|im_end|>" not in shown


async def test_experience_never_shows_the_question_asked_and_never_grows(
    course: Course, solved: Path
) -> None:
    engine = Scripted(default="1874")
    before = Store(solved).file.read_bytes()
    await course.run("experience", engine, f"recall.store={solved}", "recall.k=10")
    assert not any("LEAKED" in content(request) for request in engine.requests)
    assert Store(solved).file.read_bytes() == before


async def test_experience_does_not_see_what_is_learned_while_it_is_loaded(
    course: Course, solved: Path
) -> None:
    from ragreason.runner import Runner

    engine = Scripted(default="1874")
    runner = Runner(course.load("experience", engine, f"recall.store={solved}"), {})
    await runner.answer(QUESTION)
    Store(solved).add([Solved(question="When was the baker of Morn born?", answer="1555")])
    await runner.answer(QUESTION)
    first, second = engine.requests
    assert content(first) == content(second)


async def test_experience_without_a_store_reads_as_naive_rag_does(
    course: Course, tmp_path: Path
) -> None:
    engine, plain = Scripted(["1874"]), Scripted(["1874"])
    run = await course.run("experience", engine, f"recall.store={tmp_path / 'none'}")
    await course.run("naive_rag", plain)
    assert run.answer.text == "1874"
    assert content(engine.requests[0]) == content(plain.requests[0])


async def test_search_o1_lets_only_notes_into_its_chain(course: Course) -> None:
    replies = [
        "Edda Quill designed the bridge.\nAnswer: trap",
        " I need her birth.\nSearch: Edda Quill born",
        "She was born in 1874.",
        " Known.\nAnswer: 1874",
    ]
    engine = Scripted(replies)
    run = await course.run("search_o1", engine)
    steps = [ASKED, "thought", "search Edda Quill born", "thought", "answer 1874"]
    assert told(run) == ["solve", *steps, "answer"]
    note, think, other_note, end = engine.requests
    assert "Edda Quill, an architect" in content(note)
    assert "[1]" in content(note)
    assert think.prefill.endswith("Found: Edda Quill designed the bridge.\nThought:")
    assert "I need her birth." in content(other_note), "the note is for the chain so far"
    assert end.prefill.startswith(think.prefill)
    assert not any("Edda Quill, an architect" in request.prefill for request in engine.requests)
    assert (run.answer.text, run.answer.usage.calls, run.answer.usage.retrievals) == ("1874", 4, 2)


@pytest.mark.parametrize("note", ["", " The facts in the passages are as follows:\n- Quill"])
async def test_search_o1_goes_on_where_a_note_says_nothing(course: Course, note: str) -> None:
    engine = Scripted([note, " Known.\nAnswer: 1874"])
    run = await course.run("search_o1", engine)
    found = engine.requests[1].prefill.split("Found: ")[1]
    assert found == "The Sallow Bridge crosses the Morn.\nThought:"
    assert run.answer.text == "1874"


async def test_search_tags_reads_searches_and_answers_out_of_tags(course: Course) -> None:
    replies = [
        " I need her birth. </think>\n<search> Edda Quill born",
        " Known. </think>\n<answer> 1874 </answer> and more",
    ]
    engine = Scripted(replies)
    run = await course.run("search_tags", engine)
    assert told(run) == ["solve", ASKED, "search Edda Quill born", "answer 1874", "answer"]
    first, second = engine.requests
    assert first.stop == ("</search>", "</answer>", "<information>", "</information>")
    assert first.prefill.startswith(f"<search>{QUESTION.text}</search>\n<information>\n[1] ")
    assert first.prefill.endswith("</information>\n<think>")
    shown = second.prefill.removeprefix(first.prefill)
    assert shown.startswith(" I need her birth. </think>\n<search> Edda Quill born</search>\n")
    assert (run.answer.text, run.answer.usage.calls, run.answer.usage.retrievals) == ("1874", 2, 2)


async def test_search_tags_works_with_another_model_s_tags(course: Course) -> None:
    replies = [
        " Hm. </think>\n<|begin_of_query|> Edda Quill born",
        " Known. </think>\n<answer> 1874",
    ]
    engine = Scripted(replies)
    tags = {
        "search": ["<|begin_of_query|>", "<|end_of_query|>"],
        "information": ["<|begin_of_documents|>", "<|end_of_documents|>"],
    }
    changes = [f"solve.policy.{part}={pair!r}" for part, pair in tags.items()]
    changes += ["solve.policy.search_first=false", "solve.policy.example=false"]
    run = await course.run("search_tags", engine, *changes)
    assert told(run) == ["solve", "search Edda Quill born", "answer 1874", "answer"]
    assert "<|begin_of_query|> query <|end_of_query|>" in content(engine.requests[0])
    assert "Edda Quill born<|end_of_query|>\n<|begin_of_documents|>\n[1]" in (
        engine.requests[1].prefill
    )
    assert engine.requests[1].stop[0] == "<|end_of_query|>"


def steps_of(good: str, poor: str) -> list[str]:
    return [f" {good}\nSearch: Edda Quill born", f" {poor}\nSearch: cattle fair"]


async def test_beam_rag_keeps_the_steps_that_the_passages_support(course: Course) -> None:
    texts = steps_of("Edda Quill designed the Sallow Bridge.", "Zanzibar exports cloves.")
    rules = [
        ("Zanzibar", [" So.\nAnswer: 1492", " Well.\nAnswer: 1492"]),
        ("designed the Sallow Bridge.\nSearch: Edda", [" So.\nAnswer: 1874"]),
        ("Thought:", texts),
    ]
    engine = Scripted(rules=rules)
    run = await course.run("beam_rag", engine)
    assert run.answer.text == "1874"
    assert engine.requests[0].n == 2
    assert sum(event.kind == "verdict" for event in run.events) >= 4


async def test_mcts_rag_backs_up_groundedness_and_gives_the_best_valued_answer(
    course: Course,
) -> None:
    rules = [
        ("Zanzibar", [" So.\nAnswer: 1492", " Well.\nAnswer: 1492"]),
        ("designed the Sallow Bridge.\nSearch: Edda", [" So.\nAnswer: 1874"]),
        ("Thought:", steps_of("Edda Quill designed the Sallow Bridge.", "Zanzibar exports.")),
    ]
    run = await course.run("mcts_rag", Scripted(rules=rules))
    assert run.answer.text == "1874"
    marks = [event.mark for event in run.events if event.kind == "mark" and event.mark]
    assert max(mark.visits or 0 for mark in marks) >= 6, "the root is visited by every simulation"
    assert any(mark.value is not None for mark in marks)
