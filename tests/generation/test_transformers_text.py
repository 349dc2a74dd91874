from collections.abc import Sequence

from hypothesis import given, strategies as st

from ragreason.generation.transformers_text import GrowingText

PIECES = ["a", "b", " ", "ab", "é", "<", "STOP", "ST", "OP"]


def decode_bytes(ids: Sequence[int]) -> str:
    return bytes(ids).decode("utf-8", "replace")


def grown(ids: Sequence[int], stop: Sequence[str] = ()) -> tuple[list[str], GrowingText]:
    text = GrowingText(decode_bytes, stop)
    shown = []
    for token in ids:
        text.add(token)
        shown.append(text.shown)
        if text.stopped:
            break
    return shown, text


@given(st.text(min_size=1, max_size=20))
def test_bytes_become_the_whole_text_and_what_is_shown_never_changes(text: str) -> None:
    shown, growing = grown(text.encode("utf-8", "replace"))
    assert growing.text == text.encode("utf-8", "replace").decode()
    for earlier, later in zip(shown, [*shown[1:], growing.text], strict=True):
        assert later.startswith(earlier)


def test_half_a_character_is_held_back() -> None:
    shown, growing = grown("aé".encode())
    assert shown == ["a", "a", "aé"]
    assert growing.text == "aé"


def test_half_a_character_at_the_end_is_told() -> None:
    shown, growing = grown("aé".encode()[:-1])
    assert shown[-1] == "a"
    assert growing.text == "a\ufffd"


def test_a_stop_string_over_several_tokens_is_never_shown() -> None:
    shown, growing = grown(b"one STOP two", stop=("STOP",))
    assert growing.stopped
    assert growing.text == "one "
    assert all("one ".startswith(text) for text in shown)
    assert not growing.text.endswith("S")


def test_what_only_begins_like_a_stop_string_is_shown_in_the_end() -> None:
    _, growing = grown(b"one STO", stop=("STOP",))
    assert not growing.stopped
    assert growing.text == "one STO"
    assert growing.shown == "one "


def joined_pieces(ids: Sequence[int]) -> str:
    """A decoder that leaves out a leading space, as those of sentence pieces do."""
    return "".join(PIECES[i] for i in ids).removeprefix(" ")


@given(st.lists(st.integers(0, len(PIECES) - 1), min_size=1, max_size=12))
def test_spaces_between_tokens_are_kept(ids: list[int]) -> None:
    growing = GrowingText(joined_pieces)
    for token in ids:
        growing.add(token)
    assert growing.text == joined_pieces(ids)
