"""Places for a small directed graph: layers from top to bottom, few crossings, room for labels.

The classic four steps: turn back edges round, put nodes on layers by their longest path, order the
layers by barycentres, then move everything towards the middle of its neighbours. Labels are laid
out as if they were nodes, so they never cover anything. Deterministic; meant for tens of nodes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

GAP_X = 36.0
GAP_Y = 20.0
_SWEEPS = 24


@dataclass(frozen=True)
class Box:
    """Size of a node or label, in pixels."""

    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """An edge to be laid out. `label` is its label's size, zero without one."""

    source: str
    target: str
    label: Box = Box(0, 0)


@dataclass
class Cell:
    """A node, or the place where an edge crosses a layer. `x` and `y` are its centre."""

    box: Box
    x: float = 0.0
    y: float = 0.0
    above: list["Cell"] = field(default_factory=list)
    below: list["Cell"] = field(default_factory=list)


@dataclass(frozen=True)
class Layout:
    """Centres of nodes; for each line (by position) the cells that it passes, both ends included,
    from top to bottom. `backward` lines run upwards; one from a node to itself passes nothing.
    """

    nodes: Mapping[str, Cell]
    routes: Sequence[Sequence[Cell]]
    backward: frozenset[int]
    width: float
    height: float


def lay_out(boxes: Mapping[str, Box], lines: Sequence[Line]) -> Layout:
    """Positions with the origin at the top left. The first box is the root."""
    backward = _backward(list(boxes), lines)
    downward = [_turned(line) if i in backward else line for i, line in enumerate(lines)]
    ranks = _ranks(list(boxes), downward)
    nodes = {name: Cell(box) for name, box in boxes.items()}
    layers: list[list[Cell]] = [[] for _ in range(2 * max(ranks.values()) + 1)]
    for name, cell in nodes.items():
        layers[2 * ranks[name]].append(cell)
    routes = [_route(line, nodes, ranks, layers) for line in downward]
    _order(layers)
    width = _place_x(layers)
    return Layout(nodes, routes, frozenset(backward), width, _place_y(layers))


def _turned(line: Line) -> Line:
    return Line(line.target, line.source, line.label)


def _backward(names: Sequence[str], lines: Sequence[Line]) -> set[int]:
    """Lines that close a loop in a depth-first walk from the first node."""
    found: set[int] = set()
    state: dict[str, str] = {}

    def visit(node: str) -> None:
        state[node] = "open"
        for i, line in enumerate(lines):
            if line.source != node:
                continue
            if state.get(line.target) == "open":
                found.add(i)
            elif line.target not in state:
                visit(line.target)
        state[node] = "done"

    for name in names:
        if name not in state:
            visit(name)
    return found


def _ranks(names: Sequence[str], lines: Sequence[Line]) -> dict[str, int]:
    """Longest path from a node that nothing leads to."""
    ranks = dict.fromkeys(names, 0)
    for _ in names:
        for line in lines:
            if line.source == line.target:
                continue
            ranks[line.target] = max(ranks[line.target], ranks[line.source] + 1)
    return ranks


def _route(
    line: Line, nodes: Mapping[str, Cell], ranks: Mapping[str, int], layers: list[list[Cell]]
) -> list[Cell]:
    ends = (nodes[line.source], nodes[line.target])
    if ends[0] is ends[1]:
        return list(ends)
    first, last = 2 * ranks[line.source] + 1, 2 * ranks[line.target]
    passed = [Cell(line.label if layer == first else Box(0, 0)) for layer in range(first, last)]
    for layer, cell in enumerate(passed, start=first):
        layers[layer].append(cell)
    chain = [ends[0], *passed, ends[1]]
    for upper, lower in pairwise(chain):
        upper.below.append(lower)
        lower.above.append(upper)
    return chain


def _order(layers: list[list[Cell]]) -> None:
    """Sort each layer by the mean place of its neighbours, downwards and upwards in turn."""
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            places = {id(c): i for around in layers for i, c in enumerate(around)}

            def mean(cell: Cell, down: bool = down, places: dict[int, int] = places) -> float:
                near = cell.above if down else cell.below
                if not near:
                    return float(places[id(cell)])
                return sum(places[id(c)] for c in near) / len(near)

            layer.sort(key=mean)


def _place_x(layers: list[list[Cell]]) -> float:
    for layer in layers:
        _spread(layer, [0.0 for _ in layer])
    for sweep in range(6 * _SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            _spread(layer, [_wanted_x(cell, sweep, down) for cell in layer])
    cells = [cell for layer in layers for cell in layer]
    left = min(c.x - c.box.width / 2 for c in cells)
    for cell in cells:
        cell.x -= left
    return max(c.x + c.box.width / 2 for c in cells)


def _wanted_x(cell: Cell, sweep: int, down: bool) -> float:
    """The mean of the neighbours on one side; in the later sweeps of both, which smooths lines."""
    near = (cell.above if down else cell.below) or cell.above or cell.below
    if sweep >= _SWEEPS and cell.above and cell.below:
        up, low = (sum(c.x for c in side) / len(side) for side in (cell.above, cell.below))
        return (up + low) / 2
    return sum(c.x for c in near) / len(near) if near else cell.x


def _spread(layer: Sequence[Cell], wanted: Sequence[float]) -> None:
    """Put cells at the wanted centres, then push overlapping neighbours apart evenly.

    Cells that touch form blocks, and a block sits at the mean of what its cells want.
    """
    blocks: list[tuple[list[Cell], list[float]]] = []
    for cell, x in zip(layer, wanted, strict=True):
        blocks.append(([cell], [x]))
        while len(blocks) > 1 and _overlap(blocks[-2], blocks[-1]):
            cells, xs = blocks.pop()
            blocks[-1][0].extend(cells)
            blocks[-1][1].extend(xs)
    for block in blocks:
        for cell, offset in zip(block[0], _offsets(block[0]), strict=True):
            cell.x = _start(block) + offset


def _offsets(cells: Sequence[Cell]) -> list[float]:
    """Centres of touching cells, from the first one's."""
    found = [0.0]
    for left, right in pairwise(cells):
        found.append(found[-1] + (left.box.width + right.box.width) / 2 + GAP_X)
    return found


def _start(block: tuple[list[Cell], list[float]]) -> float:
    cells, wanted = block
    gaps = [x - offset for x, offset in zip(wanted, _offsets(cells), strict=True)]
    return sum(gaps) / len(gaps)


def _overlap(left: tuple[list[Cell], list[float]], right: tuple[list[Cell], list[float]]) -> bool:
    end = _start(left) + _offsets(left[0])[-1] + left[0][-1].box.width / 2
    return end + GAP_X > _start(right) - right[0][0].box.width / 2


def _place_y(layers: list[list[Cell]]) -> float:
    y = 0.0
    for i, layer in enumerate(layers):
        height = max((cell.box.height for cell in layer), default=0.0)
        for cell in layer:
            cell.y = y + height / 2
        y += height + (GAP_Y if i < len(layers) - 1 else 0.0)
    return y
