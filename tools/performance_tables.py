"""The tables of docs/performance.md, from what the benchmarks have kept."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[1] / "benchmarks/results"
Row = tuple[str, str, str]
"""What was measured, the target, what came out."""


def measured() -> str:
    """One row a target, benches that have kept nothing left out."""
    rows = ["| what | target | measured | `benchmarks/` |", "|---|---|---|---|"]
    for name, read in READERS.items():
        kept = _kept(name)
        found = read(kept) if kept is not None else ()
        rows += [f"| {what} | {target} | {value} | `{name}.py` |" for what, target, value in found]
    return "\n".join(rows)


def seconds() -> str:
    """Where each second of an evaluation went, by graph."""
    kept = _kept("evaluation_profile")
    if kept is None:
        return ""
    parts = list(kept["rows"][0]["seconds"])
    rows = [
        f"| graph | questions | seconds | {' | '.join(parts)} |",
        "|---" * (len(parts) + 3) + "|",
    ]
    for row in kept["rows"]:
        shares = [f"{row['seconds'][part] / row['wall_s']:.1%}" for part in parts]
        cells = [f"`{row['graph']}`", str(row["questions"]), f"{row['wall_s']:.0f}", *shares]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def first_token() -> str:
    """Seconds from the command to the first token, by part."""
    kept = (_kept("startup") or {}).get("first_token")
    if kept is None:
        return ""
    parts = [*kept["apart"]]
    rows = [f"| | {' | '.join(parts)} |", "|---" * (len(parts) + 1) + "|"]
    for name, way in {"one after the other": "apart", "`ragreason run`": "command"}.items():
        cells = [f"{kept[way][part]:.1f}" if part in kept[way] else "" for part in parts]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _kept(name: str) -> Any:
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _throughput(kept: Mapping[str, Any]) -> Iterator[Row]:
    ratios = kept["ratios"]
    of = f"{kept['questions']} questions on a simulated GPU server"
    yield f"{of}, times lockstep", "1.35", f"{ratios['over_rounds']:.2f}"
    yield f"{of}, times one at a time", "15", f"{ratios['over_one_at_a_time']:.1f}"
    yield f"{of}, of the optimum", "0.95", f"{ratios['optimum_over_ours']:.2f}"


def _cpu_throughput(kept: Mapping[str, Any]) -> Iterator[Row]:
    for row in kept["rows"]:
        about = f"{row['questions']} questions on a CPU, `{row['model']}`"
        yield f"{about}, of the speed-up that its rates allow", "0.90", f"{row['of_allowed']:.2f}"
        yield f"{about}, times lockstep", "", f"{row['over_rounds']:.2f}"
        explained = row["explained"]["together"]
        yield f"{about}, of the wall time explained by the rates", "", f"{explained:.2f}"


def _prefix_reuse(kept: Mapping[str, Any]) -> Iterator[Row]:
    for engine, run in kept.items():
        for row in run["rows"]:
            about = f"`{row['graph']}` on `{engine}`, {row['mode']}: cached of the reusable tokens"
            yield about, "0.95", f"{row['share']:.2f}"


def _retrieval_batches(kept: Mapping[str, Any]) -> Iterator[Row]:
    for name, found in kept["retrievers"].items():
        about = f"{kept['callers']} callers search at once, `{name}`"
        calls = "; ".join(f"{count} {kind}" for kind, count in found["calls"].items())
        yield f"{about}, calls", f"{found['most_calls']} each", calls
        yield f"{about}, of the embedder's own rate", "0.90", f"{found['rate']:.2f}"


def _embedders(kept: Mapping[str, Any]) -> Iterator[Row]:
    (reference, *_), default = kept["rates"], "openvino"
    for what in ("passages", "queries"):
        ratio = kept["rates"][default][what]["ratio"]
        yield f"the default embedder, {what}, times PyTorch in float32", "2", f"{ratio:.2f}"
    for sample in kept["samples"]:
        pairs = sample["pairs"]
        before = pairs[f"index {reference}, questions {reference}"]["dense"]["recall"]
        after = pairs[f"index {default}, questions {default}"]["dense"]["recall"]
        about = f"the default embedder, recall@5 on {sample['dataset']}, points over float32"
        yield about, "within 1", f"{100 * (after - before):+.1f}"


def _orchestration(kept: Mapping[str, Any]) -> Iterator[Row]:
    cost, memory = kept["cost"], kept.get("memory")
    about = "processor time a node step, times the same graph by hand on bare LangGraph"
    yield about, "at most 1.3", f"{cost['ratio']:.2f}"
    if memory is not None:
        about = f"memory over {memory['questions']:,} questions, KiB a question"
        yield about, "flat", f"{memory['kib_a_question']:+.2f}"


def _startup(kept: Mapping[str, Any]) -> Iterator[Row]:
    for name, other in {"empty": "an empty typer program", "plain": "one without rich"}.items():
        yield (
            f"`ragreason --help`, times {other}",
            "at most 1.5",
            f"{kept['help'][f'over_{name}']:.2f}",
        )


def _serving(kept: Mapping[str, Any]) -> Iterator[Row]:
    about = f"{kept['clients']} streaming clients at once, {kept['rounds']} times"
    yield f"{about}, streams whole and in order", str(kept["streams"]), str(kept["whole"])
    yield f"{about}, times the graph called directly", "", f"{kept['ratio']:.2f}"
    memory = kept["memory_mib"]
    yield (
        f"{about}, MiB after the last round over the first",
        "flat",
        f"{memory[-1] - memory[0]:+.1f}",
    )
    yield "a client that goes away, seconds until its place is free", "1", f"{kept['freed_s']:.2f}"


READERS: Mapping[str, Callable[[Any], Iterator[Row]]] = {
    "throughput": _throughput,
    "cpu_throughput": _cpu_throughput,
    "prefix_reuse": _prefix_reuse,
    "retrieval_batches": _retrieval_batches,
    "embedders": _embedders,
    "orchestration": _orchestration,
    "startup": _startup,
    "serving": _serving,
}
