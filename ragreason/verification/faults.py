"""What can be wrong with the form of what a model wrote, each fault by a rule."""

import re
from functools import cache

from ragreason.prompts import purposes, unfilled
from ragreason.text.answers import canonical_answer, has_han
from ragreason.text.language import HAN, Language, language

_TAGS = re.compile(
    r"</?[A-Za-z_][\w:.-]{0,40}(?:\s[^<>]{0,200})?/?>|<[|｜][^<>]{0,60}[|｜]?>?|\[/?INST\]"
    r"|```|\\boxed|[‹›]"
)
_LABELS = re.compile(
    r"(?<!\w)(?:user|assistant|system|human|question|passages?|thought|search|query"
    r"|answer|final answer|用户|助手|问题|段落|思考|搜索|答案)\s*\d*\s*[:：]",
    re.IGNORECASE,
)
_REFUSALS = re.compile(
    r"\b(?:i (?:do not|don['’]t|can(?:no|['’])t) (?:know|answer|determine|find|tell|provide)"
    r"|i['’]?m (?:sorry|unable|not (?:sure|able))|i am (?:sorry|unable|not (?:sure|able))"
    r"|as an ai\b|(?:can ?not|can['’]t|could not|couldn['’]t) be (?:determined|found|answered)"
    r"|(?:is|are|was|were|does|do|did)(?: not|n['’]t) (?:\w+ ){0,2}"
    r"(?:mention|specif|provide|given|state|contain|say|known|clear)"
    r"|no (?:relevant )?(?:information|answer|passage|evidence|mention)|not enough information"
    r"|insufficient (?:information|evidence))"
    r"|^\W*(?:unknown|unclear|unanswerable|none|n/?a|not (?:known|found|given|mentioned|specified"
    r"|provided|applicable|available)|undetermined)\W*$"
    r"|无法(?:确定|回答|得知|判断|知道)|不(?:知道|清楚|确定|详)|未(?:提及|提到|知|说明|找到)"
    r"|没有(?:提到|提及|说明|找到|相关|足够)|抱歉|对不起|作为(?:一个)?(?:AI|人工智能)",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"(?:[,，、:：;；(（\[{“‘«—-]|\b(?:the|a|an|of|and|or|in|by|to|for|with|is|was|that))\s*$",
    re.IGNORECASE,
)
_WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]+(?:['’-][^\W_{HAN}]+)*")
_ECHO_WORDS = {"en": 6, "zh": 10}
_REPEATS = 3
_WHOLE = 12
_FOREIGN_WORDS = 4


def empty(text: str) -> bool:
    """Whether nothing is said: no letter and no digit."""
    return not any(char.isalnum() for char in text)


def refuses(text: str) -> bool:
    """Whether the model says that it can't answer."""
    return _REFUSALS.search(text) is not None


def has_tags(text: str) -> bool:
    """Whether tags, special tokens or code fences are left over."""
    return _TAGS.search(text) is not None


def has_label(text: str) -> bool:
    """Whether a role or field of the transcript is written out: "Question:", "Assistant:"."""
    return _LABELS.search(text) is not None


def dangles(text: str) -> bool:
    """Whether it stops where something must follow, or a bracket stays open."""
    opened = sum(text.count(left) > text.count(right) for left, right in ("()", "（）", "[]", "“”"))
    return bool(opened) or _DANGLING.search(text) is not None


def repeats(text: str) -> bool:
    """Whether a run of one to eight words comes three times in a row: "on and on and on and".

    Single Han characters and numbers are no loop and don't count.
    """
    words = _words(text)
    for size in range(1, 9):
        for at in range(len(words) - size * _REPEATS + 1):
            run = words[at : at + size]
            if size == 1 and (len(run[0]) == 1 or run[0].isdigit()):
                continue
            if words[at : at + size * _REPEATS] == run * _REPEATS:
                return True
    return False


def echoes_prompt(text: str, question: str) -> bool:
    """Whether it repeats the question, or six words (ten Han characters) of a prompt's own text."""
    asked, said = canonical_answer(question), canonical_answer(text)
    if asked and (asked == said or (len(asked) >= _WHOLE and asked in said)):
        return True
    lang = language(question)
    size = _ECHO_WORDS[lang]
    words = _words(text)
    runs = {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}
    return not runs.isdisjoint(_prompt_runs(lang))


def in_another_language(text: str, question: str) -> bool:
    """Chinese to an English question, or four and more English words, some of them no names, to a
    Chinese one.

    Names and numbers may stay as they are; so may what the question itself writes so.
    """
    if language(question) == "en":
        return has_han(text) and not has_han(question)
    if has_han(text):
        return False
    words = [word for word in _WORD.findall(text) if word.isalpha()]
    return len(words) >= _FOREIGN_WORDS and any(word.islower() for word in words)


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


@cache
def _prompt_runs(lang: Language) -> frozenset[tuple[str, ...]]:
    size, runs = _ECHO_WORDS[lang], set[tuple[str, ...]]()
    for purpose in purposes():
        words = _words(unfilled(purpose, lang))
        runs |= {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}
    return frozenset(runs)
