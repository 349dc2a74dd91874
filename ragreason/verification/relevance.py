"""Do passages speak of what is asked, and do they suffice to answer?"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import Field

from ragreason.errors import VerifierError
from ragreason.protocols import Aggregation, Costs, Embedder, Item, Judges
from ragreason.text.overlap import Unit, coverage, uncovered, units
from ragreason.types import Hit, Label, Passage, Question, Verdict
from ragreason.verification.calibration import log_odds, platt
from ragreason.verification.cross_encoder import CrossEncoder
from ragreason.verification.evidence import Source, embedded, read, similarity
from ragreason.verification.missing import missing_parts

_LINES = 2
_TOGETHER = 3
_MEANING = 0.6


@dataclass(frozen=True)
class Relevance:
    """Scores hits by the question: the names and content words they share, and embeddings.

    A hit's score is 0.4 times the share of the question's parts that its passage holds, parts that
    are rare among the judged hits counting more, and 0.6 times the cosine of the question and the
    passage's closest sentence. Label: sufficient from `relevant` on, partial from `related` on,
    else none. `sufficiency` judges all hits together.

    With `cross_encoder`, a model's folder or catalogue name, a hit's score is that model's
    probability that the passage answers the question (the sigmoid of its logit, or the softmax at
    its last class), and stands for the cosine in `sufficiency`; nothing is embedded.
    """

    judges: ClassVar[frozenset[Judges]] = frozenset({"hits"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "mean"
    costs: ClassVar[Costs] = "embedding"

    embedder: Embedder
    relevant: Annotated[float, Field(ge=0, le=1)] = 0.5
    related: Annotated[float, Field(ge=0, le=1)] = 0.3
    enough: Annotated[float, Field(ge=0, le=1)] = 0.5
    some: Annotated[float, Field(ge=0, le=1)] = 0.3
    cross_encoder: str | None = None
    _model: CrossEncoder | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        """Raises ConfigError where `cross_encoder` names no such model; it is loaded when used."""
        if self.cross_encoder is not None:
            object.__setattr__(self, "_model", CrossEncoder(self.cross_encoder))
            object.__setattr__(self, "costs", "model")

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per hit, in order. Rarity, and so a score without a cross-encoder, depends on
        the other hits.
        """
        passages = [_passage(item) for item in items]
        asked = units(question.text)
        source = read(passages)
        close = await self._closeness(question.text, asked, source)
        if self._model is None:
            close = [
                (1 - _MEANING) * (source.rare_coverage(asked, held) if asked else 0.0)
                + _MEANING * cosine
                for held, cosine in zip(source.passage_keys, close, strict=True)
            ]
        scores = {p.id: score for p, score in zip(source.passages, close, strict=True)}
        return [
            Verdict(
                score=scores[passage.id],
                label=_label(scores[passage.id], self.relevant, self.related),
            )
            for passage in passages
        ]

    async def sufficiency(self, question: Question, hits: Sequence[Hit]) -> Verdict:
        """Whether the hits together can answer: sufficient, partial or none.

        The score is the share of the question's parts that the best three sentences cover together,
        times the mean cosine (or probability) of the two closest passages. A question with a name
        or number that no hit holds is at most partial. `missing` says what nothing was found on,
        for a person.
        """
        asked = units(question.text)
        source = read(hit.passage for hit in hits)
        if not source.lines:
            told = missing_parts(question.text, source)
            return Verdict(score=0.0, label="none", missing=told)
        closest = sorted(await self._closeness(question.text, asked, source), reverse=True)[:2]
        lines = source.together(asked, _TOGETHER)
        held = frozenset[str]().union(*(line.keys for line in lines))
        score = coverage(asked, held) * sum(closest) / len(closest) if asked else 0.0
        label = _label(score, self.enough, self.some)
        if label == "sufficient" and not _names_held(asked, source):
            label = "partial"
        told = () if label == "sufficient" else missing_parts(question.text, source, lines)
        return Verdict(score=score, label=label, missing=told)

    async def _closeness(self, question: str, asked: Sequence[Unit], source: Source) -> list[float]:
        if self._model is None:
            return await self._cosines(question, asked, source)
        pairs = [(question, _told(passage)) for passage in source.passages]
        logits = await self._model.logits(pairs)  # (passages, classes)
        return [platt(log_odds([float(z) for z in row]), 1.0, 0.0) for row in logits]

    async def _cosines(self, question: str, asked: Sequence[Unit], source: Source) -> list[float]:
        """For each passage the cosine of its closest sentence, among those that cover the most."""
        places = range(len(source.passages))
        lines = [source.best_lines(asked, _LINES, passage=place) for place in places]
        texts = [line.embedded for found in lines for line in found]
        asks = await embedded(self.embedder, [question] if texts else [], "query")
        vectors = await embedded(self.embedder, texts)
        return [
            max((similarity(asks[question], vectors[x.embedded]) for x in found), default=0.0)
            for found in lines
        ]


def _passage(item: Item) -> Passage:
    if not isinstance(item, Hit):
        raise VerifierError("relevance judges hits, not steps or trajectories; use groundedness")
    return item.passage


def _told(passage: Passage) -> str:
    return f"{passage.title}\n{passage.text}" if passage.title else passage.text


def _names_held(asked: Sequence[Unit], source: Source) -> bool:
    return all(unit.kind == "word" for unit in uncovered(asked, source.keys))


def _label(score: float, high: float, low: float) -> Label:
    if score >= high:
        return "sufficient"
    return "partial" if score >= low else "none"
