"""The account of what the prefix cache holds."""

from ragreason.generation.openvino_cache import HeldBlocks


def test_whole_leading_blocks_are_held_and_the_last_token_is_read_anew() -> None:
    blocks = HeldBlocks(8, 4)
    assert blocks.held(range(12)) == 0
    blocks.add(range(10))
    assert blocks.held(range(10)) == 8
    assert blocks.held(range(8)) == 4, "the last token of a prompt is always read"
    assert blocks.held([*range(6), 99, 100, 101]) == 4
    assert blocks.held([99, *range(1, 10)]) == 0


def test_the_same_tokens_behind_others_are_another_block() -> None:
    blocks = HeldBlocks(8, 2)
    blocks.add([1, 2, 3, 4])
    assert blocks.held([3, 4, 5]) == 0


def test_blocks_used_longest_ago_go_first() -> None:
    blocks = HeldBlocks(2, 2)
    blocks.add([1, 1, 0])
    blocks.add([2, 2, 0])
    assert blocks.held([1, 1, 0]) == 2
    blocks.add([3, 3, 0])
    assert [blocks.held([n, n, 0]) for n in (1, 2, 3)] == [2, 0, 2]


def test_empty_and_short_prompts_hold_nothing() -> None:
    blocks = HeldBlocks(2, 4)
    blocks.add([])
    blocks.add([1, 2])
    assert blocks.held([]) == blocks.held([1, 2]) == 0
