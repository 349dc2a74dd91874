"""A plan in words: sub-questions, one a line, in which #1 stands for the first one's answer."""

import re
from collections.abc import Iterator, Mapping, Sequence

from ragreason.text.language import language
from ragreason.text.overlap import units
from ragreason.text.tokens import Tokenizer

_SLOT = re.compile(r"#\s?(\d{1,3})(?!\d)")
_NUMBERED = re.compile(r"^\s*(?:[-*•]\s*)?(?:\(?Q?(\d{1,3})\s*[.)、:：]+\s*)?(.*?)\s*$")


def slots(item: str) -> list[int]:
    """The numbers of the items whose answers this one waits for, each once."""
    return list(dict.fromkeys(int(number) for number in _SLOT.findall(item)))


def filled(item: str, words: Mapping[int, str]) -> str:
    """The item with its slots replaced by `words`; a slot without any is left out."""
    text = _SLOT.sub(lambda found: words.get(int(found[1]), ""), item)
    return re.sub(r"\(\s*\)", "", re.sub(r"\s+", " ", text)).replace(" ?", "?").strip()


def plan_items(reply: str, question: str, examples: str, limit: int) -> list[str]:
    """Up to `limit` sub-questions of a model's reply, renumbered from 1; empty if none is of use.

    Small models repeat the question, themselves and the prompt: an item that says all that the
    question says, that was there before, or that has a word of the `examples` that the question
    lacks, is dropped, and so is one that shares no word with the question and waits for nothing. A
    slot that points at no other item points at the one before. An English item that names nothing
    can't be looked up by itself: the answer before is added to it.
    """
    words = Tokenizer()
    asked = set(words(question))
    copied = set(words(examples)) - asked
    kept: dict[int, str] = {}
    for number, text in _lines(reply):
        bare = _SLOT.sub("", text)
        said = set(words(bare))
        restated = bool(asked) and asked <= said
        asks = asked & said or (slots(text) and any(map(str.isalpha, bare)))
        if asks and not restated and not said & copied and text not in kept.values():
            kept.setdefault(number, text)
    numbers = list(kept)[:limit]
    return [_linked(kept[n], numbers, i) for i, n in enumerate(numbers)]


def _lines(reply: str) -> Iterator[tuple[int, str]]:
    """Number and text of each line; a line without a number has the one after the last."""
    number = 0
    for line in reply.splitlines():
        found = _NUMBERED.match(line)
        if found and found[2]:
            number = int(found[1]) if found[1] else number + 1
            yield number, found[2]


def _linked(text: str, numbers: Sequence[int], place: int) -> str:
    """The item with slots that hold among the kept ones, which are numbered by place."""

    def renumbered(found: re.Match[str]) -> str:
        number = int(found[1])
        if number in numbers and numbers.index(number) != place:
            return f"#{numbers.index(number) + 1}"
        return f"#{place}" if place else ""

    linked = _SLOT.sub(renumbered, text)
    named = any(unit.kind != "word" for unit in units(_SLOT.sub("", linked)))
    if place and not slots(linked) and not named and language(linked) == "en":
        return f"{linked.rstrip('?')} (#{place})?"
    return filled(linked, {n: f"#{n}" for n in slots(linked)})


def answers(asked: Mapping[int, str], notes: Sequence[str]) -> dict[int, str]:
    """Item to its answer, from notes of the form "question: answer"; without a note, empty."""
    found = {}
    for number, question in asked.items():
        said = (n.removeprefix(f"{question}: ") for n in notes if n.startswith(f"{question}: "))
        found[number] = next(said, "")
    return found


def ready(plan: Sequence[str], asked: Mapping[int, str]) -> list[int]:
    """The items that wait for nothing more, in order. Where all that are left wait for each other,
    or for what is not there, they are all run as they are.
    """
    left = [n for n in range(1, len(plan) + 1) if n not in asked]
    return [n for n in left if all(slot in asked for slot in slots(plan[n - 1]))] or left
