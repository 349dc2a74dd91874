"""How each relation is said: in documents, in noun phrases, and in questions.

In sentences, `{S}` is the subject at the head of a sentence (its name, a pronoun, or "the bridge"),
`{P}` the same as a possessive, `{s}` the subject elsewhere (never a pronoun), `{o}` the object, and
`{O}` the object at the head. In the other wordings `{s}` and `{o}` are whole noun phrases, and
`{k}` is the subject's noun.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Comparable:
    """Words for comparing two numbers: for the greater one first, then for the lesser one.

    `adjectives` make "the longer of A and B"; `which` and `claim` take `{word}`, one of `words`.
    """

    adjectives: tuple[str, str]
    words: tuple[str, str]
    which: str
    claim: str


@dataclass(frozen=True)
class Relation:
    """The wordings of one relation; what is empty can't be said.

    `sentences` state it. `nouns` make a phrase for its object and `asks` ask for it; `inverse`
    makes a phrase for its subject and `inverse_ask` asks for it; `clause` is what "who" or "which"
    takes to describe the subject (of `member` and `won_by`, to describe a person, `{o}` the group).
    """

    sentences: tuple[str, ...]
    nouns: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    inverse: str = ""
    inverse_ask: str = ""
    clause: str = ""
    comparable: Comparable | None = None


def _measure(more: str, less: str) -> Comparable:
    words = (more, less)
    return Comparable(words, words, "Which is {word}, {a} or {b}?", "Is {a} {word} than {b}?")


def _dated(past: str, plain: str) -> Comparable:
    """For years: the greater year is the later one, so the younger thing."""
    which, claim = (
        f"Which {past} {{word}}, {{a}} or {{b}}?",
        f"Did {{a}} {plain} {{word}} than {{b}}?",
    )
    return Comparable(("newer", "older"), ("later", "earlier"), which, claim)


RELATIONS: Final[Mapping[str, Relation]] = {
    "on_river": Relation(
        (
            "{S} lies on {o}.",
            "{S} stands on the banks of {o}.",
            "{O} flows through {s}.",
            "{S} grew up around a crossing of {o}.",
        ),
        nouns=(
            "the river that flows through {s}",
            "the river that runs through {s}",
        ),
        asks=(
            "Which river flows through {s}?",
            "On which river does {s} lie?",
        ),
        clause="lies on {o}",
    ),
    "mayor": Relation(
        (
            "{P} mayor is {o}.",
            "The mayor of {s} is {o}.",
            "{S} has {o} as its mayor.",
            "{O} is the mayor of {s}.",
        ),
        nouns=("the mayor of {s}",),
        asks=("Who is the mayor of {s}?",),
        inverse="the town whose mayor is {o}",
        inverse_ask="Which town's mayor is {o}?",
    ),
    "twin_town": Relation(
        (
            "{S} is twinned with {o}.",
            "{P} twin town is {o}.",
            "{O} is the twin town of {s}.",
        ),
        nouns=(
            "the town that is twinned with {s}",
            "the twin town of {s}",
        ),
        asks=(
            "Which town is twinned with {s}?",
            "With which town is {s} twinned?",
        ),
    ),
    "population": Relation(
        (
            "{S} has {o} inhabitants.",
            "{P} population is {o}.",
            "In all, {o} people live in {s}.",
            "{S} counted {o} residents at the last census.",
        ),
        asks=(
            "What is the population of {s}?",
            "How many people live in {s}?",
        ),
        comparable=_measure("more populous", "less populous"),
    ),
    "elevation_m": Relation(
        (
            "{S} lies {o} metres above sea level.",
            "{P} elevation is {o} metres above the sea.",
            "The market square of {s} is {o} metres above sea level.",
        ),
        asks=(
            "What is the elevation in metres of {s}?",
            "How many metres above sea level does {s} lie?",
        ),
        comparable=Comparable(
            ("higher-lying", "lower-lying"),
            ("higher", "lower"),
            "Which lies {word} above the sea, {a} or {b}?",
            "Does {a} lie {word} above the sea than {b}?",
        ),
    ),
    "length_km": Relation(
        (
            "{S} is {o} kilometres long.",
            "{P} length is {o} kilometres.",
            "From source to mouth {s} measures {o} kilometres.",
            "{S} runs for {o} kilometres.",
        ),
        asks=(
            "How many kilometres long is {s}?",
            "What is the length in kilometres of {s}?",
        ),
        comparable=_measure("longer", "shorter"),
    ),
    "rises_on": Relation(
        (
            "{S} rises on {o}.",
            "{P} source lies on {o}.",
            "The springs of {s} are on {o}.",
        ),
        nouns=(
            "the mountain that gives rise to {s}",
            "the mountain at the source of {s}",
        ),
        asks=(
            "On which mountain is the source of {s}?",
            "On which mountain does {s} rise?",
        ),
        inverse="the river that rises on {o}",
        inverse_ask="Which river rises on {o}?",
        clause="rises on {o}",
    ),
    "height_m": Relation(
        (
            "{S} is {o} metres high.",
            "{P} height is {o} metres.",
            "The summit of {s} stands at {o} metres.",
        ),
        asks=(
            "How many metres high is {s}?",
            "What is the height in metres of {s}?",
        ),
        comparable=_measure("higher", "lower"),
    ),
    "first_climbed_by": Relation(
        (
            "{O} was the first to climb {s}.",
            "{S} was first climbed by {o}.",
            "The first ascent of {s} was made by {o}.",
        ),
        ("the first person to climb {s}", "the climber who made the first ascent of {s}"),
        ("Who was the first to climb {s}?", "Who made the first ascent of {s}?"),
        "the mountain first climbed by {o}",
        "Which mountain was first climbed by {o}?",
    ),
    "first_climbed_in": Relation(
        (
            "The first ascent of {s} dates from {o}.",
            "Nobody reached the top before {o}.",
            "{P} summit was first reached in {o}.",
        ),
        asks=(
            "In which year was {s} first climbed?",
            "What was the year of the first ascent of {s}?",
        ),
    ),
    "crosses": Relation(
        (
            "{S} crosses {o}.",
            "{S} spans {o}.",
            "{S} carries the road over {o}.",
        ),
        nouns=(
            "the river that is crossed by {s}",
            "the river under {s}",
        ),
        asks=(
            "Which river is crossed by {s}?",
            "Which river does {s} cross?",
        ),
        clause="crosses {o}",
    ),
    "located_in": Relation(
        (
            "{S} stands in {o}.",
            "{S} is to be found in {o}.",
            "{S} is one of the sights of {o}.",
        ),
        nouns=("the town that is home to {s}",),
        asks=(
            "Which town is home to {s}?",
            "In which town does {s} stand?",
        ),
        clause="stands in {o}",
    ),
    "designed_by": Relation(
        (
            "{S} was designed by {o}.",
            "{P} designer was {o}.",
            "{O} drew the plans for {s}.",
            "The design of {s} is the work of {o}.",
        ),
        ("the designer of {s}", "the person who designed {s}"),
        ("Who designed {s}?",),
        "the {k} designed by {o}",
        "Which {k} was designed by {o}?",
        "was designed by {o}",
    ),
    "opened_in": Relation(
        (
            "{S} was opened in {o}.",
            "{S} opened in {o}.",
            "The opening of {s} took place in {o}.",
        ),
        asks=(
            "In which year did {s} open?",
            "What was the opening year of {s}?",
        ),
        comparable=_dated("opened", "open"),
    ),
    "length_m": Relation(
        ("{S} is {o} metres long.", "{P} length is {o} metres.", "{S} has a length of {o} metres."),
        asks=("How many metres long is {s}?",),
        comparable=_measure("longer", "shorter"),
    ),
    "seats": Relation(
        (
            "{S} seats {o}.",
            "There are {o} seats in {s}.",
            "{S} holds an audience of {o}.",
        ),
        asks=(
            "How many seats are there in {s}?",
            "How many seats does {s} have?",
        ),
    ),
    "born_in": Relation(
        (
            "{S} was born in {o}.",
            "{P} birthplace was {o}.",
            "{S} came into the world in {o}.",
        ),
        nouns=(
            "the birthplace of {s}",
            "the native town of {s}",
        ),
        asks=(
            "In which town was {s} born?",
            "Where was {s} born?",
            "Which town was the birthplace of {s}?",
        ),
        clause="was born in {o}",
    ),
    "born_year": Relation(
        (
            "The birth of {s} fell in the year {o}.",
            "{P} year of birth was {o}.",
            "{S} was born in {o}.",
        ),
        asks=(
            "In which year was {s} born?",
            "What was the year of birth of {s}?",
        ),
        comparable=Comparable(
            ("younger", "older"),
            ("later", "earlier"),
            "Who was born {word}, {a} or {b}?",
            "Was {a} born {word} than {b}?",
        ),
    ),
    "spouse": Relation(
        (
            "{S} was married to {o}.",
            "{S} married {o}.",
            "{P} marriage to {o} was a happy one.",
        ),
        nouns=(
            "the spouse of {s}",
            "the person who was married to {s}",
        ),
        asks=(
            "To whom was {s} married?",
            "Who was the spouse of {s}?",
        ),
    ),
    "pupil_of": Relation(
        ("{S} was a pupil of {o}.", "{P} teacher was {o}.", "{S} learned the trade from {o}."),
        ("the teacher of {s}",),
        ("Who was the teacher of {s}?", "Who taught {s}?"),
        "the pupil of {o}",
        "Who was a pupil of {o}?",
        "was a pupil of {o}",
    ),
    "employer": Relation(
        (
            "{S} worked for {o}.",
            "{P} employer was {o}.",
            "{S} was for years employed by {o}.",
        ),
        nouns=("the employer of {s}",),
        asks=(
            "Who was the employer of {s}?",
            "For whom did {s} work?",
        ),
        clause="worked for {o}",
    ),
    "based_in": Relation(
        (
            "{S} is based in {o}.",
            "{P} seat is in {o}.",
            "{S} has always been at home in {o}.",
        ),
        nouns=(
            "the home town of {s}",
            "the town that is the seat of {s}",
        ),
        asks=(
            "Which town is the seat of {s}?",
            "In which town is {s} based?",
        ),
        clause="is based in {o}",
    ),
    "founded_by": Relation(
        (
            "{S} was founded by {o}.",
            "{P} founder was {o}.",
            "{O} founded {s}.",
            "{S} owes its existence to its founder, {o}.",
        ),
        ("the founder of {s}", "the person who founded {s}"),
        ("Who founded {s}?", "Who was the founder of {s}?"),
        "the {k} founded by {o}",
        "Which {k} was founded by {o}?",
        "was founded by {o}",
    ),
    "founded_in": Relation(
        (
            "{S} was founded in {o}.",
            "{S} dates from {o}.",
            "The founding of {s} fell in {o}.",
        ),
        asks=(
            "In which year was {s} founded?",
            "What was the founding year of {s}?",
        ),
        comparable=Comparable(
            ("newer", "older"),
            ("later", "earlier"),
            "Which was founded {word}, {a} or {b}?",
            "Was {a} founded {word} than {b}?",
        ),
    ),
    "created_by": Relation(
        ("{S} is a work by {o}.", "{P} author is {o}.", "{O} created {s}."),
        ("the author of {s}", "the person who created {s}"),
        ("Who is the author of {s}?", "Who created {s}?"),
        "the {k} created by {o}",
        "Which {k} was created by {o}?",
        "was created by {o}",
    ),
    "shown_in": Relation(
        (
            "{S} was first shown in {o}.",
            "{P} first showing was in {o}.",
            "{O} was the first to show {s}.",
        ),
        nouns=("the house that first showed {s}",),
        asks=(
            "Which house was the first to show {s}?",
            "Where was {s} first shown?",
        ),
        clause="was first shown in {o}",
    ),
    "finished_in": Relation(
        (
            "{S} was finished in {o}.",
            "{P} completion fell in {o}.",
            "Work on {s} ended in {o}.",
        ),
        asks=(
            "In which year was {s} finished?",
            "What was the year of completion of {s}?",
        ),
        comparable=Comparable(
            ("newer", "older"),
            ("later", "earlier"),
            "Which was finished {word}, {a} or {b}?",
            "Was {a} finished {word} than {b}?",
        ),
    ),
    "built_by": Relation(
        ("{S} was built by {o}.", "{P} builder was {o}.", "{O} built {s}."),
        ("the shipyard that built {s}", "the builder of {s}"),
        ("Which shipyard built {s}?",),
        clause="was built by {o}",
    ),
    "captain": Relation(
        (
            "{P} captain was {o}.",
            "{S} sailed under {o}, its only captain.",
            "{O} was the captain of {s}.",
        ),
        nouns=("the captain of {s}",),
        asks=("Who was the captain of {s}?",),
        inverse="the ship whose captain was {o}",
        inverse_ask="Which ship's captain was {o}?",
        clause="sailed under {o}",
    ),
    "launched_in": Relation(
        (
            "{S} was launched in {o}.",
            "The launch of {s} took place in {o}.",
            "{S} went to sea in {o}.",
        ),
        asks=(
            "In which year was {s} launched?",
            "What was the launching year of {s}?",
        ),
        comparable=Comparable(
            ("newer", "older"),
            ("later", "earlier"),
            "Which was launched {word}, {a} or {b}?",
            "Was {a} launched {word} than {b}?",
        ),
    ),
    "member": Relation(
        (
            "{P} members included {o}.",
            "Among the members of {s} were {o}.",
            "{O} were members of {s}.",
        ),
        clause="was a member of {o}",
    ),
    "won_by": Relation(
        ("{S} was won by {o}.", "{P} winners include {o}.", "{O} have won {s}."),
        clause="won {o}",
    ),
}
"""By name. `member` and `won_by` hold between a group and several people."""
