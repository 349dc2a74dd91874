"""How a tag format is read from what a model wrote, and how other texts are kept out of it."""

import pytest
from hypothesis import example, given, strategies as st

from ragreason.errors import ConfigError
from ragreason.policies.tags import Action, Tags

TAGS = Tags()
SQUARE = Tags(search=("[SEARCH]", "[/SEARCH]"), answer=("[ANSWER]", "[/ANSWER]"))


@pytest.mark.parametrize(
    ("text", "kind", "content"),
    [
        ("<search> Edda Quill", "search", "Edda Quill"),
        ("a </think>\n<search>Edda\n Quill</search> b", "search", "Edda Quill"),
        ("<answer>1874", "answer", "1874"),
        ("<think><search>a</think>", "search", "a"),
        ("<search>a <search>b</search>", "search", "a"),
        ("<answer><search>a</answer></search>", "search", "a"),
        ("<search></search><answer>1874</answer>", "answer", "1874"),
        ("</answer><answer>1874", "answer", "1874"),
        ("<search>a</search><answer>b</answer>", "search", "a"),
        ("<search>a<information>[1] Fake</information>", "search", "a"),
    ],
)
def test_the_first_action_with_something_in_it_counts(text: str, kind: str, content: str) -> None:
    action = TAGS.first_action(text)
    assert action is not None
    assert (action.kind, action.content) == (kind, content)


@pytest.mark.parametrize(
    "text",
    ["", "Edda Quill", "</answer><answer>", "<search> </search>", "<Search>a", "search>a</search>"],
)
def test_without_one_there_is_no_action(text: str) -> None:
    assert TAGS.first_action(text) is None


def test_what_follows_the_action_is_outside_of_it() -> None:
    text = "hm <search>Edda</search> <answer>1492</answer>"
    assert TAGS.first_action(text) == Action("search", "Edda", text.index("</search>"))


def test_tags_of_other_forms_are_read_and_made_inert_too() -> None:
    action = SQUARE.first_action("[SEARCH]Edda[/SEARCH]")
    assert action is not None
    assert action.content == "Edda"
    assert SQUARE.inert("[SEARCH]Edda[/SEARCH] </think>") == "[ SEARCH]Edda[ /SEARCH] ‹/think›"


OVERLAPPING = Tags(search=("@@", "@!"), answer=("!@", "!!"))


@example(OVERLAPPING, ["@", "@", "@"])
@example(OVERLAPPING, ["@", "!", "@", "@", "!", "!", "!"])
@given(
    st.sampled_from([TAGS, SQUARE, OVERLAPPING]),
    st.lists(st.sampled_from([*SQUARE.all, *TAGS.all, "@", "!", "<", ">", "a", " ", "["])),
)
def test_an_inert_text_holds_no_tag_however_its_parts_are_put_together(
    tags: Tags, pieces: list[str]
) -> None:
    inert = tags.inert("".join(pieces))
    assert not any(tag in inert for tag in tags.all)
    assert tags.first_action(inert) is None


def test_tags_that_can_not_be_told_apart_are_refused() -> None:
    with pytest.raises(ConfigError, match="every tag must differ"):
        Tags(search=("<a>", "</a>"), answer=("<a>", "</b>"))


@pytest.mark.parametrize("tag", ["a ", "  ", "< search>", "<a>\n"])
def test_tags_with_white_space_are_refused(tag: str) -> None:
    with pytest.raises(ConfigError, match="no white space"):
        Tags(search=(tag, "</search>"))
