"""Rules for turning chats into prompts that engines with a tokenizer of their own share.

Special tokens inside contents are broken in two, so that the model reads exactly the characters and
no control token; a chat template's own system message gives way to an empty one; and thinking that
both the template and the reply begun for the model open is opened once.
"""

import re
from collections.abc import Iterable, Sequence

Chat = Sequence[tuple[str, str]]
"""(role, content) pairs."""

_THINK = "<think>"
_MARKS = [chr(code) for code in range(0xE000, 0xF8FF)]


def pattern_of(special: Iterable[str]) -> re.Pattern[str] | None:
    """Finds any of the special tokens, the longest first; None where there are none."""
    longest_first = sorted(map(re.escape, filter(None, special)), key=len, reverse=True)
    return re.compile("|".join(longest_first)) if longest_first else None


def unused_mark(texts: Sequence[str]) -> str:
    """A private-use character that occurs in none of the texts."""
    used = set().union(*map(set, texts))
    return next(mark for mark in _MARKS if mark not in used)


def neutral(text: str, special: re.Pattern[str] | None, mark: str) -> str:
    """`text` with `mark` behind the first character of every special token in it.

    Encoded piece by piece between the marks, none of them is special any more.
    """
    if special is None:
        return text
    done, position = [], 0
    while found := special.search(text, position):
        done.append(text[position : found.start() + 1])
        position = found.start() + 1
    return mark.join([*done, text[position:]])


def with_system(chat: Chat, *, takes: bool, adds: bool) -> Chat:
    """The chat for a template that `takes` a system message, or not, and `adds` its own, or not.

    A template's own gives way to an empty one; one that it can't take becomes part of the user's.
    """
    given = bool(chat) and chat[0][0] == "system"
    if not given:
        return [("system", ""), *chat] if adds else chat
    if takes:
        return chat
    (_, system), *rest = chat
    if rest and rest[0][0] == "user":
        return [("user", f"{system}\n\n{rest[0][1]}"), *rest[1:]]
    return [("user", system), *rest]


def joined(rendered: str, prefill: str) -> str:
    """The prompt and the reply begun for the model; thinking is opened once where both open it."""
    if prefill.startswith(_THINK) and rendered.rstrip().endswith(_THINK):
        rendered = rendered.rstrip().removesuffix(_THINK)
    return rendered + prefill
