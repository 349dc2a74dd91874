"""Every shipped graph on the same questions with the default model: the library's table, and the
best of it on other questions.

    python benchmarks/library.py [--set table|test] [--graph NAME]... [--half] [--again]

`table` is 40 questions: 20 of HotpotQA's development sample, 10 of 2WikiMultihopQA, 10 of MuSiQue,
each over the union of its sample's paragraphs. `test` is 200 others: 100 that were looked at first,
and 100 added after that look, which are also reported alone, as `second`. A row is appended to
results/library_SET.jsonl when its question is finished, so a run that was stopped goes on; rows of
a graph that has changed since are asked again, `--again` asks all of the named graphs' again;
`--half` asks only the first half of each part, `--only-report` asks nothing. Rows hold scores and
costs by question id, never a question or an answer. Each graph starts with an empty prefix cache.
Latencies are of questions that run six at a time on the machine named in each row.
"""

import argparse
import asyncio
import json
import os
import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic
from typing import Any

from ragreason.datasets import Dataset, Example, load_dataset
from ragreason.evaluation.answered import Answerer, from_runner
from ragreason.evaluation.corpus import dataset_index
from ragreason.evaluation.library import BASELINE, report
from ragreason.evaluation.rows import Row, answer_row, error_row
from ragreason.generation.open import open_engine
from ragreason.graph.library import read_nested, shipped_graphs
from ragreason.prompts import prompts_hash
from ragreason.protocols import Generator
from ragreason.runner import open_runner
from ragreason.settings import Settings, load_settings

RESULTS = Path(__file__).parent / "results"
AT_ONCE = 6
PARTS = {
    "hotpotqa": "hotpotqa/dev_sample_hf_layout.json",
    "2wikimultihopqa": "2wikimultihopqa/train_sample.json",
    "musique": "musique/train_sample.jsonl",
}
RANGES = {
    "table": {"hotpotqa": (0, 20), "2wikimultihopqa": (250, 260), "musique": (50, 60)},
    "test": {"hotpotqa": (20, 100), "2wikimultihopqa": (260, 340), "musique": (60, 100)},
}
LOOKED_AT = {"hotpotqa": 64, "2wikimultihopqa": 288, "musique": 88}
"""The test's questions before these places were its first 100; rows without a place are theirs."""
COUNTED = (
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "verifier_tokens",
    "calls",
    "retrievals",
)
SCORES = ("em", "f1", "support_recall", "support_all", "status", "abstained", "latency_s")


def rows_file(name: str) -> Path:
    """Where the rows of a set are kept."""
    return RESULTS / f"library_{name}.jsonl"


def read(path: Path) -> list[dict[str, Any]]:
    """The rows, the last of each graph and question; a torn last line is left out."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[row["graph"], row["dataset"], row["id"]] = row
    return list(found.values())


def kept(graph: str, graph_hash: str, dataset: str, place: int, row: Row) -> dict[str, Any]:
    """The part of an evaluation's row that may be kept: no text of the data."""
    return {
        "graph": graph,
        "graph_hash": graph_hash,
        "dataset": dataset,
        "place": place,
        "id": row["id"],
        **{key: row[key] for key in SCORES},
        **{key: row["usage"][key] for key in COUNTED},
        "retrieved": len(row["retrieved"]),
        "error": row["error"].partition(":")[0],
        "prompts": prompts_hash(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }


async def answered(answerer: Answerer, dataset: Dataset, example: Example) -> Row:
    """The row of one question."""
    started_s = monotonic()
    try:
        given = await answerer(example.question)
    except Exception as error:  # whatever a graph raises is a row of its own
        return error_row(example, f"{type(error).__name__}: {error}", monotonic() - started_s)
    return answer_row(dataset.name, example, given, monotonic() - started_s)


async def measure(name: str, graphs: Sequence[str], *, again: bool, half: bool = False) -> None:
    """Ask what is missing, graph by graph; with `half`, of the first half of each part."""
    settings = load_settings()
    datasets = {part: load_dataset(f"{part}:{settings.data / at}") for part, at in PARTS.items()}
    done = {(r["graph"], r["graph_hash"], r["dataset"], r["id"]) for r in read(rows_file(name))}
    for graph in graphs:
        mark = read_nested(graph).hash
        todo = [
            (datasets[part], place)
            for part, (first, stop) in RANGES[name].items()
            for place in range(first, (first + stop) // 2 if half else stop)
            for example in datasets[part].examples[place : place + 1]
            if again or (graph, mark, part, example.question.id) not in done
        ]
        if todo:
            engine = open_engine(settings.model, settings)
            try:
                await _graph(name, graph, mark, todo, engine, settings)
            finally:
                await engine.aclose()


async def _graph(
    name: str,
    graph: str,
    mark: str,
    todo: Sequence[tuple[Dataset, int]],
    engine: Generator,
    settings: Settings,
) -> None:
    slots = asyncio.Semaphore(AT_ONCE)
    async with AsyncExitStack() as stack:
        answerers: dict[str, Answerer] = {}
        for dataset, _ in todo:
            if dataset.name not in answerers:
                index = await dataset_index(dataset, settings)
                runner = open_runner(graph, model=engine, index=index, settings=settings)
                await stack.enter_async_context(runner)
                answerers[dataset.name] = from_runner(runner, 0)

        async def one(dataset: Dataset, place: int) -> None:
            async with slots:
                row = await answered(answerers[dataset.name], dataset, dataset.examples[place])
            with rows_file(name).open("a", encoding="utf-8") as file:
                file.write(json.dumps(kept(graph, mark, dataset.name, place, row)) + "\n")
            told = row["error"] or f"f1 {row['f1']:.2f}, {row['usage']['prompt_tokens']} read"
            print(f"{graph:<22} {dataset.name:<16} {row['status']}: {told}", flush=True)

        await asyncio.gather(*(one(dataset, place) for dataset, place in todo))


def is_second(row: Mapping[str, Any]) -> bool:
    """Whether a row of the test is of a question that was added after the first look."""
    return int(row.get("place", -1)) >= LOOKED_AT[row["dataset"]]


def split(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The report on graphs that were asked all of the table's questions, and as `half` that on
    the others beside the baseline, over no questions but the first half of each part's.
    """
    asked = Counter(row["graph"] for row in rows)
    whole = {graph for graph, n in asked.items() if n == max(asked.values())}
    half = {(r["dataset"], r["id"]) for r in rows if r["graph"] not in whole}
    fewer = (asked.keys() - whole) | {BASELINE}
    parts = {
        "table": [r for r in rows if r["graph"] in whole],
        "half": [r for r in rows if r["graph"] in fewer and (r["dataset"], r["id"]) in half],
    }
    return {name: report(found) for name, found in parts.items() if found}


def summarise(names: Iterable[str]) -> Mapping[str, Any]:
    """The report over what is there, of each set; kept in results/library.json."""
    current = {graph: read_nested(graph).hash for graph in shipped_graphs()}
    found: dict[str, Any] = {}
    for name in names:
        rows = [r for r in read(rows_file(name)) if current.get(r["graph"]) == r["graph_hash"]]
        if rows:
            found |= split(rows) if name == "table" else {name: report(rows)}
        if name == "test" and (second := [row for row in rows if is_second(row)]):
            found["second"] = report(second)
    text = json.dumps(found, indent=1, ensure_ascii=False)
    (RESULTS / "library.json").write_text(text + "\n", encoding="utf-8")
    return found


def main() -> None:
    """Measure what is missing of the asked graphs, and report on all that is there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--set", choices=sorted(RANGES), default="table")
    parser.add_argument("--graph", action="append", default=[])
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--half", action="store_true")
    parser.add_argument("--only-report", action="store_true")
    options = parser.parse_args()
    if not options.only_report:
        graphs = options.graph or sorted(shipped_graphs())
        asyncio.run(measure(options.set, graphs, again=options.again, half=options.half))
    for name, part in summarise(RANGES).items():
        for graph, run in part["graphs"].items():
            em, f1, support = (run[key]["value"] for key in ("em", "f1", "support_recall"))
            uncached = run["uncached_tokens"]
            print(f"{name} {graph:<22} {em:.2f} {f1:.3f} {support or 0:.2f} {uncached:,.0f} read")
    print(f"kept in {RESULTS / 'library.json'}")


if __name__ == "__main__":
    main()
