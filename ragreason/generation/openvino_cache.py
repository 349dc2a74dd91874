"""Which prompts the prefix cache of the OpenVINO worker holds, since the pipeline does not say."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence


class HeldBlocks:
    """The whole blocks that a prefix cache of `capacity` blocks of `size` tokens holds.

    A block is known by its tokens and all those before it, as in the pipeline. Where more come than
    it holds, the ones used longest ago go first. What `held` says is therefore what is reusable at
    best: a pipeline whose sequences need room may have dropped blocks earlier.
    """

    def __init__(self, capacity: int, size: int) -> None:
        self._capacity = capacity
        self._size = size
        self._blocks: OrderedDict[int, None] = OrderedDict()

    def held(self, ids: Sequence[int]) -> int:
        """Tokens of `ids` in leading blocks that are held; the last token is always read anew."""
        count = 0
        for key in self._keys(ids[: max(0, len(ids) - 1)]):
            if key not in self._blocks:
                break
            self._blocks.move_to_end(key)
            count += self._size
        return count

    def add(self, ids: Sequence[int]) -> None:
        """These tokens were read or written: their whole blocks are held now."""
        for key in self._keys(ids):
            self._blocks[key] = None
            self._blocks.move_to_end(key)
        while len(self._blocks) > self._capacity:
            self._blocks.popitem(last=False)

    def _keys(self, ids: Sequence[int]) -> Iterator[int]:
        key = 0
        for start in range(0, len(ids) - self._size + 1, self._size):
            key = hash((key, tuple(ids[start : start + self._size])))
            yield key
