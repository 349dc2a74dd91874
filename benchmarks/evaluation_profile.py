"""Where each second of an evaluation goes.

    python benchmarks/evaluation_profile.py [--questions 8] [--graphs naive_rag react]

Graphs answer HotpotQA's questions (validation sample, all its paragraphs, the default retriever)
as `ragreason eval` has them do, from an engine that was never asked before. Spans of time are noted
around what takes it: a call of the engine up to its first token (its queue and its prompt,
`prefill`) and from there on (`decode`), embedding of texts, searches without their embedding, and
rows written to disk. A moment with several spans counts for each in equal parts; one with none is
`orchestration`: LangGraph, parsing, prompts, events, and what the machine did otherwise. Before the
first question come `import`, `model` (loading it) and `index` (opening it, and the embedder).
"""

from time import perf_counter

STARTED_S = perf_counter()

# ruff: noqa: E402  # the clock starts before the imports, which are a part of what is measured
import argparse
import asyncio
import json
import os
import platform
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from importlib.metadata import version
from pathlib import Path
from time import process_time
from typing import Any

from ragreason.datasets import Dataset, load_dataset
from ragreason.embedding.open import open_embedder
from ragreason.evaluation.answered import from_runner
from ragreason.evaluation.corpus import dataset_index
from ragreason.evaluation.evaluate import evaluate
from ragreason.evaluation.store import RunFolder
from ragreason.generation.openvino import OpenVINOEngine
from ragreason.graph.open import LateEmbedder
from ragreason.protocols import Chunk, EmbedKind, Floats, Retriever, Where
from ragreason.retrieval.open import open_retriever
from ragreason.runner import open_runner
from ragreason.settings import Settings, load_settings
from ragreason.types import Completion, Hit, Message, Request

RESULT = Path(__file__).parent / "results" / "evaluation_profile.json"
DATA = "hotpotqa:{}/hotpotqa/dev_sample_hf_layout.json"
PARTS = ("prefill", "decode", "embed", "search", "store", "orchestration")


class Spans:
    """What is under way, and how the time so far divides over it."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._open: Counter[str] = Counter()
        self._last_s = perf_counter()

    @contextmanager
    def span(self, part: str) -> Iterator[None]:
        """Something of this part is under way inside."""
        self.begin(part)
        try:
            yield
        finally:
            self.end(part)

    def begin(self, part: str) -> None:
        """From now on."""
        self.count()
        self._open[part] += 1

    def end(self, part: str) -> None:
        """Until now."""
        self.count()
        self._open[part] -= 1

    def count(self) -> None:
        """Divide the time since the last change over what was open."""
        now_s = perf_counter()
        passed_s, self._last_s = now_s - self._last_s, now_s
        total = self._open.total()
        for part, many in self._open.items():
            self.seconds[part] += passed_s * many / total if total else 0.0
        if not total:
            self.seconds["orchestration"] += passed_s


class SpannedEngine:
    """An engine whose calls are spans. Single replies are streamed, to tell reading from writing;
    of several the first token is not told, and they count as written from the start.
    """

    def __init__(self, engine: OpenVINOEngine, spans: Spans) -> None:
        self.engine = engine
        self.spans = spans

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    async def generate(self, request: Request) -> list[Completion]:
        """The engine's."""
        if request.n > 1 or request.top_logprobs:
            with self.spans.span("decode"):
                return await self.engine.generate(request)
        return [c.completion async for c in self.stream(request) if c.completion is not None]

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """The engine's."""
        part = "prefill"
        self.spans.begin(part)
        try:
            async with aclosing(self.engine.stream(request)) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    if part == "prefill":
                        self.spans.end(part)
                        part = "decode"
                        self.spans.begin(part)
                    yield chunk
        finally:
            self.spans.end(part)


class SpannedRetriever:
    """A retriever whose searches are spans; what embeds inside them counts as embedding too."""

    def __init__(self, retriever: Retriever, spans: Spans) -> None:
        self.name = retriever.name
        self._retriever = retriever
        self._spans = spans

    async def retrieve(
        self, queries: Sequence[str], k: int, where: Where | None = None
    ) -> list[list[Hit]]:
        """The retriever's."""
        with self._spans.span("search"):
            return await self._retriever.retrieve(queries, k, where)


@contextmanager
def spanned_parts(spans: Spans) -> Iterator[None]:
    """Every embedding and every row that is kept is a span inside."""
    embed, append = LateEmbedder.embed, RunFolder.append

    async def spanned_embed(self: LateEmbedder, texts: Sequence[str], kind: EmbedKind) -> Floats:
        with spans.span("embed"):
            return await embed(self, texts, kind)

    def spanned_append(self: RunFolder, row: Any) -> None:
        with spans.span("store"):
            append(self, row)

    setattr(LateEmbedder, "embed", spanned_embed)  # noqa: B010
    setattr(RunFolder, "append", spanned_append)  # noqa: B010
    try:
        yield
    finally:
        setattr(LateEmbedder, "embed", embed)  # noqa: B010
        setattr(RunFolder, "append", append)  # noqa: B010


async def profile(
    graph: str, model: str, dataset: Dataset, index: Path, questions: int, settings: Settings
) -> dict[str, Any]:
    """Seconds by part of one graph's evaluation."""
    started_s = perf_counter()
    engine = OpenVINOEngine(model)
    await engine.count_tokens(Request(messages=(Message(role="user", content="x"),)))
    loaded_s = perf_counter()
    embedder = LateEmbedder(settings.embedder)
    await embedder.embed(["x"], "query")
    retriever = open_retriever(index, embedder=embedder)
    opened_s = perf_counter()
    spans = Spans()
    runner = open_runner(
        graph, model=SpannedEngine(engine, spans), index=SpannedRetriever(retriever, spans)
    )
    cpu_s = process_time()
    with tempfile.TemporaryDirectory() as folder, spanned_parts(spans):
        spans.count()
        spans.seconds.clear()
        summary = await evaluate(
            from_runner(runner), dataset, Path(folder), limit=questions, beginning=runner.beginning
        )
        spans.count()
    cpu_s = process_time() - cpu_s
    await engine.aclose()
    return {
        "graph": graph,
        "questions": questions,
        "before_s": {"model": loaded_s - started_s, "index": opened_s - loaded_s},
        "seconds": {part: spans.seconds[part] for part in PARTS},
        "wall_s": spans.seconds.total(),
        "cpu_here_s": cpu_s,
        "usage": summary["usage"]["per_question"],
        "errors": summary["errors"],
    }


async def measure(graphs: Sequence[str], model: str | None, questions: int) -> dict[str, Any]:
    """A row a graph."""
    imported_s = perf_counter() - STARTED_S
    settings = load_settings()
    dataset = load_dataset(DATA.format(settings.data))
    index = await dataset_index(dataset, settings)
    if index is None:
        raise SystemExit("the sample has no paragraphs to search")
    open_embedder(settings.embedder)
    chosen = model or settings.model
    rows = [await profile(g, chosen, dataset, index, questions, settings) for g in graphs]
    return {"model": chosen, "import_s": imported_s, "rows": rows}


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--questions", type=int, default=8)
    parser.add_argument("--graphs", nargs="+", default=["naive_rag", "react"])
    parser.add_argument("--model")
    options = parser.parse_args()
    result = asyncio.run(measure(options.graphs, options.model, options.questions))
    for row in result["rows"]:
        shares = ", ".join(f"{p} {s / row['wall_s']:.1%}" for p, s in row["seconds"].items())
        print(f"{row['graph']}: {row['wall_s']:.1f} s of {row['questions']} questions: {shares}")
    machine = {"system": platform.platform(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    about = {"versions": {name: version(name) for name in ("openvino-genai", "langgraph")}}
    text = json.dumps(result | about | {"machine": machine}, indent=1)
    RESULT.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
