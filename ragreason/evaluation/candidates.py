"""What a sweep compares: strategies, as the command line names them, at each budget."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ragreason import registry
from ragreason.errors import ConfigError, GraphError
from ragreason.graph.yaml import read_scalar


@dataclass(frozen=True)
class Candidate:
    """A strategy to sweep: its name, parameters that stay, and the graph's node that it is for
    (None: the only one that takes a strategy).
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    node: str | None = None

    @property
    def label(self) -> str:
        """As it was given: `beam:branching=4`, `solve=beam`."""
        given = ",".join(f"{name}={_plain(value)}" for name, value in self.parameters.items())
        node = f"{self.node}=" if self.node else ""
        return f"{node}{self.name}" + (f":{given}" if given else "")


@dataclass(frozen=True)
class Setting:
    """A strategy at one budget; `scales` is the parameter that the budget sets.

    Both are None for a strategy that no budget scales, such as greedy.
    """

    candidate: Candidate
    scales: str | None = None
    budget: int | None = None

    @property
    def name(self) -> str:
        """What folders and progress call it: `beam_branching=4-8`."""
        label = re.sub(r"[^\w.=,-]", "_", self.candidate.label)
        return label if self.budget is None else f"{label}-{self.budget}"

    @property
    def parameters(self) -> dict[str, Any]:
        """The candidate's, and the budget's."""
        scaled = {} if self.scales is None else {self.scales: self.budget}
        return {**self.candidate.parameters, **scaled}


def parse_candidate(text: str) -> Candidate:
    """`beam`, `beam:branching=4,max_depth=6`, or `NODE=beam` for one node of several.

    Values are read as YAML. Raises ConfigError for parameters that are not NAME=VALUE.
    """
    head, colon, tail = text.rpartition(":")
    if not colon or "=" not in tail:  # no parameters; a colon is that of "module:attr"
        head, tail = text, ""
    node, _, name = head.rpartition("=")
    pairs = [part.partition("=") for part in re.split(r",(?=\w+=)", tail)] if tail else []
    given = all(key.isidentifier() and value for key, _, value in pairs)
    if not name or name.endswith(":") or not given:
        raise ConfigError(f"--strategy {text}: expected NAME or NAME:PARAMETER=VALUE,...")
    try:
        parameters = {key: read_scalar(value) for key, _, value in pairs}
    except GraphError as error:
        raise ConfigError(f"--strategy {text}: {error.message}") from error
    return Candidate(name, parameters, node or None)


def parse_budgets(text: str) -> tuple[int, ...]:
    """`1,2,4,8` in ascending order, each once. Raises ConfigError for anything but such numbers."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise ConfigError(f"--budget {text}: expected whole numbers above 0, such as 1,2,4,8")
    return tuple(sorted({int(part) for part in parts}))


def all_settings(
    candidates: Sequence[Candidate], budgets: Sequence[int], allow_imports: Collection[str] = ()
) -> list[Setting]:
    """Each strategy at each budget; one that no budget scales once.

    Raises ConfigError for an unknown strategy, one given twice, and a parameter that is fixed
    although the budget is to set it.
    """
    labels = [candidate.label for candidate in candidates]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise ConfigError(f"--strategy {twice} is given twice")
    return [s for candidate in candidates for s in _settings(candidate, budgets, allow_imports)]


def _settings(
    candidate: Candidate, budgets: Sequence[int], allow_imports: Collection[str]
) -> Iterator[Setting]:
    cls = registry.load("strategies", candidate.name, allow_imports)
    scales: str | None = getattr(cls, "scales", None)
    if scales is None:
        yield Setting(candidate)
        return
    if scales in candidate.parameters:
        raise ConfigError(
            f"--strategy {candidate.label}: '{scales}' is what --budget sets; leave it"
        )
    for budget in budgets:
        yield Setting(candidate, scales, budget)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
