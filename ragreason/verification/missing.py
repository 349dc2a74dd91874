"""What evidence is missing, said to a person, in the question's language."""

from collections.abc import Sequence

from ragreason.text.language import language
from ragreason.text.overlap import uncovered, units
from ragreason.verification.evidence import Line, Source

_TOLD = 3
_ENGLISH = {
    "nothing": "no passage was found",
    "part": "nothing found on '{}'",
    "together": "no passage speaks closely of the question",
    "answer": "no passage gives '{}' as the answer",
}
_CHINESE = {
    "nothing": "没有找到任何段落",
    "part": "没有找到关于“{}”的内容",
    "together": "没有段落直接谈到这个问题",
    "answer": "没有段落给出“{}”这一答案",
}


def missing_parts(question: str, source: Source, best: Sequence[Line] = ()) -> tuple[str, ...]:
    """The question's parts that no passage holds, names and numbers first, at most three.

    Where all are held somewhere, those that the `best` lines don't hold; where those do too, that
    no passage speaks closely of the question. Never empty.
    """
    words = _words(question)
    if not source.lines:
        return (words["nothing"],)
    asked = units(question)
    near = frozenset[str]().union(*(line.keys for line in best)) if best else source.keys
    found = uncovered(asked, source.keys) or uncovered(asked, near)
    first = sorted(found, key=lambda unit: (unit.kind == "word", unit.start))[:_TOLD]
    texts = dict.fromkeys(unit.text for unit in first)
    return tuple(words["part"].format(text) for text in texts) or (words["together"],)


def missing_answer(question: str, answer: str) -> str:
    """Says that no passage gives this answer."""
    return _words(question)["answer"].format(answer)


def _words(question: str) -> dict[str, str]:
    return _CHINESE if language(question) == "zh" else _ENGLISH
