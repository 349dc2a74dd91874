import pytest

from ragreason.generation.thinking_repeats import repeated_from

FIRST = "Edda Quill designed the bridge. "


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("", ""),
        ("Edda Quill designed the bridge.", ""),
        (FIRST + "She was born in 1874.", ""),
        (FIRST + "Let me see. Who is she? Let me see.", ""),
        (FIRST + "Edda Quill designed it.", ""),
        (
            FIRST + "Who is she? EDDA Quill, designed  the bridge",
            "EDDA Quill, designed  the bridge",
        ),
        ("她设计了这座桥。她生于哪一年？她设计了这座桥。", "她设计了这座桥。"),
        (
            "So the answer to this is that it was. But the answer to this is that it is. "
            "And the answer to this is that it will.",
            "And the answer to this is that it will.",
        ),
    ],
)
def test_the_last_sentence_is_new_or_said_again(said: str, again: str) -> None:
    start = repeated_from(said)
    assert ("" if start is None else said[start:]) == again
