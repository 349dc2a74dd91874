"""Short answers brought to the form in which they are compared: English and Chinese.

The English rule is the one of SQuAD, HotpotQA, 2WikiMultihopQA and MuSiQue: lower case, ASCII
punctuation removed, the articles a, an, the removed as words, white space collapsed. Only ASCII
punctuation counts, as in the official scripts: "“no”" stays as it is.
"""

import re
import string
import unicodedata

from ragreason.text.language import HAN

_ARTICLES = re.compile(r"\b(a|an|the)\b", re.UNICODE)
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_HAN = re.compile(f"[{HAN}]")
_TOKEN = re.compile(rf"[{HAN}]|[^\s{HAN}]+")


def normalize_answer(text: str) -> str:
    """The official English rule: "The  Beatles!" gives "beatles"."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def strip_punctuation(text: str) -> str:
    """The English rule with articles kept, as 2WikiMultihopQA compares evidence triples."""
    return " ".join(text.lower().translate(_NO_PUNCTUATION).split())


def normalize_chinese_answer(text: str) -> str:
    """Compatibility forms folded (full-width digits and letters), lower case, all punctuation of
    Unicode and all white space removed: "《红楼梦》 １" gives "红楼梦1".
    """
    folded = unicodedata.normalize("NFKC", text).lower()
    kept = (c for c in folded if not c.isspace() and unicodedata.category(c)[0] not in "PS")
    return unicodedata.normalize("NFKC", "".join(kept))


def chinese_answer_tokens(text: str) -> list[str]:
    """What Chinese answers share is counted in: single Han characters, and runs of anything else.

    "北京2008年" gives ["北", "京", "2008", "年"].
    """
    folded = unicodedata.normalize("NFKC", text).lower()
    spaced = "".join(" " if unicodedata.category(c)[0] in "PS" else c for c in folded)
    return _TOKEN.findall(spaced)


def has_han(text: str) -> bool:
    """Whether a Chinese character occurs in the text."""
    return _HAN.search(text) is not None


def canonical_answer(text: str) -> str:
    """The form under which two answers count as the same: for votes, caches and matching."""
    return normalize_chinese_answer(text) if has_han(text) else normalize_answer(text)
