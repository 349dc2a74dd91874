"""Right or wrong by the rule of a dataset that does not ask for an exact match.

dataset        an answer is right if
strategyqa     it says yes or no, and which is right
popqa          it contains one of the possible answers
multihop_rag   it shares a word with the answer
"""

import re
from collections.abc import Callable, Mapping, Sequence

from ragreason.text.answers import canonical_answer

_YES = frozenset({"yes", "true", "是", "对"})
_NO = frozenset({"no", "false", "否", "不是", "不对"})
_NEGATED = frozenset({"not", "isnt"})
_WRAPPED = re.compile(r'The answer to the question is "(.*?)"')


def accuracy(dataset: str, prediction: str, golds: Sequence[str]) -> float | None:
    """1 if the prediction is right by the dataset's own rule, 0 if not; None where it has none."""
    rule = _RULES.get(dataset)
    return None if rule is None or not golds else float(rule(prediction, golds))


def said_verdict(text: str) -> bool | None:
    """Whether the text says yes (True) or no (False); None where it says neither, or both.

    Its first word counts, else the only one of them that occurs: "No, he did not." gives False.
    Right behind "not" each means the other: "That is not true." gives False.
    """
    words = canonical_answer(text).split()
    told = [
        (word in _YES) != (before in _NEGATED)
        for before, word in zip(["", *words], words, strict=False)
        if word in _YES | _NO
    ]
    if told and words[0] in _YES | _NO:
        return told[0]
    return told[0] if len(set(told)) == 1 else None


def same_verdict(prediction: str, golds: Sequence[str]) -> bool:
    """StrategyQA's accuracy, for answers in words."""
    said = said_verdict(prediction)
    return said is not None and said == said_verdict(golds[0])


def contains_answer(prediction: str, golds: Sequence[str]) -> bool:
    """PopQA's accuracy: an answer, as it is, in lower case, or capitalised, is part of the text.

    Source: run_model.py of github.com/AlexTMallen/adaptive-retrieval (arXiv 2212.10511).
    """
    return any(
        form in prediction for gold in golds for form in (gold, gold.lower(), gold.capitalize())
    )


def shares_word(prediction: str, golds: Sequence[str]) -> bool:
    """MultiHop-RAG's accuracy: text and answer, in lower case, have a word in common; of a text
    that says 'The answer to the question is "..."', what is quoted counts.

    Words are parted by white space, punctuation is part of them. "The" is a word: this is lenient.
    Source: qa_evaluate.py of github.com/yixuantt/MultiHop-RAG (arXiv 2401.15391).
    """
    found = _WRAPPED.search(prediction)
    said = (found[1] if found else prediction).lower().split()
    return not set(said).isdisjoint(golds[0].lower().split())


_RULES: Mapping[str, Callable[[str, Sequence[str]], bool]] = {
    "strategyqa": same_verdict,
    "popqa": contains_answer,
    "multihop_rag": shares_word,
}
