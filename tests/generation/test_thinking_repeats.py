import pytest

from ragreason.generation.thinking_repeats import Repeats

FIRST = "Edda Quill designed the bridge."


@pytest.mark.parametrize(
    ("thoughts", "again"),
    [
        ([], ""),
        ([FIRST], ""),
        ([FIRST, " She was born in 1874."], ""),
        ([FIRST, "Let me see.", "Who is she?", "Let me see."], ""),
        ([FIRST, "Edda Quill designed it."], ""),
        ([FIRST, " EDDA Quill, designed  the bridge"], "EDDA Quill, designed  the bridge"),
        ([FIRST, f"But when? {FIRST} Or not?"], f"{FIRST} Or not?"),
        (["她设计了这座桥。", "她生于哪一年？", "她设计了这座桥。"], "她设计了这座桥。"),
        (
            [
                "So the answer to this is that it was.",
                "But the answer to this is that it is.",
                "And the answer to this is that it will.",
            ],
            "And the answer to this is that it will.",
        ),
        (["a b", "c d e", "f", "a b", "c d e", "f", "a b", "c d e", "f"], "f"),
    ],
)
def test_the_last_thought_is_new_or_repeats(thoughts: list[str], again: str) -> None:
    repeats = Repeats()
    found = [repeats.told(thought) for thought in thoughts]
    assert not any(at is not None for at in found[:-1])
    last = found[-1] if found else None
    assert ("" if last is None else thoughts[-1][last:]) == again
