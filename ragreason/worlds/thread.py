"""A question in the making: a noun phrase, the thing it stands for, and its logical form so far."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from ragreason.worlds.populate import Population, Thing
from ragreason.worlds.relations import RELATIONS
from ragreason.worlds.solve import FactIndex, solve
from ragreason.worlds.world import Comparison, Fact, Query, Triple

LONGEST_INSIDE = 6
"""Words that a phrase may have and still stand inside a question: "Where was ... born?"."""


@dataclass(frozen=True)
class Thread:
    """`phrase` stands for the thing `at`, which is `term` in the patterns.

    `tag` keeps the variables of two threads apart that will be joined; `seen` holds the things
    that are not to be reached again.
    """

    phrase: str
    at: str
    term: str
    tag: str = "a"
    patterns: tuple[Triple, ...] = ()
    path: tuple[Triple, ...] = ()
    comparison: Comparison | None = None
    seen: tuple[str, ...] = ()

    @property
    def documents(self) -> tuple[str, ...]:
        """Titles of the documents that state the path, in reasoning order."""
        return tuple(dict.fromkeys(step[0] for step in self.path))


@dataclass(frozen=True)
class Asked:
    """A finished question: its words, answer and logical form."""

    text: str
    answer: str
    path: tuple[Triple, ...]
    query: Query
    documents: tuple[str, ...]


class Loom:
    """Makes threads over one world."""

    def __init__(self, world: Population, facts: FactIndex, rng: Random) -> None:
        self.world, self.facts, self.rng = world, facts, rng
        self.names: Sequence[str] = tuple(world.things)
        found: defaultdict[str, list[Fact]] = defaultdict(list)
        for stated in world.facts.values():
            for fact in stated:
                if fact.object in world.things:
                    found[fact.object].append(fact)
        self.by_object: Mapping[str, Sequence[Fact]] = found

    def thing(self, name: str) -> Thing:
        """The thing of that name."""
        return self.world.things[name]

    def start(self, name: str, tag: str = "a") -> Thread:
        """A thread that names its thing outright."""
        return Thread(self.thing(name).reference, name, name, tag, seen=(name,))

    def steps(self, thread: Thread | None, count: int) -> Thread | None:
        """The thread after so many random steps; None where one leads nowhere."""
        for _ in range(count):
            thread = thread and self.step(thread)
        return thread

    def step(self, thread: Thread) -> Thread | None:
        """One step on to another thing, as long as the phrase stands for that thing only."""
        choices = [(fact, fact.object) for fact in self._forward(thread, "nouns")]
        choices += [(fact, fact.subject) for fact in self._inverse(thread, "inverse")]
        choices = [c for c in choices if c[1] in self.world.things and c[1] not in thread.seen]
        if not choices:
            return None
        fact, target = self.rng.choice(choices)
        variable = f"?{thread.tag}{len(thread.patterns)}"
        relation = RELATIONS[fact.relation]
        if target == fact.object:
            phrase = self.rng.choice(relation.nouns).format(s=thread.phrase)
        else:
            phrase = relation.inverse.format(o=thread.phrase, k=self.thing(target).noun)
        reached = replace(
            self._extended(thread, fact, variable),
            phrase=phrase,
            at=target,
            term=variable,
            seen=(*thread.seen, target),
        )
        return reached if self.is_unique(reached) else None

    def finish(self, thread: Thread) -> Asked | None:
        """Ask for something about the thing reached."""
        choices = [(fact, fact.object) for fact in self._forward(thread, "asks")]
        choices += [(fact, fact.subject) for fact in self._inverse(thread, "inverse_ask")]
        choices = [c for c in choices if c[1] not in thread.seen]
        if not choices:
            return None
        fact, answer = self.rng.choice(choices)
        relation = RELATIONS[fact.relation]
        if answer == fact.object:
            text = self.rng.choice(_fitting(relation.asks, thread.phrase)).format(s=thread.phrase)
        else:
            text = relation.inverse_ask.format(o=thread.phrase, k=self.thing(answer).noun)
        return self.asked(self._extended(thread, fact, "?x"), text, answer, "?x")

    def asked(self, thread: Thread, text: str, answer: str, variable: str) -> Asked:
        """The question that a thread has become."""
        query = Query(patterns=thread.patterns, answer=variable, comparison=thread.comparison)
        return Asked(text, answer, thread.path, query, thread.documents)

    def is_unique(self, thread: Thread) -> bool:
        """Whether the phrase can stand for no other thing of the world."""
        query = Query(patterns=thread.patterns, answer=thread.term, comparison=thread.comparison)
        return solve(query, self.facts) == {thread.at}

    def _forward(self, thread: Thread, wording: str) -> list[Fact]:
        return [f for f in self.world.facts[thread.at] if _has(f, wording)]

    def _inverse(self, thread: Thread, wording: str) -> list[Fact]:
        return [f for f in self.by_object.get(thread.at, ()) if _has(f, wording)]

    def _extended(self, thread: Thread, fact: Fact, variable: str) -> Thread:
        """With one more fact: forward from the thread's thing, or back to the fact's subject."""
        patterns: tuple[Triple, ...] = ((thread.term, fact.relation, variable),)
        if fact.subject != thread.at:
            noun = self.thing(fact.subject).noun
            patterns = ((variable, fact.relation, thread.term), (variable, "is_a", noun))
        return replace(
            thread, patterns=(*thread.patterns, *patterns), path=(*thread.path, fact.triple)
        )


def _fitting(asks: Sequence[str], phrase: str) -> Sequence[str]:
    """Wordings that a phrase can enter: a long one only at the end."""
    long = len(phrase.split()) > LONGEST_INSIDE
    return [ask for ask in asks if ask.endswith("{s}?")] if long else asks


def _has(fact: Fact, wording: str) -> bool:
    return fact.relation in RELATIONS and bool(getattr(RELATIONS[fact.relation], wording))
