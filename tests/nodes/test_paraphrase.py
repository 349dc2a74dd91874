"""Several searches out of one reply."""

import pytest

from ragreason.nodes.paraphrase import wordings

ASKED = "When was the designer of the Sallow Bridge born?"


def test_the_question_comes_first_and_the_limit_holds() -> None:
    reply = '"Sallow Bridge"\n2. sallow\n3. bridge born\n4. bridge designer'
    assert wordings(reply, ASKED, 3) == [ASKED, "Sallow Bridge", "sallow", "bridge born"]


def test_repeats_of_the_question_and_of_each_other_count_once() -> None:
    reply = f"{ASKED}\n2. sallow bridge\n3. The Sallow Bridge.\n4. bridge designer"
    assert wordings(reply, ASKED, 3) == [ASKED, "sallow bridge", "bridge designer"]


def test_a_search_holds_a_name_where_the_question_has_any() -> None:
    reply = "designer\n2. Sallow designer\n3. born"
    assert wordings(reply, ASKED, 3) == [ASKED, "Sallow designer"]
    unnamed = "when was the designer born?"
    assert wordings("designer\n2. born", unnamed, 3) == [unnamed, "designer", "born"]


@pytest.mark.parametrize("reply", ["", ASKED, "1997\n2. 1998", "I can't."])
def test_without_any_the_content_words_are_the_other_query(reply: str) -> None:
    assert wordings(reply, ASKED, 3) == [ASKED, "designer Sallow Bridge born"]


def test_a_question_without_content_words_stays_the_only_one() -> None:
    assert wordings("", "who is it?", 3) == ["who is it?"]
