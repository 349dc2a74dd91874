"""What the shipped graphs score with the default model: the README's figures.

    python benchmarks/graphs.py [--part hotpotqa|vessmark] [--graph NAME]... [--out DIR]

`hotpotqa` is the training sample over the union of its paragraphs, `vessmark` the sample corpus.
Rows are kept in `--out` as they come, so a run that was stopped goes on. What is kept in the
project is scores by question id, never a question or an answer.
"""

import argparse
import asyncio
import json
import os
import platform
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from ragreason.cli.demo import corpus_folder
from ragreason.datasets import load_dataset
from ragreason.evaluation.compare import compare_runs
from ragreason.evaluation.graphs import Listener, Plan, evaluate_graphs
from ragreason.evaluation.store import read_rows
from ragreason.settings import load_settings

RESULT = Path(__file__).parent / "results" / "graphs.json"
KEPT = ("em", "f1", "support_recall", "support_all", "status")

Part = tuple[str, Mapping[str, int | None]]


def parts() -> dict[str, Part]:
    """Name to dataset and, by graph, how many of its questions (None is all)."""
    settings = load_settings()
    hotpotqa = f"hotpotqa:{settings.data / 'hotpotqa' / 'train_sample.json'}"
    fifty = ("decompose", "ircot", "react", "rewrite", "corrective", "react_best_of_n")
    sample = dict.fromkeys(["direct", "naive_rag"], None) | dict.fromkeys(fifty, 50)
    world = ("direct", "naive_rag", "decompose", "corrective", "ircot", "react", "react_best_of_n")
    return {
        "hotpotqa": (hotpotqa, sample),
        "vessmark": (f"world:{corpus_folder()}", dict.fromkeys(world, None)),
    }


class Told(Listener):
    """One line a finished question."""

    def on_row(self, graph: str, row: dict[str, Any]) -> None:
        print(f"{graph:<16} {row['id']}: {row['status']} f1 {row['f1']}", flush=True)


async def measure(name: str, out: Path, only: Collection[str]) -> dict[str, Any]:
    """One part: every graph's summary and scores, and each one's difference to `naive_rag`."""
    spec, graphs = parts()[name]
    for graph, limit in graphs.items():
        if only and graph not in only:
            continue
        plan = Plan(
            load_dataset(spec),
            out / name / graph,
            limit=limit,
            settings=load_settings(concurrency=16),
        )
        await evaluate_graphs([graph], plan, Told())
        keep(name, document(name, finished(out / name, graphs)))
    return document(name, finished(out / name, graphs))


def finished(out: Path, graphs: Iterable[str]) -> list[Path]:
    """The folders of the graphs that have been measured, now or before, in the given order."""
    return [out / graph for graph in graphs if (out / graph / "summary.json").exists()]


def document(name: str, folders: list[Path]) -> dict[str, Any]:
    """What is kept: the baseline first, so that differences are to it."""
    order = sorted(folders, key=lambda folder: folder.name != "naive_rag")
    runs, differences = compare_runs(order)
    return {
        "part": name,
        "graphs": {run.name: dict(run.summary) for run in runs},
        "over_first": [vars(difference) for difference in differences],
        "scores": {
            folder.name: {row["id"]: [row[key] for key in KEPT] for row in read_rows(folder)}
            for folder in order
        },
        "score_columns": KEPT,
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
        },
    }


def keep(name: str, found: Mapping[str, Any]) -> None:
    """Write this part into the kept result."""
    before = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    text = json.dumps({**before, name: found}, indent=1, ensure_ascii=False, default=str)
    RESULT.write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Run the asked parts and say where the result is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=sorted(parts()), action="append")
    parser.add_argument("--out", type=Path, default=Path(".ragreason/benchmarks/graphs"))
    parser.add_argument("--graph", action="append", default=[])
    options = parser.parse_args()
    for name in options.part or sorted(parts()):
        found = asyncio.run(measure(name, options.out, options.graph))
        for graph, summary in found["graphs"].items():
            metrics = summary["metrics"]
            figures = [f"{key} {metrics[key]['value']}" for key in ("em", "f1", "support_recall")]
            print(f"{name} {graph}: {', '.join(figures)}")
    print(f"kept in {RESULT}")


if __name__ == "__main__":
    main()
