"""Entailment models: does a passage entail a statement?"""

from collections.abc import Sequence

from ragreason.errors import ConfigError
from ragreason.text.language import language
from ragreason.text.overlap import coverage, uncovered, units
from ragreason.types import Passage
from ragreason.verification.answered import Answered
from ragreason.verification.calibration import log_odds, platt
from ragreason.verification.cross_encoder import CrossEncoder
from ragreason.verification.evidence import Source
from ragreason.verification.support import Support

ENTAILED = 0.5
"""From here on a statement counts as supported."""
_PASSAGES = 3
_TOGETHER = 3
_ANSWERS = {"en": "{} The answer is {}.", "zh": "{}答案是{}。"}


class Entailment:
    """P(entailment) of (premise, statement), by a cross-encoder trained on natural language
    inference. Which of its classes is entailment is read from the names in the model's own
    configuration, since models differ in the order.
    """

    def __init__(self, name: str, *, batch_size: int = 32, device: str | None = None) -> None:
        """Raises ConfigError for a model none of whose classes is called entailment."""
        self._model = CrossEncoder(name, batch_size=batch_size, device=device)
        self._entails = _entails(self._model.labels, name)

    async def probabilities(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """One a pair, in order, in [0, 1]: the softmax over the model's classes."""
        logits = await self._model.logits(pairs)  # (pairs, classes)
        return [platt(log_odds([float(z) for z in row], self._entails), 1.0, 0.0) for row in logits]


async def supported_by(
    statements: Sequence[str], source: Source, model: Entailment
) -> list[Support]:
    """`support.support_by` by entailment: one `Support` a statement, in order.

    The score is the highest probability among the premises: the three passages that cover most of
    the statement, and their sentences that cover most of it together, which a statement that joins
    two passages needs. `missing` names its parts that no passage holds.
    """
    scored = await _best(statements, source, model)
    return [
        Support(
            statement,
            score,
            passage,
            missing=tuple(unit.text for unit in uncovered(units(statement), source.keys)),
        )
        for statement, (score, passage) in zip(statements, scored, strict=True)
    ]


async def answered_by(
    question: str, answers: Sequence[str], source: Source, model: Entailment
) -> list[Answered]:
    """`answered.answered` by entailment: one `Answered` an answer, in order.

    The statement is the question followed by "The answer is ...".
    """
    pattern = _ANSWERS["zh" if language(question) == "zh" else "en"]
    statements = [pattern.format(question, answer) for answer in answers]
    scored = await _best(statements, source, model)
    return [
        Answered(answer, score, passage)
        for answer, (score, passage) in zip(answers, scored, strict=True)
    ]


async def _best(
    statements: Sequence[str], source: Source, model: Entailment
) -> list[tuple[float, Passage | None]]:
    """Each statement's highest probability, and the passage that gives it (None for sentences of
    several).
    """
    tried = [
        (place, premise, passage)
        for place, statement in enumerate(statements)
        for premise, passage in _premises(statement, source)
    ]
    found = await model.probabilities([(premise, statements[i]) for i, premise, _ in tried])
    best: list[tuple[float, Passage | None]] = [(0.0, None)] * len(statements)
    for (place, _, passage), probability in zip(tried, found, strict=True):
        if probability > best[place][0]:
            best[place] = (probability, passage)
    return best


def _premises(statement: str, source: Source) -> list[tuple[str, Passage | None]]:
    wanted = units(statement)
    order = sorted(
        range(len(source.passages)), key=lambda i: -coverage(wanted, source.passage_keys[i])
    )
    premises: list[tuple[str, Passage | None]] = [
        (_told(source.passages[i]), source.passages[i]) for i in order[:_PASSAGES]
    ]
    together = source.together(wanted, _TOGETHER)
    if len({line.passage for line in together}) > 1:
        premises.append((" ".join(line.embedded for line in together), None))
    return premises


def _told(passage: Passage) -> str:
    return f"{passage.title}: {passage.text}" if passage.title else passage.text


def _entails(labels: Sequence[str], name: str) -> int:
    """Where entailment stands among the classes; a single class can only be that."""
    found = [i for i, label in enumerate(labels) if label.casefold().startswith("entail")]
    if len(labels) == 1:
        return 0
    if len(found) != 1:
        raise ConfigError(
            f"'{name}' has the classes {', '.join(labels)}; expected one that is called entailment "
            "(id2label in its config.json)"
        )
    return found[0]
