"""Plans out of a model's reply."""

import pytest

from ragreason.nodes.plan_items import answers, filled, plan_items, ready, slots

QUESTION = "In which year was the designer of the Sallow Bridge born?"
EXAMPLES = "Who is the author of The Tin Whistle?\nIn which town did #1 die?"


def items(reply: str, question: str = QUESTION, limit: int = 3) -> list[str]:
    return plan_items(reply, question, EXAMPLES, limit)


@pytest.mark.parametrize(
    "reply",
    [
        "Who designed the Sallow Bridge?\n2. In which year was #1 born?",
        "1. Who designed the Sallow Bridge?\n2) In which year was #1 born?",
        "Q1: Who designed the Sallow Bridge?\n\n- Q2: In which year was # 1 born?\n",
    ],
)
def test_lines_lose_their_numbers_and_slots_stay(reply: str) -> None:
    assert items(reply) == ["Who designed the Sallow Bridge?", "In which year was #1 born?"]


def test_the_whole_question_is_no_part_of_itself() -> None:
    assert items(f"{QUESTION}\n2. Who designed the Sallow Bridge?\n3. {QUESTION}") == [
        "Who designed the Sallow Bridge?"
    ]


def test_words_that_only_the_prompt_has_are_copied_ones() -> None:
    reply = "Who is the author of the Sallow Bridge?\n2. In which year did #1 die?"
    assert items(reply) == []


def test_slots_follow_their_item_when_others_before_it_are_dropped() -> None:
    reply = f"1. {QUESTION}\n2. Who designed the Sallow Bridge?\n3. In which year was #2 born?"
    assert items(reply) == ["Who designed the Sallow Bridge?", "In which year was #1 born?"]


@pytest.mark.parametrize("slot", ["#2", "#9", "#0"])
def test_a_slot_for_itself_or_for_nothing_means_the_item_before(slot: str) -> None:
    reply = f"Who designed the Sallow Bridge?\n2. In which year was {slot} born?"
    assert items(reply)[1] == "In which year was #1 born?"


def test_a_slot_that_nothing_can_fill_is_left_out() -> None:
    assert items("Who designed the bridge #5?") == ["Who designed the bridge?"]


def test_an_item_that_names_nothing_gets_the_answer_before() -> None:
    reply = "Who designed the Sallow Bridge?\n2. In which year was the designer born?"
    assert items(reply)[1] == "In which year was the designer born (#1)?"


def test_repeats_count_once_and_the_limit_holds() -> None:
    reply = "Sallow Bridge designer?\nSallow Bridge designer?\nSallow year?\nBridge year?"
    assert items(reply, limit=2) == ["Sallow Bridge designer?", "Sallow year?"]


@pytest.mark.parametrize("reply", ["", "\n\n1.\n2.", "I don't know.", "#1 #2", EXAMPLES])
def test_a_reply_of_no_use_gives_no_plan(reply: str) -> None:
    assert [item for item in items(reply) if slots(item) or item != reply] == []


def test_chinese_plans_are_read() -> None:
    question = "设计柳溪桥的建筑师生于哪一年？"
    reply = "谁设计了柳溪桥？\n2. #1 生于哪一年？"
    assert plan_items(reply, question, "", 3) == ["谁设计了柳溪桥？", "#1 生于哪一年？"]


def test_an_answer_is_found_by_the_whole_question_that_was_asked() -> None:
    notes = ["Who: is it?: Quill", "Who: no", "Who else?: nobody"]
    assert answers({1: "Who: is it?", 2: "Who else?", 3: "Where?"}, notes) == {
        1: "Quill",
        2: "nobody",
        3: "",
    }


def test_items_are_ready_when_what_they_wait_for_was_asked() -> None:
    plan = ["A?", "B?", "#1 or #2?", "#3?"]
    assert ready(plan, {}) == [1, 2]
    assert ready(plan, {1: "A?"}) == [2]
    assert ready(plan, {1: "A?", 2: "B?"}) == [3]


def test_items_that_wait_for_each_other_are_all_ready() -> None:
    assert ready(["A #2?", "B #1?", "C #9?"], {}) == [1, 2, 3]


def test_a_slot_without_an_answer_leaves_no_gap() -> None:
    assert filled("When was #1 born ( #2 )?", {}) == "When was born?"
    assert filled("Is #12 like #1?", {1: "A", 12: "B"}) == "Is B like A?"
