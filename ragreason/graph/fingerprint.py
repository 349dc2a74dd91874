"""What a graph's results depend on beside its file, model and index."""

from collections.abc import Collection

from ragreason import registry
from ragreason.graph.nested import Nested


def fingerprints(nested: Nested, allow_imports: Collection[str] = ()) -> dict[str, str]:
    """Node to hash, for each node whose class has a `fingerprint(parameters)`.

    Nodes of inner graphs are named by their path: "solve.recall".
    """
    found: dict[str, str] = {}
    for name, spec in nested.definition.nodes.items():
        cls = registry.load("nodes", spec.use, allow_imports)
        if hasattr(cls, "fingerprint"):
            found[name] = cls.fingerprint(spec.parameters)
    for place, inner in nested.inner.items():
        for name, print_ in fingerprints(inner, allow_imports).items():
            found[f"{place[1]}.{name}"] = print_
    return found
