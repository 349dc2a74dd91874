"""What a passage's id and a paragraph's text are, for every part that must agree on them."""

import hashlib
import re
from collections.abc import Iterable

_ID_DIGITS = 16
_OPENS = re.compile(r"(?:^|\s)[\"'“‘(\[]$")
_CJK = (("\u3000", "\u30ff"), ("\u3400", "\u4dbf"), ("\u4e00", "\u9fff"), ("\uff00", "\uffef"))


def passage_id(title: str, text: str) -> str:
    """The first 16 hex digits of SHA-256 over title, newline, text, as UTF-8.

    Lone surrogates, which broken JSON escapes leave behind, are hashed as they stand.
    """
    digest = hashlib.sha256(f"{title}\n{text}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:_ID_DIGITS]


def paragraph_text(sentences: Iterable[str]) -> str:
    """The sentences of a paragraph as one text, stripped, no words glued.

    Some files keep the blank between two sentences (HotpotQA), some drop it (2WikiMultihopQA): one
    is put in where neither side has white space, except behind an opening quote or bracket and
    next to Chinese or Japanese text.
    ["A b.", " C."] and ["A b.", "C."] both give "A b. C."; ["甲。", "乙。"] gives "甲。乙。".
    """
    return _joined(sentences)[0].strip()


def sentence_spans(sentences: Iterable[str]) -> list[tuple[int, int]]:
    """Where each sentence, without white space around it, stands in the paragraph's text.

    ["A b.", " C."] gives [(0, 4), (5, 7)]; an empty sentence has an empty span.
    """
    sentences = list(sentences)
    text, starts = _joined(sentences)
    gone = len(text) - len(text.lstrip())
    spans = []
    for sentence, start in zip(sentences, starts, strict=True):
        first = max(0, start + len(sentence) - len(sentence.lstrip()) - gone)
        spans.append((first, first + len(sentence.strip())))
    return spans


def _joined(sentences: Iterable[str]) -> tuple[str, list[int]]:
    """The text, not yet stripped, and where each sentence begins in it."""
    text, starts = "", []
    for sentence in sentences:
        text += " " if _needs_blank(text, sentence) else ""
        starts.append(len(text))
        text += sentence
    return text, starts


def mended(text: str) -> str:
    """The text with lone surrogates, which broken JSON escapes leave behind, as U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _needs_blank(left: str, right: str) -> bool:
    if not left or not right or left[-1].isspace() or right[0].isspace():
        return False
    return not (_is_cjk(left[-1]) or _is_cjk(right[0]) or _OPENS.search(left[-2:]))


def _is_cjk(character: str) -> bool:
    return any(low <= character <= high for low, high in _CJK)
