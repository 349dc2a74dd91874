"""Explicit seeds: the same place in the same run always draws the same."""

from hashlib import sha256


def derive(*parts: object) -> int:
    """A seed in [0, 2**31) from anything that says where we are: run seed, question, node, path.

    Neighbouring inputs give unrelated seeds, so engines that seed sample i with seed + i don't
    repeat samples from one round to the next.
    """
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(sha256(text.encode()).digest()[:4], "big") >> 1
