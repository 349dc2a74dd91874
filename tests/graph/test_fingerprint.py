"""What results depend on beside file, model and index."""

from pathlib import Path

from ragreason.experience import Solved, Store
from ragreason.generation.scripted import Scripted
from ragreason.graph.fingerprint import fingerprints
from ragreason.graph.library import read_nested
from ragreason.runner import open_runner

OUTER = """
version: 1
name: outer
paradigm: baseline
nodes:
  solve:  {use: graph, graph: experience}
edges: [[START, solve], [solve, END]]
"""


def test_a_graph_that_recalls_has_the_store_s_hash_inside_others_too(tmp_path: Path) -> None:
    path = tmp_path / "outer.yaml"
    path.write_text(OUTER, encoding="utf-8")
    (own,) = fingerprints(read_nested("experience")).items()
    (nested,) = fingerprints(read_nested(path)).items()
    assert own[0] == "recall"
    assert nested == ("solve.recall", own[1])
    assert fingerprints(read_nested("naive_rag")) == {}


async def test_a_run_s_identity_changes_as_the_store_grows(tmp_path: Path, index_dir: Path) -> None:
    def identity() -> dict[str, str]:
        change = f"recall.store={tmp_path}"
        runner = open_runner(
            "experience", model=Scripted(), index=index_dir, overrides=[change], retriever="bm25"
        )
        return runner.describe()

    before = identity()
    assert before == identity()
    Store(tmp_path).add([Solved(question="Who?", answer="Edda")])
    assert identity() != before
    assert {key for key, value in identity().items() if value != before[key]} == {"node.recall"}
