"""The ways through a graph that its difficulty nodes choose between, each as overrides."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ragreason.errors import ConfigError
from ragreason.graph.definition import START, Condition, Definition, Edge

DIFFICULTY = "difficulty"
Test = tuple[str, float]
"""`at_most` or `at_least`, and the limit."""


@dataclass(frozen=True)
class Fork:
    """A difficulty node's edges: `tests[i]` leads to `targets[i]`, none of them to the last target.

    The first test that holds decides.
    """

    node: str
    targets: tuple[str, ...]
    tests: tuple[Test, ...]

    def forced(self, way: int) -> list[str]:
        """`--set` texts by which the run always takes this way."""
        return [
            f"{self._limit(i)}={2 if (i == way) == (kind == 'at_most') else -1}"
            for i, (kind, _) in enumerate(self.tests)
        ]

    def with_limits(self, limits: Sequence[float]) -> "Fork":
        """The same ways, chosen by other limits."""
        tests = tuple((kind, at) for (kind, _), at in zip(self.tests, limits, strict=True))
        return Fork(self.node, self.targets, tests)

    def way(self, difficulty: float) -> int:
        """Which way a question of this difficulty takes."""
        for i, (kind, limit) in enumerate(self.tests):
            if difficulty <= limit if kind == "at_most" else difficulty >= limit:
                return i
        return len(self.tests)

    def _limit(self, i: int) -> str:
        return f"{self.node}->{self.targets[i]}.when.{self.tests[i][0]}"


@dataclass(frozen=True)
class Route:
    """A way through the graph: each fork on it with the way taken there, in order."""

    name: str
    choices: Mapping[str, int] = field(hash=False)


def find_forks(definition: Definition) -> dict[str, Fork]:
    """Node to fork, of every difficulty node that decides. Raises ConfigError for a graph without
    one, and for edges that can't be told apart.
    """
    found = {}
    for node, spec in definition.nodes.items():
        edges = definition.edges_from(node)
        tested = [edge for edge in edges if edge.when is not None]
        if spec.use == DIFFICULTY and tested:
            found[node] = _fork(node, tested, [e for e in edges if e.when is None])
    if not found:
        raise ConfigError(
            f"graph '{definition.name}' has nothing to calibrate: no node with 'use: difficulty' "
            "has edges that test difficulty; `ragreason graph show adaptive` shows one that has"
        )
    return found


def _fork(node: str, tested: Sequence[Edge], others: Sequence[Edge]) -> Fork:
    targets = tuple(edge.to for edge in (*tested, *others))
    if len(others) != 1 or len(set(targets)) < len(targets):
        raise ConfigError(
            f"node '{node}' leads to {', '.join(targets)}; to be calibrated it needs one edge with "
            "otherwise: true, and another target for each edge"
        )
    return Fork(node, targets, tuple(_test(node, edge.when) for edge in tested if edge.when))


def _test(node: str, condition: Condition) -> Test:
    if condition.field == DIFFICULTY and condition.at_most is not None:
        return "at_most", condition.at_most
    if condition.field == DIFFICULTY and condition.at_least is not None:
        return "at_least", condition.at_least
    raise ConfigError(
        f"an edge of node '{node}' tests '{condition.field}'; expected at_most or at_least on "
        "difficulty for each of its edges"
    )


def all_routes(definition: Definition, forks: Mapping[str, Fork]) -> list[Route]:
    """Every combination of ways that a run can take."""
    routes = []
    for choices in _choices(definition, forks, {}):
        named = (f"{node}={forks[node].targets[way]}" for node, way in choices.items())
        routes.append(Route(",".join(named), choices))
    return routes


def _choices(
    definition: Definition, forks: Mapping[str, Fork], taken: Mapping[str, int]
) -> Iterator[Mapping[str, int]]:
    fork = _next_fork(definition, forks, taken)
    if fork is None:
        yield taken
        return
    for way in range(len(fork.targets)):
        yield from _choices(definition, forks, {**taken, fork.node: way})


def _next_fork(
    definition: Definition, forks: Mapping[str, Fork], taken: Mapping[str, int]
) -> Fork | None:
    """The first fork that is reached and not decided yet; None where all are."""
    queue, seen = [START], {START}
    for node in queue:
        if node in forks and node not in taken:
            return forks[node]
        ahead = [t for edge in definition.edges_from(node) for t in edge.targets]
        if node in taken:
            ahead = [forks[node].targets[taken[node]]]
        new = [target for target in dict.fromkeys(ahead) if target not in seen]
        seen.update(new)
        queue += new
    return None


def overrides_of(route: Route, forks: Mapping[str, Fork]) -> list[str]:
    """`--set` texts by which a run takes this route, whatever the question."""
    return [text for node, way in route.choices.items() for text in forks[node].forced(way)]
