"""What a question describes instead of naming it, by rule: a plan that needs no model."""

import re
from collections.abc import Mapping

from ragreason.text.overlap import Unit, units
from ragreason.text.tokens import Tokenizer

_CLAUSE = re.compile(
    r"\b[Tt]he (?=\w+ (?:\w+ )?(?:where|which|that|who|whose|in which|with|on which)\b)"
)
_OWNED = re.compile(
    r"\b[Tt]he (?!city|state|town|country|county|village|island|name|year|part|end)"
    r"[a-z]\w* (?:[a-z]\w* )?(?:of|from|by) (?:the )?(?:[a-z]+ )?(?=[A-Z0-9\"“])"
    r"|(?<!\w)(?:[A-Z0-9][\w.'-]*\s+){0,8}[A-Z0-9][\w.-]*['’]s [a-z]\w*(?: of \w+)?"
)
_LONGEST = 2000
_RANK = re.compile(r"#\s?(?=\d)")
_SLOT = re.compile("#([0-9])")
_TAIL = re.compile(r"[\w-]*(?: \([^()]*\))?")
_REDUCED = re.compile(r"\b[Tt]he [a-z]+ (?:the )?(?=[A-Z])")
_END = re.compile(
    r"\s*\b(?:is|was|are|were) (?:located|found|born|formed|founded|held|set|based|fought|buried)\b"
    r"|\s*\b(?:(?:is|was) (?:from|part of)|died|lived|occurred|took place|belongs to)\b|(?=, [a-z])"
)


def described(question: str, limit: int = 3) -> list[str]:
    """A plan by rule of at most `limit` items: what the question describes instead of naming it,
    from the inside out, then the question with the answers in the descriptions' places.

    Descriptions are "the ... where|which|who ...", "the ... of NAME" and "NAME's ...", English
    only. Where there is nothing of the kind, or more than 2000 characters are to be read, the
    question is the only item. "#1" in the question itself becomes "number 1", as it would pass for
    a slot.

    >>> described("Who led the country where the composer of Aschenbrödel was a citizen?")[:2]
    ['What is the composer of Aschenbrödel?', 'What is the country where #1 was a citizen?']
    """
    text = _RANK.sub("number ", " ".join(question.split()).rstrip("?. "))
    items: list[str] = []
    while len(items) < limit - 1 and len(text) <= _LONGEST:
        phrase = max((_clause(text), _owned(text)), key=lambda found: text.rfind(found or "?"))
        if not phrase or not Tokenizer()(text.replace(phrase, "")):
            break
        text = text.replace(phrase, f"Slot{len(items) + 1}")
        items.append(f"What is {re.sub('^The ', 'the ', phrase)}")
    items = [f"{re.sub('Slot(?=[0-9])', '#', item)}?" for item in (*items, text)]
    return items if len(items) > 1 else [question]


def next_described(question: str, said: Mapping[str, str]) -> str:
    """The first item of the plan by rule that is no key of `said`, slots filled with what was said
    to those before it; empty where there is none, no such plan, or nothing was said that could fill
    a slot. Keys are compared as by `plain`.
    """
    known = {plain(query): answer for query, answer in said.items()}
    answers: list[str] = []
    items = described(question)
    for item in items if len(items) > 1 else ():
        if not all(answers[int(number) - 1] for number in _SLOT.findall(item)):
            return ""
        text = _SLOT.sub(lambda slot: answers[int(slot[1]) - 1], item)
        if plain(text) not in known:
            return text
        answers.append(known[plain(text)])
    return ""


def plain(query: str) -> str:
    """The query without case, spare white space and end marks: equal ones ask the same."""
    return " ".join(query.casefold().split()).rstrip("?？. 。")


def _clause(text: str) -> str:
    """The innermost that names something: to where a verb or comma after the name ends it, else to
    the end of the text. In "the town Edda Quill is from" such a verb follows at once.
    """
    starts = [(found.start(), False) for found in _CLAUSE.finditer(text)]
    starts += [(found.start(), True) for found in _REDUCED.finditer(text)]
    for start, reduced in sorted(starts, reverse=True):
        names = _names(re.split(r",(?! [A-Z])", text[start:], maxsplit=1)[0])
        after = start + names[0].end if names else len(text)
        end = _END.match(text, after) if reduced else _END.search(text, after)
        phrase = text[start : end.end() if end else None]
        if names and (end or not reduced) and " or " not in phrase:
            return phrase
    return ""


def _owned(text: str) -> str:
    """The last one; after "of", to the end of the first name."""
    for found in reversed(list(_OWNED.finditer(text))):
        names = _names(text[found.end() :])
        if found[0].split()[0] not in {"the", "The"}:
            return found[0]
        if names:
            end = found.end() + names[0].end
            rest = _TAIL.match(text, end)
            return text[found.start() : rest.end() if rest else end]
    return ""


def _names(text: str) -> list[Unit]:
    return [unit for unit in units(text) if unit.kind == "name"]
