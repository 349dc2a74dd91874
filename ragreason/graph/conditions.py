"""State keys and the conditions on them: what a condition may ask of which key, and asking it.

condition                      asks
is: sufficient (or a label)    a verdict's label; on `evidence`, the label of `sufficiency`
is: empty / not_empty          a text, list, map, trajectory or answer; a missing key is empty
is: TEXT                       a text, for equality
equals: VALUE                  a text or number, for equality
at_least / at_most: NUMBER     a number, a verdict's score, how many entries, tokens of usage
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ragreason.errors import nearest
from ragreason.graph.definition import Condition
from ragreason.state import State
from ragreason.types import Answer, Label, Trajectory, Usage, Verdict

Shape = Literal["text", "number", "list", "map", "verdict", "value"]
LABELS: tuple[str, ...] = get_args(Label)
FILLED = ("empty", "not_empty")

INITIAL = frozenset(
    {
        "question",
        "seed",
        "evidence",
        "notes",
        "usage",
        "steps",
        "elapsed_s",
        "counts",
        "forced",
        "dropped",
    }
)
"""What `state.initial` fills in; a test keeps the two alike."""


@cache
def state_keys() -> Mapping[str, Any]:
    """The declared state keys and their types, reducers left out."""
    return get_type_hints(State)


def shape(annotation: Any) -> Shape:
    """What conditions see of a type."""
    kind = get_origin(annotation) or annotation
    if kind is Verdict:
        return "verdict"
    if kind in {Trajectory, Answer}:
        return "list"
    if kind is Usage or (isinstance(kind, type) and issubclass(kind, int | float)):
        return "number"
    if kind is str:
        return "text"
    if isinstance(kind, type) and issubclass(kind, list | tuple | set | frozenset):
        return "list"
    return "map" if kind is dict else "value"


def complaint(condition: Condition, keys: Mapping[str, Any]) -> str | None:
    """What is wrong with the condition, or None."""
    field = condition.field
    if field not in keys:
        near = nearest(field, keys)
        guess = f"; did you mean '{near}'?" if near else ";"
        return f"'{field}' is no state key{guess} known: {', '.join(sorted(keys))}"
    found = shape(keys[field])
    if condition.is_ is not None:
        return _wrong_word(condition.is_, field, found)
    if condition.equals is not None and found not in {"text", "number"}:
        return f"'{field}' can't be compared with equals: it is no text and no number"
    if condition.equals is None and found in {"text", "value"}:
        return f"'{field}' has no size: at_least and at_most need a number, list, map or verdict"
    return None


def _wrong_word(word: str, field: str, found: Shape) -> str | None:
    if found == "text" or (word in FILLED and found in {"list", "map"}):
        return None
    known: tuple[str, ...] = FILLED if found in {"list", "map"} else ()
    known += LABELS if found == "verdict" or field == "evidence" else ()
    if word in known:
        return None
    near = nearest(word, known)
    guess = f"; did you mean '{near}'?" if near else ""
    return f"'{field}' can't be '{word}'; expected one of {', '.join(known) or 'nothing'}{guess}"


def holds(condition: Condition, state: Mapping[str, Any]) -> bool:
    """Whether the condition is true of the state. A key that was never written is empty."""
    value = state.get(condition.field)
    if condition.is_ is not None:
        return _is(condition.is_, condition.field, value, state)
    if condition.equals is not None:
        return _same(value, condition.equals)
    size = measure(value)
    if size is None:
        return False
    if condition.at_least is not None:
        return size >= condition.at_least
    return condition.at_most is not None and size <= condition.at_most


def _is(word: str, field: str, value: Any, state: Mapping[str, Any]) -> bool:
    if word in FILLED and not isinstance(value, Verdict):
        return is_empty(value) == (word == "empty")
    verdict = state.get("sufficiency") if field == "evidence" else value
    return verdict.label == word if isinstance(verdict, Verdict) else verdict == word


def _same(value: Any, wanted: Any) -> bool:
    """Equality that tells True from 1."""
    return isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)


_EMPTY: Mapping[type, Callable[[Any], bool]] = {
    Trajectory: lambda t: not t.steps,
    Answer: lambda a: a.abstained or not a.text,
}


def is_empty(value: Any) -> bool:
    """Whether there is nothing in it; an abstained answer is empty."""
    test = _EMPTY.get(type(value))
    return test(value) if test else not value


def measure(value: Any) -> float | None:
    """A number's value, a verdict's score, usage's tokens, or how many entries; None for none."""
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, Verdict):
        return value.score
    if isinstance(value, Usage):
        return float(value.tokens)
    if isinstance(value, Trajectory):
        return float(len(value.steps))
    return float(len(value)) if isinstance(value, list | tuple | dict) else None
