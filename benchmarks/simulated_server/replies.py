"""What the server says: words that depend on the prompt and on nothing else.

A prompt asks for a reply by `asking(words, end)` anywhere in it; the last one counts. Without one,
replies are as long as they may be.
"""

import random
import re
from collections.abc import Sequence
from typing import Any
from zlib import crc32

_ASKED = re.compile(r'reply in (\d+) words, the last of them "([^"]*)"')
WORDS = (
    "river stone garden window winter letter market bridge silver forest teacher engine island "
    "summer kitchen doctor paper music valley station morning castle father village mountain"
).split()


def asking(words: int, end: str) -> str:
    """The text that asks for a reply of so many words, the last ones `end`, on a line of theirs."""
    return f'reply in {words} words, the last of them "{end}"'


def reply_to(prompt: str, most: int, index: int = 0) -> tuple[str, bool]:
    """The text, and whether it ended by itself within `most` words. `index` tells samples apart."""
    asked = _ASKED.findall(prompt)
    words, end = (int(asked[-1][0]), asked[-1][1]) if asked else (most + 1, "")
    rng = random.Random(crc32(f"{index} {prompt}".encode()))
    said = rng.choices(WORDS, k=max(0, words - len(end.split())))
    if words <= most:
        return f" {' '.join(said)}\n{end}".rstrip(), True
    return f" {' '.join([*said, *end.split()][:most])}", False


def prompt_of(messages: Sequence[dict[str, Any]], *, continued: bool) -> tuple[str, list[str]]:
    """A chat as one text and as its tokens: a mark a message and its words."""
    tokens = []
    for message in messages:
        tokens += [f"<{message['role']}>", *(message.get("content") or "").split()]
    if not continued:
        tokens.append("<assistant>")
    return "\n".join(message.get("content") or "" for message in messages), tokens
