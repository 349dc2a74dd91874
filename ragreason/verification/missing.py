"""What evidence is missing, said to a person, in the question's language."""

from collections.abc import Sequence
from itertools import pairwise

from ragreason.text.answers import has_han
from ragreason.text.language import language
from ragreason.text.overlap import stem, uncovered, units
from ragreason.text.tokens import Tokenizer
from ragreason.verification.evidence import Line, Source

_TOLD = 3
_ENGLISH = {
    "nothing": "no passage was found",
    "part": "nothing found on '{}'",
    "loose": "nothing ties in '{}'",
    "together": "no passage speaks closely of the question",
    "answer": "no passage gives '{}' as the answer",
}
_CHINESE = {
    "nothing": "没有找到任何段落",
    "part": "没有找到关于“{}”的内容",
    "loose": "没有把“{}”联系起来的内容",
    "together": "没有段落直接谈到这个问题",
    "answer": "没有段落给出“{}”这一答案",
}

_ASKED_ENGLISH = {"year", "date", "day", "time", "person", "people", "name", "number", "kind"}
_ASKED_CHINESE = {"哪里", "哪年", "哪个", "什么", "多少", "何时"}
_ASKED_FOR = _ASKED_ENGLISH | _ASKED_CHINESE
"""What a question asks for by kind: an answer need not name it."""


def missing_parts(question: str, source: Source, best: Sequence[Line] = ()) -> tuple[str, ...]:
    """The question's parts that no passage holds, names and numbers first, at most three.

    Where all are held somewhere, those that the `best` lines don't hold; where those do too, that
    no passage speaks closely of the question. Never empty.
    """
    words = _words(question)
    if not source.lines:
        return (words["nothing"],)
    if absent := _uncovered(question, source.keys):
        return tuple(words["part"].format(text) for text in absent)
    near = frozenset[str]().union(*(line.keys for line in best)) if best else source.keys
    loose = _uncovered(question, near)
    return tuple(words["loose"].format(text) for text in loose) or (words["together"],)


def _uncovered(question: str, held: frozenset[str]) -> list[str]:
    """Parts of the question without support; of Chinese, whole words as jieba cuts them."""
    if language(question) == "zh":
        return [word for word in _chinese_words(question) if not _pairs(word) <= held][:_TOLD]
    asked = [unit for unit in units(question) if unit.text.lower() not in _ASKED_FOR]
    found = sorted(uncovered(asked, held), key=lambda unit: (unit.kind == "word", unit.start))
    return list(dict.fromkeys(unit.text for unit in found))[:_TOLD]


def _chinese_words(question: str) -> list[str]:
    return list(
        dict.fromkeys(
            word for word in Tokenizer()(question) if len(word) > 1 and word not in _ASKED_FOR
        )
    )


def _pairs(word: str) -> set[str]:
    return {one + other for one, other in pairwise(word)} if has_han(word) else {stem(word)}


def missing_answer(question: str, answer: str) -> str:
    """Says that no passage gives this answer."""
    return _words(question)["answer"].format(answer)


def _words(question: str) -> dict[str, str]:
    return _CHINESE if language(question) == "zh" else _ENGLISH
