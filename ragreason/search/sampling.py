"""Independent samples: what majority vote, best-of-N and weighted best-of-N have in common."""

from ragreason.search.rank import open_leaves
from ragreason.tree import ROOT, Expand, Tree


def widen(tree: Tree, n: int, max_depth: int) -> Expand | None:
    """The next step of `n` independent trajectories; None when each has ended.

    The root gets as many branches as are lacking, so a tree that holds fewer samples is topped up.
    A branch that failed or reached `max_depth` is not replaced.
    """
    lacking = n - tree.asked.get(ROOT, 0)
    root = ((ROOT, lacking),) if lacking > 0 else ()
    nodes = (*root, *((leaf, 1) for leaf in open_leaves(tree, max_depth)))
    return Expand(nodes) if nodes else None
