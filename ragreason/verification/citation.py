"""Do the citations hold: each exists, supports its sentence, and is needed?"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ragreason.errors import VerifierError
from ragreason.protocols import Aggregation, Costs, Embedder, Item, Judges
from ragreason.text.overlap import parts, units
from ragreason.text.sentences import sentences
from ragreason.types import Answer, Passage, Question, Step, Trajectory, Verdict
from ragreason.verification.answered import ANSWERED, answered, holding
from ragreason.verification.cite import bridged, is_short, unmarked
from ragreason.verification.evidence import Source, read
from ragreason.verification.support import SUPPORTED, lexical_support, support_by

_MARK = re.compile(r"\[(\d+(?:\s*[,，]\s*\d+)*)\]")
_LEADING = re.compile(r"^(?:\s*\[\d+(?:\s*[,，]\s*\d+)*\])+")
_AS_GOOD = 0.8
_ADDS = 0.05


@dataclass(frozen=True)
class CitationVerifier:
    """Judges `[n]` marks sentence by sentence, by rule and by `support`.

    In a trajectory, n counts its distinct hits, first seen first, from 1; the marks are those of
    its answer (of the answer step's text if `answer` has none). A sentence fails without a
    citation, with one that does not exist, where its passages don't support it, or where less than
    `precise` of them either support it alone or add to the others: so citing everything fails.
    The score is the mean over sentences of support times that share, 0 for the first two failures.
    Label: supported if no sentence fails, partial if some do, unsupported if all do, none without
    an answer.
    """

    judges: ClassVar[frozenset[Judges]] = frozenset({"trajectory"})
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    aggregation: ClassVar[Aggregation] = "last"
    costs: ClassVar[Costs] = "embedding"

    embedder: Embedder
    supported: Annotated[float, Field(ge=0, le=1)] = SUPPORTED
    answered: Annotated[float, Field(ge=0, le=1)] = ANSWERED
    precise: Annotated[float, Field(ge=0, le=1)] = 0.5

    async def judge(self, question: Question, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order."""
        return [await self._item(question.text, item) for item in items]

    async def judge_answer(self, question: Question, answer: Answer) -> Verdict:
        """The same for what a run gives: `cited` by the quotes of its `citations`."""
        quoted = {
            c.number: Passage(id=str(c.number), title=c.title, text=c.quote)
            for c in answer.citations
        }
        return await self._text(question.text, answer.cited or answer.text, quoted)

    async def _item(self, question: str, item: Item) -> Verdict:
        if not isinstance(item, Trajectory):
            raise VerifierError("citation judges trajectories: a mark's number counts their hits")
        last = [s for s in item.steps if s.kind == "answer" and not s.truncated]
        numbered = {n: hit.passage for n, hit in enumerate(item.hits, start=1)}
        return await self._text(question, _marked(last[-1]) if last else "", numbered)

    async def _text(self, question: str, text: str, numbered: Mapping[int, Passage]) -> Verdict:
        found = cited_sentences(text)
        if not found:
            return Verdict(score=0.0, label="none", reason="there is no answer to check")
        judged = [await self._sentence(question, s, n, numbered) for s, n in found]
        failed = [(s, why) for (s, _), (_, why) in zip(found, judged, strict=True) if why]
        label: Literal["supported", "partial", "unsupported"] = "partial"
        if not failed:
            label = "supported"
        elif len(failed) == len(found):
            label = "unsupported"
        return Verdict(
            score=sum(score for score, _ in judged) / len(judged),
            label=label,
            unsupported=tuple(sentence for sentence, _ in failed),
            reason="; ".join(dict.fromkeys(why for _, why in failed)),
        )

    async def _sentence(
        self,
        question: str,
        sentence: str,
        numbers: Sequence[int],
        numbered: Mapping[int, Passage],
    ) -> tuple[float, str]:
        """Score, and why it fails ("" if it does not)."""
        if not numbers:
            return 0.0, "a sentence has no citation"
        unknown = [n for n in numbers if n not in numbered]
        if unknown:
            return 0.0, f"[{unknown[0]}] is cited, but there are {len(numbered)} passages"
        source = read(numbered[n] for n in numbers)
        if is_short(sentence):
            (answer,) = await answered(question, [sentence], source, self.embedder)
            score, good = answer.score, answer.score >= self.answered
            useful = _useful_to_answer(question, sentence, source)
        else:
            (statement,) = await support_by([sentence], source, self.embedder)
            score, good = statement.score, statement.score >= self.supported
            useful = _useful_to_statement(sentence, source, self.supported)
        precision = useful / len(numbers)
        if not good:
            return score * precision, f"what is cited does not support '{_short(sentence)}'"
        if precision < self.precise:
            return (
                score * precision,
                f"{len(numbers) - useful} of {len(numbers)} citations add nothing",
            )
        return score * precision, ""


def cited_sentences(text: str) -> list[tuple[str, tuple[int, ...]]]:
    """Each sentence that says something, without marks, with the numbers it cites, each once.

    A mark behind a full stop belongs to the sentence before it. "Ada ran [1]. Bo left. [2][1]"
    gives [("Ada ran.", (1,)), ("Bo left.", (2, 1))].
    """
    pieces: list[str] = []
    for span in sentences(text):
        piece = text[span.start : span.end]
        leading = _LEADING.match(piece)
        if leading and pieces:
            pieces[-1] += leading.group()
            piece = piece[leading.end() :]
        if piece.strip():
            pieces.append(piece)
    found = [(unmarked(piece), _numbers(piece)) for piece in pieces]
    return [(sentence, numbers) for sentence, numbers in found if parts(sentence)]


def _numbers(text: str) -> tuple[int, ...]:
    groups = (re.split(r"[,，]", match.group(1)) for match in _MARK.finditer(text))
    return tuple(dict.fromkeys(int(number) for group in groups for number in group))


def _marked(step: Step) -> str:
    return step.text if _MARK.search(step.text) and not _MARK.search(step.answer) else step.answer


def _useful_to_answer(question: str, answer: str, source: Source) -> int:
    """How many passages give the answer about as well as the best one, or bridge to it."""
    asked = units(question)
    held = holding(asked, answer, source)
    if not held:
        return 0
    best = held[0][1]
    useful = {line.passage for line, said in held if said >= _AS_GOOD * best}
    return len(useful | {x.passage for x in bridged(asked, answer, [held[0][0]], source)})


def _useful_to_statement(sentence: str, source: Source, bound: float) -> int:
    """How many passages support the statement alone, or take something away if left out."""
    whole = lexical_support(sentence, source)
    useful = 0
    for passage in source.passages:
        alone = lexical_support(sentence, read([passage]))
        without = read(p for p in source.passages if p is not passage)
        if alone >= bound or whole - lexical_support(sentence, without) >= _ADDS:
            useful += 1
    return useful


def _short(text: str, characters: int = 60) -> str:
    return text if len(text) <= characters else f"{text[: characters - 1]}…"
