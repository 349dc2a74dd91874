"""A symbolic solver: answers logical forms by joining the facts that documents state.

It knows nothing of how a world was made. What it does not know: whether the English wording of a
question says what its logical form says, and whether a text says what its list of facts says.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from ragreason.worlds.world import SYMMETRIC, Comparison, Document, Query, Triple, WorldQuestion

Bindings = Mapping[str, str]
Row = tuple[str, str, str]  # subject, object, title of the document that states it


class FactIndex:
    """The facts of some documents, found by relation and either end."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.titles: set[str] = set()
        self._all: defaultdict[str, list[Row]] = defaultdict(list)
        self._by_subject: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
        self._by_object: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
        for document in documents:
            self.add(document)

    def add(self, document: Document) -> None:
        """Take in one more document's facts."""
        self.titles.add(document.title)
        for fact in document.facts:
            self._insert(fact.relation, (fact.subject, fact.object, document.title))
            if fact.relation in SYMMETRIC:
                self._insert(fact.relation, (fact.object, fact.subject, document.title))

    def _insert(self, relation: str, row: Row) -> None:
        self._all[relation].append(row)
        self._by_subject[relation, row[0]].append(row)
        self._by_object[relation, row[1]].append(row)

    def rows(self, subject: str | None, relation: str, other: str | None) -> Sequence[Row]:
        """The rows of a relation; None leaves that end open."""
        if subject is not None:
            found = self._by_subject.get((relation, subject), [])
            return found if other is None else [row for row in found if row[1] == other]
        if other is not None:
            return self._by_object.get((relation, other), [])
        return self._all.get(relation, [])


def solve(query: Query, facts: FactIndex, hidden: Collection[str] = ()) -> frozenset[str]:
    """Every answer that follows from the facts, those of `hidden` documents left out."""
    found = set()
    for bound in _join(query.patterns, query.comparison, {}, facts, hidden):
        if query.claim is not None and query.comparison is not None:
            winner = bound[query.comparison.winner]
            found.add("yes" if winner == _value(query.claim, bound) else "no")
        else:
            found.add(bound[query.answer])
    return frozenset(found)


def _join(
    patterns: Sequence[Triple],
    comparison: Comparison | None,
    bound: Bindings,
    facts: FactIndex,
    hidden: Collection[str],
) -> Iterator[Bindings]:
    if comparison and all(_value(option, bound) is not None for option in comparison.options):
        for winner in _winners(comparison, bound, facts, hidden):
            yield from _join(patterns, None, {**bound, comparison.winner: winner}, facts, hidden)
        return
    if not patterns:
        if comparison is None:
            yield bound
        return
    rows = [facts.rows(_value(s, bound), relation, _value(o, bound)) for s, relation, o in patterns]
    narrowest = min(range(len(patterns)), key=lambda i: len(rows[i]))
    subject, _, other = patterns[narrowest]
    rest = [p for i, p in enumerate(patterns) if i != narrowest]
    for row in rows[narrowest]:
        if row[2] not in hidden and (subject != other or row[0] == row[1]):
            now = {**bound, subject: row[0], other: row[1]}
            yield from _join(rest, comparison, now, facts, hidden)


def _value(term: str, bound: Bindings) -> str | None:
    return bound.get(term) if term.startswith("?") else term


def _winners(
    comparison: Comparison, bound: Bindings, facts: FactIndex, hidden: Collection[str]
) -> Iterator[str]:
    left, right = (_value(option, bound) for option in comparison.options)
    for a in _numbers(left, comparison.relation, facts, hidden):
        for b in _numbers(right, comparison.relation, facts, hidden):
            if a != b and left is not None and right is not None:
                yield left if (a > b) == (comparison.pick == "most") else right


def _numbers(
    name: str | None, relation: str, facts: FactIndex, hidden: Collection[str]
) -> list[float]:
    rows = facts.rows(name, relation, None)
    return [float(row[1].replace(",", "")) for row in rows if row[2] not in hidden]


def defects(question: WorldQuestion, facts: FactIndex) -> list[str]:
    """What is wrong with a question, one line each; an empty list is a proof that it is sound.

    Sound means: the answer follows from the gold documents; nothing else follows from the whole
    world; the world without any one gold document does not yield it; `hops` counts the gold
    documents; the path's facts are stated in them; each condition of an intersection narrows it.
    """
    gold = question.supporting
    missing = [title for title in gold if title not in facts.titles]
    if missing:
        return [f"no such gold document: {title}" for title in missing]
    found = []
    if solve(question.query, facts, facts.titles - set(gold)) != {question.answer}:
        found.append(f"'{question.answer}' does not follow from the gold documents alone")
    answers = solve(question.query, facts)
    if answers != {question.answer}:
        found.append(f"the world answers {sorted(answers)}, not just '{question.answer}'")
    found += [
        f"gold document not needed: {title}"
        for title in gold
        if question.answer in solve(question.query, facts, {title})
    ]
    if question.hops != len(gold):
        found.append(f"{question.hops} hops, but {len(gold)} gold documents")
    found += [
        f"not stated in gold: {step}" for step in question.path if not _stated(step, gold, facts)
    ]
    if question.type == "intersection":
        found += _idle_conditions(question.query, facts)
    return found


def _stated(step: Triple, gold: Collection[str], facts: FactIndex) -> bool:
    return any(row[2] in gold for row in facts.rows(*step))


def _idle_conditions(query: Query, facts: FactIndex) -> list[str]:
    """Conditions without which the answer is unique all the same, so that nobody needs them."""
    idle = []
    for pattern in query.patterns:
        if pattern[1] == "is_a" or all(end.startswith("?") for end in pattern[::2]):
            continue
        rest = tuple(p for p in query.patterns if p is not pattern)
        if len(solve(query.model_copy(update={"patterns": rest}), facts)) < 2:
            idle.append(f"condition that narrows nothing: {pattern}")
    return idle
