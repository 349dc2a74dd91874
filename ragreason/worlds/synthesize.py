"""Makes whole worlds: things, facts, documents, and questions that the solver has proved."""

import re
from collections.abc import Iterator
from itertools import cycle
from random import Random

from ragreason.errors import ConfigError, RunError
from ragreason.worlds.ask import BUILDERS
from ragreason.worlds.populate import Population, populate
from ragreason.worlds.prose import write_document
from ragreason.worlds.solve import FactIndex, defects
from ragreason.worlds.thread import Asked, Loom
from ragreason.worlds.world import QuestionType, World, WorldQuestion

MIN_HOPS, MAX_HOPS = 2, 4
_QUESTIONS_PER_DISTRICT = 50
_TRIES = 20_000
_MIX: tuple[QuestionType, ...] = ("bridge", "comparison", "bridge", "intersection", "bridge")


def synthesize(questions: int, hops: tuple[int, int] = (2, 4), seed: int = 0) -> World:
    """A world with so many questions of `hops` (least, most) documents each.

    Three fifths are bridge questions, one fifth each comparison and intersection; numbers of hops
    come in turn. The world has 65 documents for every 50 questions. The same arguments give the
    same world. Raises ConfigError for arguments out of range.
    """
    least, most = hops
    if not MIN_HOPS <= least <= most <= MAX_HOPS:
        raise ConfigError(f"hops {least}-{most}; expected a range within {MIN_HOPS}-{MAX_HOPS}")
    if questions < 1:
        raise ConfigError(f"{questions} questions; expected 1 or more")
    rng = Random(seed)
    population = populate(-(-questions // _QUESTIONS_PER_DISTRICT), rng)
    documents = tuple(write_document(name, population, rng) for name in population.things)
    facts = FactIndex(documents)
    made = _ask(questions, hops, Loom(population, facts, rng), facts, population)
    return World(documents=documents, questions=tuple(made), seed=seed)


def parse_hops(text: str) -> tuple[int, int]:
    """The least and most hops: (3, 3) for "3", (2, 4) for "2-4". Raises ConfigError."""
    found = re.fullmatch(r"(\d)(?:-(\d))?", text.strip())
    if found is None:
        raise ConfigError(f"hops '{text}'; expected a number or a range, such as 3 or 2-4")
    return int(found[1]), int(found[2] or found[1])


def _ask(
    count: int, hops: tuple[int, int], loom: Loom, facts: FactIndex, world: Population
) -> Iterator[WorldQuestion]:
    """Sound questions, no two of one text or one path."""
    used: set[object] = set()
    turns = cycle([(kind, n) for n in range(hops[0], hops[1] + 1) for kind in _MIX])
    for number in range(1, count + 1):
        kind, wanted = next(turns)
        question = _ask_one(f"q{number:05d}", kind, wanted, loom, facts, used, world)
        used |= {question.question, question.path}
        yield question


def _ask_one(
    name: str,
    kind: QuestionType,
    hops: int,
    loom: Loom,
    facts: FactIndex,
    used: set[object],
    world: Population,
) -> WorldQuestion:
    for _ in range(_TRIES):
        asked = BUILDERS[kind](loom, hops)
        if asked is None or len(asked.documents) != hops or {asked.text, asked.path} & used:
            continue
        question = _record(name, kind, hops, asked, world)
        if not _gives_away(question) and not defects(question, facts):
            return question
    raise RunError(f"no {kind} question of {hops} hops in {_TRIES} tries; take another seed")


def _record(
    name: str, kind: QuestionType, hops: int, asked: Asked, world: Population
) -> WorldQuestion:
    thing = world.things.get(asked.answer)
    alias = f"{thing.prefix}{thing.name}" if thing and thing.noun == "mountain" else ""
    return WorldQuestion(
        id=name,
        question=asked.text,
        answer=asked.answer,
        aliases=(alias,) if alias else (),
        type=kind,
        hops=hops,
        supporting=asked.documents,
        path=asked.path,
        query=asked.query,
    )


def _gives_away(question: WorldQuestion) -> bool:
    """Whether a word of the answer stands in the question, as only a choice between two may."""
    chosen = question.query.comparison
    if chosen and chosen.winner == question.query.answer and question.answer in chosen.options:
        return False
    words = set(re.findall(r"\w+", question.question.lower()))
    return not words.isdisjoint(re.findall(r"\w+", question.answer.lower()))
