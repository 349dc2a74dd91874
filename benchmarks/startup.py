"""How long the command line takes to begin: `ragreason --help`, and the first token of an answer.

    python benchmarks/startup.py [--rounds 15] [--runs 3] [--model NAME]

`--help` stands against that of a typer program with one empty command, in turn, each a process of
its own: seconds by the clock and of the processor, and the median ratio of neighbours. `plain` is
the same empty program without rich, which typer draws help with by default and ours leaves out.

Then `ragreason run naive_rag` on the sample corpus, from the start of the process to the first
token of the answer, by the program's own clock. `apart` does one thing after the other to tell them
apart: imports, graph and index, the model, the embedder, the search, the prompt (prefill).
`command` does it as the command does: the model loads in a process of its own beside all else.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any

TARGET = 1.5
RESULT = Path(__file__).parent / "results" / "startup.json"
HELP = "import sys; from ragreason.cli.main import main; main(['--help'])"
EMPTY = """
import typer
app = typer.Typer({})
@app.command()
def main() -> None:
    pass
app()
"""
QUESTION = "When was the designer of the Sallow Bridge born?"


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--model", help="by default that of the settings")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        way, started, model, index = options.child
        children = {"apart": apart, "command": command}
        print(json.dumps(asyncio.run(children[way](float(started), model or None, index))))
        return
    result = {"help": compare_help(options.rounds)}
    report_help(result["help"])
    if options.runs:
        result["first_token"] = first_tokens(options.model or "", options.runs)
        report_first_token(result["first_token"])
    machine = {"system": platform.platform(), "cores": os.cpu_count()}
    about = {"versions": {name: version(name) for name in ("typer", "openvino-genai")}}
    text = json.dumps(result | about | {"machine": machine}, indent=1)
    RESULT.write_text(text + "\n", encoding="utf-8")


def compare_help(rounds: int) -> dict[str, Any]:
    """The three programs in turn; the first round warms the disk up."""
    with tempfile.TemporaryDirectory() as folder:
        programs = {"ours": [sys.executable, "-c", HELP]}
        for name, options in {"empty": "", "plain": "rich_markup_mode=None"}.items():
            path = Path(folder) / f"{name}.py"
            path.write_text(EMPTY.format(options), encoding="utf-8")
            programs[name] = [sys.executable, str(path), "--help"]
        times = [{n: timed(p) for n, p in programs.items()} for _ in range(rounds + 1)][1:]
    found: dict[str, Any] = {"rounds": rounds}
    for name in programs:
        found[f"{name}_s"] = statistics.median(row[name][0] for row in times)
        found[f"over_{name}"] = statistics.median(row["ours"][0] / row[name][0] for row in times)
        found[f"over_{name}_cpu"] = statistics.median(
            row["ours"][1] / row[name][1] for row in times
        )
    return found


def timed(program: Sequence[str]) -> tuple[float, float]:
    """Seconds by the clock, and of the processor, of a process."""
    started_s = monotonic()
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{program} ended with {process.returncode}")
    return monotonic() - started_s, used.ru_utime + used.ru_stime


def first_tokens(model: str, runs: int) -> dict[str, Any]:
    """Each way so many times, in turn; medians."""
    index = str(sample_index())
    ways: dict[str, list[dict[str, float]]] = {"apart": [], "command": []}
    for _ in range(runs):
        for way, found in ways.items():
            child = [sys.executable, __file__, "--child", way, str(monotonic()), model, index]
            out = subprocess.run(child, check=True, capture_output=True, text=True).stdout
            found.append(json.loads(out.splitlines()[-1]))
    medians = {
        way: {part: statistics.median(run[part] for run in found) for part in found[0]}
        for way, found in ways.items()
    }
    return {**medians, "runs": runs, "model": model or "default"}


def sample_index() -> Path:
    """The sample corpus's index, as `ragreason demo` makes it."""
    from ragreason.cli.demo import corpus_folder, index_folder
    from ragreason.embedding.open import open_embedder
    from ragreason.retrieval.build import build_index
    from ragreason.settings import load_settings

    settings = load_settings()
    folder = index_folder(settings)
    if not folder.is_dir():
        asyncio.run(build_index([corpus_folder()], folder, open_embedder(settings.embedder)))
    return folder


class Laps:
    """Seconds between marks, from the start of the process on."""

    def __init__(self, started_s: float) -> None:
        self.started_s = self.last_s = started_s
        self.parts: dict[str, float] = {}

    def mark(self, part: str) -> None:
        """What has passed since the last mark was spent on `part`."""
        now_s = monotonic()
        self.parts.setdefault(part, now_s - self.last_s)
        self.last_s = now_s

    def listener(self) -> Callable[[Any], None]:
        """Marks the end of the search and the first token."""

        def hear(event: Any) -> None:
            if event.kind == "search":
                self.mark("search")
            elif event.kind == "token":
                self.mark("prefill")

        return hear

    def done(self) -> dict[str, float]:
        """All parts, and their sum."""
        return {**self.parts, "total": sum(self.parts.values())}


async def apart(started_s: float, model: str | None, index: str) -> dict[str, float]:
    """One thing after the other."""
    laps = Laps(started_s)
    import ragreason.cli.main
    import ragreason.cli.run  # noqa: F401
    from ragreason.generation.open import open_engine
    from ragreason.graph.open import LateEmbedder
    from ragreason.runner import open_runner
    from ragreason.types import Message, Request

    laps.mark("import")
    async with open_runner("naive_rag", model=model, index=index) as runner:
        laps.mark("index")
        engine = open_engine(model or runner.settings.model, runner.settings)
        await engine.count_tokens(Request(messages=(Message(role="user", content="x"),)))
        laps.mark("model")
        await LateEmbedder(runner.settings.embedder).embed(["x"], "query")
        laps.mark("embedder")
        await runner.answer(QUESTION, on_event=laps.listener())
        await engine.aclose()
    return laps.done()


async def command(started_s: float, model: str | None, index: str) -> dict[str, float]:
    """As `ragreason run` does it."""
    laps = Laps(started_s)
    import ragreason.cli.main
    import ragreason.cli.run  # noqa: F401
    from ragreason.runner import open_runner

    laps.mark("import")
    async with open_runner("naive_rag", model=model, index=index) as runner:
        laps.mark("index")
        await runner.answer(QUESTION, on_event=laps.listener())
    return laps.done()


def report_help(found: dict[str, Any]) -> None:
    """One line."""
    print(
        f"--help: {found['ours_s']:.2f} s, an empty typer program {found['empty_s']:.2f} s, "
        f"without rich {found['plain_s']:.2f} s; ratios {found['over_empty']:.2f} and "
        f"{found['over_plain']:.2f} (target at most {TARGET}), of processor time "
        f"{found['over_empty_cpu']:.2f} and {found['over_plain_cpu']:.2f}"
    )


def report_first_token(found: dict[str, Any]) -> None:
    """A line each way."""
    for way in ("apart", "command"):
        parts = ", ".join(f"{part} {s:.2f}" for part, s in found[way].items() if part != "total")
        print(f"first token, {way}: {found[way]['total']:.2f} s: {parts}")


if __name__ == "__main__":
    main()
