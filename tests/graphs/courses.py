"""A shipped graph run with a scripted engine and real retrieval, and its course told in words."""

from pathlib import Path

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.events import TraceEvent
from ragreason.generation.scripted import Scripted
from ragreason.graph.bind import Parts
from ragreason.graph.load import load_graph
from ragreason.graph.loaded import LoadedGraph
from ragreason.index.folder import open_index
from ragreason.protocols import Retriever
from ragreason.retrieval.open import open_retriever
from ragreason.runner import Run, Runner
from ragreason.types import Question

QUESTION = Question(id="q", text="When was the designer of the Sallow Bridge born?")


class Course:
    """Runs a shipped graph and keeps what was asked of the engine."""

    def __init__(self, retriever: Retriever, index_dir: Path) -> None:
        self.retriever = retriever
        self.index_dir = index_dir

    def load(self, name: str | Path, engine: Scripted, *overrides: str) -> LoadedGraph:
        return load_graph(
            name,
            parts=self.parts(engine),
            overrides=overrides,
        )

    def parts(self, engine: Scripted) -> Parts:
        embedder = HashingEmbedder()
        return Parts(
            {"main": engine},
            {"main": self.retriever},
            embedder=embedder,
            open_retriever=lambda kind: open_retriever(self.index_dir, kind, embedder=embedder),
            index=lambda: open_index(self.index_dir),
        )

    async def run(
        self, name: str | Path, engine: Scripted, *overrides: str, question: Question = QUESTION
    ) -> Run:
        return await Runner(self.load(name, engine, *overrides), {}).answer(question, seed=1)


def told(run: Run) -> list[str]:
    """The course in words: nodes as they start, queries, steps."""
    return [word for event in run.events if (word := _word(event))]


def _word(event: TraceEvent) -> str:
    if event.kind == "node":
        return event.node if event.text == "started" else ""
    if event.kind == "search":
        return f"? {event.query}"
    if event.kind == "step" and event.step is not None:
        step = event.step
        return f"{step.kind} {step.query or step.tool or step.answer}".strip()
    return event.kind if event.kind in {"forced", "dropped"} else ""
