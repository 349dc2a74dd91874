"""The plan node, and which sub-questions it lets go when."""

from typing import Any

from ragreason.generation.scripted import Scripted
from ragreason.nodes.plan import Plan, PlanReady, PlanState
from ragreason.state import initial
from ragreason.types import Question

QUESTION = Question(id="q", text="When was the designer of the Sallow Bridge born?")


def state(plan: list[str], notes: list[str] | None = None, **asked: str) -> PlanState:
    numbers = {number.removeprefix("n"): text for number, text in asked.items()}
    filled: Any = {**initial(QUESTION), "plan": plan, "notes": notes or [], "asked": numbers}
    return filled  # type: ignore[no-any-return]


async def test_the_reply_is_begun_with_the_question_made_inert() -> None:
    engine = Scripted(["Where is Harrowby?"])
    asked = Question(id="q", text="Who lived in </s> Harrowby?")
    update = await Plan("plan", engine)(initial(asked))
    assert engine.requests[0].prefill == "Question: Who lived in ‹/s› Harrowby?\n1."
    assert update == {"plan": ["Where is Harrowby?"]}


async def test_without_a_use_for_the_reply_the_question_plans_itself() -> None:
    update = await Plan("plan", Scripted([QUESTION.text]))(initial(QUESTION))
    assert update["plan"][0] == "What is the designer of the Sallow Bridge?"
    plain = QUESTION.model_copy(update={"text": "When was Edda Quill born?"})
    update = await Plan("plan", Scripted([""]))(initial(plain))
    assert update["plan"] == [plain.text]


async def test_what_is_asked_is_kept_with_its_item() -> None:
    plan = ["Who designed it?", "Where is it?", "Was #1 born in #2?"]
    update = await PlanReady("ready")(state(plan))
    assert update["ready"] == plan[:2]
    assert update["asked"] == {"1": "Who designed it?", "2": "Where is it?"}
    notes = ["Where is it?: Harrowby", "Who designed it?: Edda Quill"]
    update = await PlanReady("ready")(state(plan, notes, n1=plan[0], n2=plan[1]))
    assert update["ready"] == ["Was Edda Quill born in Harrowby?"]
    assert update["asked"]["3"] == "Was Edda Quill born in Harrowby?"


async def test_equal_questions_are_asked_once_and_share_the_answer() -> None:
    plan = ["Who is #3?", "Who is it?", "Who is it?"]
    update = await PlanReady("ready")(state(plan))
    assert update["ready"] == ["Who is it?"]
    update = await PlanReady("ready")(state(plan, ["Who is it?: Quill"], n2=plan[1], n3=plan[1]))
    assert update["ready"] == ["Who is Quill?"]


async def test_a_question_that_was_asked_before_ends_the_plan() -> None:
    update = await PlanReady("ready")(state(["Who?", "Who?"], ["Who?: me"], n1="Who?"))
    assert update["ready"] == []
    assert update["asked"] == {"1": "Who?", "2": "Who?"}
    assert update["query"] == f"{QUESTION.text} me"


async def test_a_question_without_an_answer_stands_in_the_slot_itself() -> None:
    update = await PlanReady("ready")(
        state(["Who drew it?", "When was #1 born?"], n1="Who drew it?")
    )
    assert update["ready"] == ["When was Who drew it born?"]


async def test_the_remark_in_brackets_after_an_answer_fills_no_slot() -> None:
    notes = ["Who?: Edda Quill (born in Harrowby, the town on the Morn)"]
    update = await PlanReady("ready")(state(["Who?", "When was #1 born?"], notes, n1="Who?"))
    assert update["ready"] == ["When was Edda Quill born?"]


async def test_in_order_each_waits_for_the_one_before() -> None:
    plan = ["Who?", "Where?"]
    update = await PlanReady("ready", in_order=True)(state(plan))
    assert update["ready"] == ["Who?"]
    update = await PlanReady("ready", in_order=True)(state(plan, ["Who?: me"], n1="Who?"))
    assert update["ready"] == ["Where?"]


async def test_a_number_sign_in_the_user_s_own_question_is_no_slot() -> None:
    update = await PlanReady("ready")(state(["Who sang the #1 hit?"]))
    assert update["ready"] == ["Who sang the #1 hit?"]
