"""Every metric of one answered question beyond the six that stand in the row itself, by name.

What does not apply is absent: to the dataset (no supports, no facts, no rule of its own), or to the
answer (nothing cited, nothing read). docs/metrics.md says of each what it is.
"""

from collections.abc import Mapping, Sequence

from ragreason.datasets import Example
from ragreason.evaluation.answered import Answered
from ragreason.evaluation.answers import AnswerScore, rule_for, score_answer
from ragreason.evaluation.metrics.abstention import abstention_scores
from ragreason.evaluation.metrics.accuracy import accuracy
from ragreason.evaluation.metrics.citations import citation_scores
from ragreason.evaluation.metrics.facts import score_facts
from ragreason.evaluation.metrics.grounding import groundedness
from ragreason.evaluation.metrics.ranking import ranking_scores
from ragreason.evaluation.official import joint
from ragreason.types import Answer, Passage

Scores = dict[str, float]

IN_PROMPT = "prompt_"
"""Before the names of retrieval measures over the passages of the last prompt."""
_JOINT = frozenset({"hotpotqa"})
_NOTHING_SAID = {"multihop_rag": "insufficient information"}
"""What an abstention says by a dataset's own rule; elsewhere nothing, so that no gold is in it."""


def scores_of(dataset: str, example: Example, given: Answered) -> Scores:
    """All in [0, 1], higher is better."""
    found: dict[str, float | None] = {
        **_answer_scores(dataset, example, given.answer),
        **_fact_scores(dataset, example, given.answer),
        **_retrieval_scores(example, given.answer),
        **citation_scores(given.answer.citations, example.gold.support_ids),
        "groundedness": groundedness(
            example.question.text, given.answer.text, read_passages(example, given)
        ),
    }
    return {name: value for name, value in found.items() if value is not None}


def answer_score(dataset: str, example: Example, text: str) -> AnswerScore | None:
    """EM, F1, precision and recall; None where gold has no answer, and of questions that can't be
    answered from what is given: an answer to those is no success.
    """
    golds = example.gold.answers
    if not golds or not example.gold.answerable:
        return None
    return score_answer(text, golds, rule_for(dataset, golds))


def read_passages(example: Example, given: Answered) -> Sequence[Passage]:
    """The passages of the last prompt, else all that were retrieved, as far as texts are known."""
    known = {passage.id: passage for passage in (*example.passages, *given.passages)}
    ids = given.answer.retrieved if given.answer.in_prompt is None else given.answer.in_prompt
    return [known[passage] for passage in ids if passage in known]


def _answer_scores(dataset: str, example: Example, answer: Answer) -> Mapping[str, float | None]:
    gold = example.gold
    score = answer_score(dataset, example, answer.text)
    chinese = score is not None and rule_for(dataset, gold.answers) == "chinese"
    text = _NOTHING_SAID.get(dataset, "") if answer.abstained else answer.text
    return {
        "char_f1": score.f1 if score is not None and chinese else None,
        "accuracy": accuracy(dataset, text, gold.answers),
        **abstention_scores(dataset, abstained=answer.abstained, answerable=gold.answerable),
    }


def _fact_scores(dataset: str, example: Example, answer: Answer) -> Scores:
    facts = score_facts(answer.citations, example)
    if facts is None:
        return {}
    found = _named("sp_", facts)
    score = answer_score(dataset, example, answer.text)
    if dataset in _JOINT and score is not None:
        both = joint(score, facts)
        found |= {"joint_em": both.em, "joint_f1": both.f1}
    return found


def _named(prefix: str, score: AnswerScore) -> Scores:
    return {f"{prefix}{name}": value for name, value in vars(score).items()}


def _retrieval_scores(example: Example, answer: Answer) -> Scores:
    gold = example.gold
    grades = dict(gold.grades)
    found = ranking_scores(answer.retrieved, gold.support_ids, grades)
    if answer.in_prompt is not None:
        found |= ranking_scores(answer.in_prompt, gold.support_ids, grades, IN_PROMPT)
    return found
