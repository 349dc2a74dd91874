"""Seeds for samples: told apart by position, and unrelated for neighbouring request seeds."""

import hashlib
import secrets


def mixed(seed: int | None, *place: int) -> int:
    """32 bits from a seed and a position. None draws a fresh seed.

    A hash, not a sum: request seeds s and s + 1 share no sample seed, so rounds never repeat.
    """
    if seed is None:
        return secrets.randbits(32)
    digest = hashlib.blake2b(repr((seed, *place)).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big")
