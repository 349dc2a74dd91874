"""Steps that only repeat what a prompt's example names."""

from ragreason.prompts import unfilled
from ragreason.text.language import language
from ragreason.text.overlap import keys, uncovered, units
from ragreason.types import Question, Step, Trajectory


def unless_copied(step: Step, question: Question, trajectory: Trajectory, purpose: str) -> Step:
    """The step; where its query or answer is a name of the prompt's example, and neither question
    nor passages nor earlier steps hold it, an answer step without an answer.

    Small models repeat examples once they know no further: searching for one leads nowhere, so
    answering is left to the graph's answer node.
    """
    known = [question.text, *(earlier.text for earlier in trajectory.steps)]
    known += [text for hit in trajectory.hits for text in (hit.passage.title, hit.passage.text)]
    foreign = uncovered(units(step.query or step.answer), keys("\n".join(known)))
    examples = keys(unfilled(purpose, language(question.text)))
    if not any(unit.kind == "name" and set(unit.keys) <= examples for unit in foreign):
        return step
    return step.model_copy(update={"kind": "answer", "query": "", "answer": "", "truncated": False})
