"""Read fewer tokens of more passages: only the sentences that are evidence."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ragreason.protocols import Embedder
from ragreason.state import State
from ragreason.text.overlap import keys, units
from ragreason.text.passages import paragraph_text
from ragreason.types import Evidence
from ragreason.verification.evidence import Line, Source, embedded, read, similarity

_MEANING, _WORDS = 0.6, 0.4
_ASKED, _SAME_PASSAGE = 0.1, 0.1


@dataclass(frozen=True)
class Compress:
    """Keep the `sentences` that answer the question best, as excerpts; other passages are not kept.

    Sentences are taken one by one. A sentence's score is 0.6 times its cosine with the question
    plus 0.4 times the share of the question's parts that it holds, rare ones counting more; 0.1
    more if the question names its passage's title, 0.1 more if a sentence of its passage was taken,
    and `link` more if a taken sentence of another passage names that title: the next hop of a
    multi-hop question. No model is asked. The first of equals is taken.

    Source: the extractive compressor of RECOMP, arXiv 2310.04408. `docs/log.md` has what it keeps.
    """

    reads: ClassVar[tuple[str, ...]] = ("question", "evidence")
    writes: ClassVar[tuple[str, ...]] = ("evidence",)

    name: str
    embedder: Embedder
    sentences: Annotated[int, Field(ge=1, le=200)] = 8
    link: Annotated[float, Field(ge=0, le=2)] = 0.3

    async def __call__(self, state: State) -> dict[str, Any]:
        """One embedder call; entries that are not kept stay as they are."""
        kept = {key: entry for key, entry in state["evidence"].items() if entry.keep}
        source = read(entry.hit.passage for entry in kept.values())
        scores = await self._scores(state["question"].text, source)
        excerpts = _excerpts(chosen(source, scores, self.sentences, self.link), source)
        return {"evidence": {key: _cut(entry, excerpts.get(key)) for key, entry in kept.items()}}

    async def _scores(self, question: str, source: Source) -> list[float]:
        """By what the question alone says, one a line."""
        if not source.lines:
            return []
        asked, held = units(question), keys(question)
        asks = await embedded(self.embedder, [question], "query")
        vectors = await embedded(self.embedder, (line.embedded for line in source.lines))
        named = [source.names(held, passage) for passage in range(len(source.passages))]
        return [
            _MEANING * similarity(asks[question], vectors[line.embedded])
            + _WORDS * (source.rare_coverage(asked, line.keys) if asked else 0.0)
            + _ASKED * named[line.passage]
            for line in source.lines
        ]


@dataclass
class _Taken:
    """What was taken, and by how much it raises the lines of each passage."""

    lines: list[int] = field(default_factory=list)
    raised: dict[int, float] = field(default_factory=dict)

    def take(self, number: int, source: Source, link: float) -> None:
        line = source.lines[number]
        self.lines.append(number)
        self._raise(line.passage, _SAME_PASSAGE)
        for passage in range(len(source.passages)):
            if passage != line.passage and source.names(line.keys, passage):
                self._raise(passage, link)

    def _raise(self, passage: int, by: float) -> None:
        self.raised[passage] = max(by, self.raised.get(passage, 0.0))


def chosen(source: Source, scores: Sequence[float], limit: int, link: float) -> list[Line]:
    """At most `limit` lines in their order, taken greedily by `scores` and what was taken before.

    A passage's lines gain 0.1 once one of them is taken, or `link` (if that is more) once a line of
    another passage that names this one's title is.
    """
    taken = _Taken()
    while len(taken.lines) < min(limit, len(source.lines)):
        free = [i for i in range(len(source.lines)) if i not in taken.lines]
        best = max(free, key=lambda i: scores[i] + taken.raised.get(source.lines[i].passage, 0.0))
        taken.take(best, source, link)
    return [source.lines[i] for i in sorted(taken.lines)]


def _excerpts(lines: Sequence[Line], source: Source) -> dict[str, str]:
    """The taken sentences of each passage as one text, by passage id."""
    texts: dict[str, list[str]] = {}
    for line in lines:
        texts.setdefault(source.passages[line.passage].id, []).append(line.text)
    return {passage: paragraph_text(said) for passage, said in texts.items()}


def _cut(entry: Evidence, excerpt: str | None) -> Evidence:
    return entry.model_copy(update={"keep": excerpt is not None, "excerpt": excerpt})
