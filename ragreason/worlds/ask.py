"""Asks questions of three types about a world, each of a wanted number of documents.

What is asked here is a proposal: `solve.defects` decides. Each builder gives None where its random
choices led nowhere, and is tried again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ragreason.worlds.relations import RELATIONS, Comparable
from ragreason.worlds.thread import Asked, Loom, Thread
from ragreason.worlds.world import Comparison, Fact, QuestionType, Triple

_GROUPS = frozenset({"member", "won_by"})
_AUTHORS = frozenset({"designed_by", "created_by", "founded_by", "captain"})


def bridge(loom: Loom, hops: int) -> Asked | None:
    """A chain: each step's thing is known only by the step before."""
    start = loom.start(loom.rng.choice(loom.names))
    reached = loom.steps(start, hops - 1 + loom.rng.choice((0, 0, 0, 1)))
    return loom.finish(reached) if reached else None


def comparison(loom: Loom, hops: int) -> Asked | None:
    """Which of two is more; whether one is more than the other; or something about the winner."""
    extra = [loom.rng.randrange(3) for _ in range(hops - 2)]  # left, right, after
    left = loom.steps(loom.start(loom.rng.choice(loom.names), "a"), extra.count(0))
    right = left and loom.steps(_rival(loom, left, extra.count(1)), extra.count(1))
    if left is None or right is None:
        return None
    if left.path and not right.path:  # "the mayor of A and B" would be one mayor of both
        left, right = right, left
    shared = _shared_number(loom, left, right)
    if shared is None:
        return None
    after = extra.count(2)
    if after or loom.rng.random() < 0.5:
        reached = loom.steps(_winner(loom, left, right, shared), after)
        return loom.finish(reached) if reached else None
    return _contest(loom, left, right, shared)


def intersection(loom: Loom, hops: int) -> Asked | None:
    """The one thing that meets two conditions, or something about it."""
    name = loom.rng.choice(loom.names)
    conditions = _conditions(loom, name)
    if len(conditions) < 2:
        return None
    one, two = sorted(loom.rng.sample(conditions, 2), key=lambda c: c.relation in _AUTHORS)
    if one.relation == two.relation and one.relation not in _GROUPS:
        return None
    thing = loom.thing(name)
    is_a: tuple[Triple, ...] = () if thing.is_person else (("?x0", "is_a", thing.noun),)
    both = f"{one.clause} and {two.clause}"
    thread = Thread(
        phrase=f"the person who both {both}"
        if thing.is_person
        else f"the {thing.noun} that both {both}",
        at=name,
        term="?x0",
        patterns=(*one.patterns, *two.patterns, *is_a),
        path=(*one.path, *two.path),
        seen=(name, *one.names, *two.names),
    )
    if not loom.is_unique(thread):
        return None
    if len(thread.documents) == hops and loom.rng.random() < 0.8:
        head = "Who" if thing.is_person else f"Which {thing.noun}"
        return loom.asked(thread, f"{head} {both}?", name, "?x0")
    reached = loom.steps(thread, loom.rng.randrange(hops - 1))
    return loom.finish(reached) if reached else None


Builder = Callable[[Loom, int], Asked | None]
BUILDERS: Final[Mapping[QuestionType, Builder]] = {
    "bridge": bridge,
    "comparison": comparison,
    "intersection": intersection,
}


@dataclass(frozen=True)
class _Condition:
    relation: str
    clause: str
    patterns: tuple[Triple, ...]
    path: tuple[Triple, ...]
    names: tuple[str, ...]


def _conditions(loom: Loom, name: str) -> list[_Condition]:
    """All that can be said of a thing after "who" or "which"."""
    found = [
        _group_condition(loom, f) for f in loom.by_object.get(name, ()) if f.relation in _GROUPS
    ]
    for number, fact in enumerate(loom.world.facts[name]):
        if fact.object in loom.world.things and fact.relation in RELATIONS:
            if fact.relation in _AUTHORS:
                found += _author_conditions(loom, fact, f"?p{number}")
            elif RELATIONS[fact.relation].clause:
                found.append(_own_condition(loom, fact, "?x0"))
    return found


def _group_condition(loom: Loom, fact: Fact) -> _Condition:
    clause = RELATIONS[fact.relation].clause.format(o=loom.thing(fact.subject).reference)
    pattern = (fact.subject, fact.relation, "?x0")
    return _Condition(fact.relation, clause, (pattern,), (fact.triple,), (fact.subject,))


def _own_condition(loom: Loom, fact: Fact, variable: str) -> _Condition:
    clause = RELATIONS[fact.relation].clause.format(o=loom.thing(fact.object).reference)
    pattern = (variable, fact.relation, fact.object)
    return _Condition(fact.relation, clause, (pattern,), (fact.triple,), (fact.object,))


def _author_conditions(loom: Loom, fact: Fact, variable: str) -> list[_Condition]:
    """Such as "was designed by someone who was born in Tessing"."""
    own = [
        _own_condition(loom, f, variable)
        for f in loom.world.facts[fact.object]
        if f.object in loom.world.things
        and f.relation in RELATIONS
        and RELATIONS[f.relation].clause
    ]
    return [
        _Condition(
            fact.relation,
            RELATIONS[fact.relation].clause.format(o=f"someone who {c.clause}"),
            (("?x0", fact.relation, variable), *c.patterns),
            (fact.triple, *c.path),
            (fact.object, *c.names),
        )
        for c in own
    ]


@dataclass(frozen=True)
class _Number:
    relation: str
    words: Comparable
    left: Fact
    right: Fact

    @property
    def greater(self) -> Fact:
        """The fact with the greater number."""
        return max(self.left, self.right, key=lambda f: float(f.object.replace(",", "")))


def _rival(loom: Loom, left: Thread, steps: int) -> Thread:
    """Where the other side starts: something of a kind with the left side, a namesake if it can."""
    origin = left.at if steps == 0 else left.seen[0]
    kind = [n for n in loom.world.by_noun[loom.thing(origin).noun] if n not in left.seen]
    alike = [n for n in kind if set(n.split()) & set(origin.split()) - {"The", "A", "Bridge"}]
    pool: Sequence[str] = alike if alike and loom.rng.random() < 0.5 else kind
    return loom.start(loom.rng.choice(pool or [origin]), "b")


def _shared_number(loom: Loom, left: Thread, right: Thread) -> _Number | None:
    """A number that both sides have, and not the same."""
    if left.at == right.at or left.at in right.seen or right.at in left.seen:
        return None
    numbers = [
        _Number(fact.relation, words, fact, other)
        for fact in loom.world.facts[left.at]
        for other in loom.world.facts[right.at]
        if other.relation == fact.relation
        and other.object != fact.object
        and (words := RELATIONS[fact.relation].comparable if fact.relation in RELATIONS else None)
    ]
    return loom.rng.choice(numbers) if numbers else None


def _joined(left: Thread, right: Thread, number: _Number, most: bool) -> Thread:
    """Both sides and their numbers, with a winner."""
    pick = Comparison(
        options=(left.term, right.term), relation=number.relation, pick="most" if most else "least"
    )
    won = (number.greater is number.left) == most
    return Thread(
        phrase="",
        at=left.at if won else right.at,
        term=pick.winner,
        tag="c",
        patterns=(*left.patterns, *right.patterns),
        path=(*left.path, *right.path, number.left.triple, number.right.triple),
        comparison=pick,
        seen=(*left.seen, *right.seen),
    )


def _winner(loom: Loom, left: Thread, right: Thread, number: _Number) -> Thread:
    """The thread "the longer of A and B"."""
    most = loom.rng.random() < 0.5
    adjective = number.words.adjectives[0 if most else 1]
    phrase = f"the {adjective} of {left.phrase} and {right.phrase}"
    return replace(_joined(left, right, number, most), phrase=phrase)


def _contest(loom: Loom, left: Thread, right: Thread, number: _Number) -> Asked:
    """Which of the two, or whether the first."""
    most = loom.rng.random() < 0.5
    thread = _joined(left, right, number, most)
    said = {
        "word": number.words.words[0 if most else 1],
        "a": left.phrase,
        "b": right.phrase,
    }
    if loom.rng.random() < 0.5:
        return loom.asked(thread, number.words.which.format(**said), thread.at, thread.term)
    answer = "yes" if thread.at == left.at else "no"
    asked = loom.asked(thread, number.words.claim.format(**said), answer, thread.term)
    return replace(asked, query=asked.query.model_copy(update={"claim": left.term}))
