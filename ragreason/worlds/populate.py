"""Fills a world with invented things and the facts about them, district by district."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from ragreason.worlds.names import Namer
from ragreason.worlds.world import Fact

Pronoun = Literal["it", "she", "he"]
_TRADES = ("engineer", "composer", "novelist", "painter", "sea captain", "climber", "manufacturer")


@dataclass(frozen=True)
class Thing:
    """Something that has a document. `reference` is the name as running text says it."""

    name: str
    noun: str
    pronoun: Pronoun = "it"
    prefix: str = ""

    @property
    def reference(self) -> str:
        """With an article where it takes one: "the Ellow", "Harrowick"."""
        return self.prefix + self.name

    @property
    def short(self) -> str:
        """The reference without the noun: "The Bells of Orvan", "the Fennimar"."""
        if self.prefix.endswith(f"{self.noun} "):
            return f"the {self.name}" if self.noun == "ship" else self.name
        return self.reference

    @property
    def is_person(self) -> bool:
        """Whether "who" asks for it."""
        return self.pronoun != "it"


@dataclass
class Population:
    """Things by name, and each one's facts, in the order they were made."""

    things: dict[str, Thing] = field(default_factory=dict)
    facts: defaultdict[str, list[Fact]] = field(default_factory=lambda: defaultdict(list))
    born: dict[str, int] = field(default_factory=dict)
    by_noun: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, thing: Thing) -> str:
        """Take in a thing; gives its name."""
        self.things[thing.name] = thing
        self.by_noun[thing.noun].append(thing.name)
        self.state(thing.name, "is_a", thing.noun)
        return thing.name

    def state(self, subject: str, relation: str, *objects: str | int) -> None:
        """Add one fact an object; numbers other than years get thousands separators."""
        for other in objects:
            text = other if isinstance(other, str) else _digits(relation, other)
            self.facts[subject].append(Fact(subject=subject, relation=relation, object=text))


def _digits(relation: str, number: int) -> str:
    return str(number) if relation.endswith(("_in", "_year")) else f"{number:,}"


def populate(districts: int, rng: Random) -> Population:
    """A world of so many districts of about 56 things. Districts share some people and towns."""
    world, namer = Population(), Namer(rng)
    for _ in range(districts):
        _District(world, namer, rng).fill()
    return world


class _District:
    """One district in the making. Links go to its own things, and now and then to earlier ones."""

    def __init__(self, world: Population, namer: Namer, rng: Random) -> None:
        self.world, self.namer, self.rng = world, namer, rng

    def fill(self) -> None:
        people = self._people()
        self._land()
        self._homes(people)
        self._structures()
        self._organisations()
        self._works()
        self._ships()
        self._groups(people)

    def _pick(self, noun: str, recent: int) -> str:
        """One of the `recent` newest things of that noun, in one of seven cases an older one."""
        known = self.world.by_noun[noun]
        return self.rng.choice(known if self.rng.random() < 1 / 7 else known[-recent:])

    def _year(self, person: str, low: int, high: int) -> int:
        return self.world.born[person] + self.rng.randint(low, high)

    def _person(self, noun: str, first: int, last: int) -> str:
        pronoun: Pronoun = self.rng.choice(("she", "he"))
        name = self.world.add(Thing(self.namer.person(pronoun), noun, pronoun))
        self.world.born[name] = self.rng.randint(first, last)
        return name

    def _people(self) -> list[str]:
        """People of the past; the mayors of today come with their towns."""
        people = [self._person(trade, 1790, 1890) for trade in _TRADES for _ in (1, 2, 3)]
        for name in people:
            trade = self.world.things[name].noun
            elders = [p for p in self.world.by_noun[trade][-9:] if self._older(p, name)]
            if elders and self.rng.random() < 0.7:
                self.world.state(name, "pupil_of", self.rng.choice(elders))
        shuffled = self.rng.sample(people, len(people))
        for one, other in zip(shuffled[:12:2], shuffled[1:12:2], strict=True):
            if abs(self.world.born[one] - self.world.born[other]) < 25:
                self.world.state(one, "spouse", other)
        return people

    def _older(self, elder: str, younger: str) -> bool:
        return 14 <= self.world.born[younger] - self.world.born[elder] <= 50

    def _land(self) -> None:
        world, rng = self.world, self.rng
        for _ in range(3):
            peak = world.add(Thing(self.namer.stem(), "mountain", prefix="Mount "))
            climber = self._pick("climber", 3)
            world.state(peak, "height_m", rng.randint(600, 3900))
            world.state(peak, "first_climbed_by", climber)
            world.state(peak, "first_climbed_in", self._year(climber, 17, 45))
        for _ in range(3):
            river = world.add(Thing(self.namer.stem(), "river", prefix="the "))
            world.state(river, "rises_on", self._pick("mountain", 3))
            world.state(river, "length_km", rng.randint(40, 480))
        towns = [world.add(Thing(name, "town")) for name in self.namer.towns(7)]
        for town in towns:
            mayor = self._person("politician", 1950, 1988)
            world.state(town, "on_river", self._pick("river", 3))
            world.state(town, "mayor", mayor)
            world.state(town, "population", rng.randint(1200, 64000))
            world.state(town, "elevation_m", rng.randint(12, 890))
        for town, twin in zip(towns[:4:2], towns[1:4:2], strict=True):
            world.state(town, "twin_town", twin)

    def _homes(self, people: Sequence[str]) -> None:
        for name in [*people, *self.world.by_noun["politician"][-7:]]:
            self.world.state(name, "born_in", self._pick("town", 7))
            self.world.state(name, "born_year", self.world.born[name])

    def _structures(self) -> None:
        """Bridges stand in no town: its river would have to be the one crossed, a short cut."""
        world, rng = self.world, self.rng
        for _ in range(5):
            bridge = world.add(Thing(self.namer.titled("{} Bridge"), "bridge", prefix="the "))
            engineer = self._pick("engineer", 3)
            world.state(bridge, "crosses", self._pick("river", 3))
            world.state(bridge, "designed_by", engineer)
            world.state(bridge, "opened_in", self._year(engineer, 24, 55))
            world.state(bridge, "length_m", rng.randint(35, 980))
        for noun, pattern in (("theatre", "{} Theatre"), ("gallery", "{} Gallery")):
            house = world.add(Thing(self.namer.titled(pattern), noun, prefix="the "))
            engineer = self._pick("engineer", 3)
            world.state(house, "located_in", self._pick("town", 7))
            world.state(house, "designed_by", engineer)
            world.state(house, "opened_in", self._year(engineer, 24, 55))
            if noun == "theatre":
                world.state(house, "seats", rng.randint(180, 2400))

    def _organisations(self) -> None:
        world = self.world
        kinds = (("shipyard", "{} Yard"), ("newspaper", "{} Courant"), ("college", "{} College"))
        for noun, pattern in (*kinds, kinds[0]):
            prefix = "the " if noun == "newspaper" else ""
            firm = world.add(Thing(self.namer.titled(pattern), noun, prefix=prefix))
            founder = self._pick("manufacturer", 3)
            world.state(firm, "based_in", self._pick("town", 7))
            world.state(firm, "founded_by", founder)
            world.state(firm, "founded_in", self._year(founder, 22, 50))
        for trade in ("novelist", "engineer", "composer"):
            for name in world.by_noun[trade][-3:]:
                world.state(name, "employer", self._pick(self.rng.choice(kinds)[0], 1))

    def _works(self) -> None:
        kinds = (
            ("opera", "The Bells of {}", "composer", "theatre"),
            ("novel", "A Winter in {}", "novelist", ""),
            ("painting", "The Road to {}", "painter", "gallery"),
        )
        for noun, pattern, trade, house in (*kinds, *kinds):
            work = self.world.add(Thing(self.namer.titled(pattern), noun, prefix=f"the {noun} "))
            author = self._pick(trade, 3)
            self.world.state(work, "created_by", author)
            self.world.state(work, "finished_in", self._year(author, 22, 55))
            if house:
                self.world.state(work, "shown_in", self._pick(house, 1))

    def _ships(self) -> None:
        for _ in range(3):
            ship = self.world.add(Thing(self.namer.titled("{}"), "ship", prefix="the ship "))
            captain = self._pick("sea captain", 3)
            self.world.state(ship, "built_by", self._pick("shipyard", 2))
            self.world.state(ship, "captain", captain)
            self.world.state(ship, "launched_in", self._year(captain, 18, 40))

    def _groups(self, people: Sequence[str]) -> None:
        for relation, noun, pattern in (
            ("member", "society", "{} Society"),
            ("won_by", "prize", "{} Prize"),
            ("member", "society", "{} Circle"),
            ("won_by", "prize", "{} Medal"),
        ):
            group = self.world.add(Thing(self.namer.titled(pattern), noun, prefix="the "))
            self.world.state(group, "founded_in", self.rng.randint(1820, 1890))
            self.world.state(group, relation, *self.rng.sample(list(people), 5))
