"""Writes a thing's document: every fact about it, in varied words and order, and some that matters
to no question.
"""

import re
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from ragreason.worlds.populate import Population, Thing
from ragreason.worlds.relations import RELATIONS
from ragreason.worlds.world import Document

_POSSESSIVE: Final = {"it": "its", "she": "her", "he": "his"}

_FILLERS: Final[Mapping[str, Sequence[str]]] = {
    "person": (
        "{S} rose before dawn and wrote letters until noon.",
        "A street and a rose bear the name of {s}.",
        "Of the two portraits of {s}, neither is thought to be a good likeness.",
        "{S} kept a diary in cipher, which has been read only in part.",
        "{S} was fond of long walks and of gooseberry pie.",
        "The letters of {s} fill eleven boxes.",
        "Visitors found {s} shy at first and talkative afterwards.",
    ),
    "politician": (
        "{S} entered the council after a dispute about a footpath.",
        "Before going into politics {s} repaired bicycles.",
        "{S} plays the bassoon in an amateur orchestra.",
        "The speeches of {s} are short and rarely interrupted.",
        "{S} keeps bees on the roof of the town hall.",
    ),
    "town": (
        "The houses of {s} have blue doors.",
        "A fair for wool and cheese is held in {s} every autumn.",
        "Basket makers and coopers once worked in every lane of {s}.",
        "{S} is known for its smoked fish.",
        "A fire destroyed the old market hall.",
    ),
    "land": (
        "Otters and herons are often seen here.",
        "Painters have come for the light since old times.",
        "Snow stays late in the hollows.",
        "{S} appears on the oldest maps under another spelling.",
        "The path along the northern side is steep.",
    ),
    "building": (
        "{S} was repaired after a winter of storms.",
        "Swifts nest under the eaves of {s}.",
        "The green sandstone of {s} came from a quarry nearby.",
        "A plaque at the entrance names the workmen.",
        "{S} is lit by lanterns on feast days.",
    ),
    "work": (
        "The first critics were divided about {s}.",
        "{S} tells of two families who share one staircase.",
        "An early draft of {s} was lost on a train.",
        "{S} is now counted among the best of its kind.",
        "Schoolchildren know parts of {s} by heart.",
    ),
    "ship": (
        "A goat was kept on deck for milk.",
        "The figurehead of {s} was a heron with spread wings.",
        "{S} carried wool on the way out and sugar on the way home.",
        "The ship's bell hangs in a tavern today.",
    ),
    "group": (
        "{S} has its own song, which nobody sings to the end.",
        "The archive of {s} is open to readers on Thursdays.",
        "A silver feather is the badge of {s}.",
        "Twice {s} was thought to be at an end, and twice it was not.",
        "The minutes of {s} have been published.",
    ),
}
_ADJECTIVES: Final[Mapping[str, Sequence[str]]] = {
    "bridge": ("stone", "iron", "timber", "narrow"),
    "town": ("quiet", "walled", "busy", "market"),
    "river": ("slow", "clear", "winding"),
    "mountain": ("bare", "steep", "lonely"),
    "politician": ("well-known", "local"),
    "person": ("celebrated", "self-taught", "tireless", "much-travelled"),
    "work": ("famous", "long", "late"),
}
_FILLER_OF: Final = {
    **dict.fromkeys(("town", "politician", "ship"), ""),
    **dict.fromkeys(("river", "mountain"), "land"),
    **dict.fromkeys(("bridge", "theatre", "gallery"), "building"),
    **dict.fromkeys(("opera", "novel", "painting"), "work"),
    **dict.fromkeys(("shipyard", "newspaper", "college", "society", "prize"), "group"),
}


def write_document(name: str, world: Population, rng: Random) -> Document:
    """The document of a thing; its text states all of the thing's facts and no others."""
    thing = world.things[name]
    sentences = [_opening(thing, rng)]
    before: Thing | None = None
    for template, objects in _ordered(thing, world, rng):
        sentences.append(_say(template, thing, before, [_said(o, world) for o in objects], rng))
        before = world.things.get(objects[-1]) if objects else None
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return Document(id=slug, title=name, text=" ".join(sentences), facts=tuple(world.facts[name]))


def _opening(thing: Thing, rng: Random) -> str:
    past = thing.noun == "ship" or (thing.is_person and thing.noun != "politician")
    adjectives = _ADJECTIVES.get(thing.noun) or _ADJECTIVES.get(_family(thing), ())
    kind = " ".join((*rng.sample(adjectives, min(1, len(adjectives))), thing.noun))
    article = "an" if kind[0] in "aeiou" else "a"
    return f"{_head(thing.short)} {'was' if past else 'is'} {article} {kind}."


def _family(thing: Thing) -> str:
    return _FILLER_OF.get(thing.noun, "person") or thing.noun


def _ordered(thing: Thing, world: Population, rng: Random) -> list[tuple[str, tuple[str, ...]]]:
    """Sentence templates with their objects, shuffled; one or two fillers among them, not first."""
    stated: dict[str, list[str]] = {}
    for fact in world.facts[thing.name]:
        if fact.relation != "is_a":
            stated.setdefault(fact.relation, []).append(fact.object)
    plan = [(rng.choice(RELATIONS[r].sentences), tuple(o)) for r, o in stated.items()]
    rng.shuffle(plan)
    fillers = _FILLERS[_family(thing)]
    for filler in rng.sample(fillers, rng.randint(1, 2)):
        plan.insert(rng.randint(1, len(plan)), (filler, ()))
    return plan


def _say(
    template: str, thing: Thing, before: Thing | None, objects: Sequence[str], rng: Random
) -> str:
    """One sentence. A pronoun is used only where nothing but the thing itself was spoken of."""
    choices = [thing.short]
    if before is None:
        choices += [""] * 3  # the pronoun
    if before is None or before.noun != thing.noun:
        choices.append(f"the {thing.noun}")
    subject = rng.choice(choices)
    other = _listed(objects)
    return template.format(
        S=_head(subject or thing.pronoun),
        P=_head(_possessive(subject) if subject else _POSSESSIVE[thing.pronoun]),
        s=subject or thing.short,
        o=other,
        O=_head(other),
    )


def _said(value: str, world: Population) -> str:
    """An object as running text says it: things by their reference, numbers as they are."""
    return world.things[value].short if value in world.things else value


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _possessive(name: str) -> str:
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def _head(text: str) -> str:
    """With a capital, as at the head of a sentence."""
    return text[:1].upper() + text[1:]
