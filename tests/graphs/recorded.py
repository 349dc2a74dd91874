"""Every shipped graph on one question of the sample corpus, with replies that a model gave once.

    python -m tests.graphs.recorded [GRAPH]...

records replies of the default model anew, after a prompt or a graph has changed: of the named
graphs, by default of all. A graph's file in `recorded/` is a recording of `generation.replay`;
beside it `courses.json` keeps what was seen: the course in words, and the answer. Embeddings are
hashed, so that searches find the same passages on every machine. Look at what changed.
"""

import asyncio
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.generation.open import open_engine
from ragreason.generation.replay import Replay
from ragreason.graph.bind import Parts
from ragreason.graph.library import shipped_graphs
from ragreason.graph.load import load_graph
from ragreason.index.folder import open_index
from ragreason.protocols import Generator
from ragreason.retrieval.build import build_index
from ragreason.retrieval.open import open_retriever
from ragreason.runner import Run, Runner
from ragreason.settings import load_settings
from ragreason.types import Question
from tests.graphs.courses import told

DOCUMENTS = Path(__file__).parents[2] / "corpora" / "vessmark" / "documents"
RECORDINGS = Path(__file__).parent / "recorded"
COURSES = RECORDINGS / "courses.json"
ASKED = Question(
    id="vessmark-03", text="In which town is the designer of the Skellin Light buried?"
)


async def build(out: Path) -> None:
    """Index the sample corpus at `out`, with hashed embeddings."""
    await build_index([DOCUMENTS], out, embedder=HashingEmbedder())


def recording(graph: str) -> Path:
    """Where a graph's replies are kept."""
    return RECORDINGS / f"{graph}.jsonl"


async def run(graph: str, engine: Generator, index_dir: Path) -> Run:
    """Ask the question of a graph."""
    embedder = HashingEmbedder()
    parts = Parts(
        {"main": engine},
        {"main": open_retriever(index_dir, "hybrid", embedder=embedder)},
        embedder=embedder,
        open_retriever=lambda kind: open_retriever(index_dir, kind, embedder=embedder),
        index=lambda: open_index(index_dir),
    )
    return await Runner(load_graph(graph, parts=parts), {}).answer(ASKED, seed=1)


def seen(found: Run) -> dict[str, Any]:
    """What is kept of a run: its course in words, and its answer."""
    answer = found.answer
    cited = [citation.title for citation in answer.citations]
    return {
        "course": told(found),
        "answer": answer.text,
        "status": answer.status,
        "cited": cited,
        "calls": answer.usage.calls,
        "retrievals": answer.usage.retrievals,
    }


async def record(graphs: list[str], index_dir: Path) -> None:
    """Ask the default model, graph by graph, and keep what it replied."""
    courses = json.loads(COURSES.read_text(encoding="utf-8")) if COURSES.exists() else {}
    settings = load_settings()
    engine = open_engine(settings.model, settings)
    for graph in graphs:
        recording(graph).unlink(missing_ok=True)
        courses[graph] = seen(await run(graph, Replay(recording(graph), engine), index_dir))
        print(graph, *courses[graph]["course"], sep="\n    ", flush=True)
        text = json.dumps(dict(sorted(courses.items())), indent=1, ensure_ascii=False)
        COURSES.write_text(text + "\n", encoding="utf-8")
    await engine.aclose()


async def main(graphs: list[str]) -> None:
    """Record the named graphs, or all."""
    with TemporaryDirectory() as folder:
        await build(Path(folder) / "index")
        await record(graphs or sorted(shipped_graphs()), Path(folder) / "index")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
