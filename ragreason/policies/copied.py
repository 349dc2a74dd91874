"""Texts that only repeat what a prompt's example names."""

from ragreason.prompts import unfilled
from ragreason.text.language import Language, language
from ragreason.text.overlap import keys, uncovered, units
from ragreason.types import Question, Step, Trajectory

_CHINESE = ("柳溪桥", "顾青禾", "锡笛", "青石磨坊", "橡树桥")
"""The names of the Chinese examples: nothing in a Chinese text tells a name from other words."""


def copies(text: str, known: str, purpose: str, lang: Language) -> bool:
    """Whether the text names something that the example of the prompt `purpose` names, and `known`
    does not: "the Sallow Bridge", where the question has none.
    """
    example = unfilled(purpose, lang)
    if any(name in example and name in text and name not in known for name in _CHINESE):
        return True
    shown = keys(example)
    if not any(unit.kind == "name" and set(unit.keys) <= shown for unit in units(text)):
        return False  # nearly always, and `known` grows with every step: it is not looked at then
    foreign = uncovered(units(text), keys(known))
    return any(unit.kind == "name" and set(unit.keys) <= shown for unit in foreign)


def unless_copied(step: Step, question: Question, trajectory: Trajectory, purpose: str) -> Step:
    """The step; where its query or answer is a name of the prompt's example, and neither question
    nor passages nor earlier steps hold it, an answer step without an answer.

    Small models repeat examples once they know no further: searching for one leads nowhere, so
    answering is left to the graph's answer node.
    """
    known = [question.text, *(earlier.text for earlier in trajectory.steps)]
    known += [text for hit in trajectory.hits for text in (hit.passage.title, hit.passage.text)]
    if not copies(step.query or step.answer, "\n".join(known), purpose, language(question.text)):
        return step
    return step.model_copy(update={"kind": "answer", "query": "", "answer": "", "truncated": False})
