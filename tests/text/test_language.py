import pytest

from ragreason.text.language import language


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Who wrote Dune?", "en"),
        ("谁写了《沙丘》？", "zh"),
        ("谁是 Barack Obama 的妻子？", "zh"),
        ("What does 你好 mean in English?", "en"),
        ("", "en"),
        ("42?", "en"),
        ("Où est la gare ?", "en"),
    ],
)
def test_the_script_with_more_words_decides(text: str, expected: str) -> None:
    assert language(text) == expected
