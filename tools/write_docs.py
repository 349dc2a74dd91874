"""Write the generated parts of the documentation: drawing, graphs, figures, settings, commands,
strategies, verifiers.

    python tools/write_docs.py            writes README.md and pages of docs/
    python tools/write_docs.py --check    writes nothing; exit code 1 if a file is out of date

A generated part stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`.
"""

import ast
import difflib
import inspect
import itertools
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import library_tables
import performance_tables
import typer
from typer.core import TyperGroup

from ragreason import registry
from ragreason.cli import main as cli
from ragreason.graph.draw import to_mermaid
from ragreason.graph.library import by_paradigm, shipped_graphs
from ragreason.graph.read import read_graph
from ragreason.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[1]


def graphs_table() -> str:
    """A Markdown table of the paradigms and the graphs of each."""
    rows = [
        f"| {paradigm.replace('_', ' ')} | {', '.join(f'`{graph.name}`' for graph in graphs)} |"
        for paradigm, graphs in by_paradigm().items()
    ]
    return "\n".join(["| paradigm | graphs |", "|---|---|", *rows])


def drawing() -> str:
    """The graph of the README's run, as Mermaid text."""
    definition = read_graph(shipped_graphs()["corrective"])
    return f"```mermaid\n{to_mermaid(definition).rstrip()}\n```"


def figures() -> str:
    """What `benchmarks/graphs.py` has kept, a table a data set."""
    kept = json.loads((ROOT / "benchmarks/results/graphs.json").read_text(encoding="utf-8"))
    return "\n\n".join(
        _figures(kept[name], about) for name, about in FIGURES.items() if name in kept
    )


FIGURES = {
    "hotpotqa": "HotpotQA, training sample, over the union of its 994 paragraphs "
    "(`python benchmarks/graphs.py --part hotpotqa`):",
    "vessmark": "The sample corpus, all its 40 questions "
    "(`python benchmarks/graphs.py --part vessmark`):",
}


def _figures(part: Mapping[str, Any], about: str) -> str:
    columns = "n", "EM", "F1", "over naive_rag", "support recall", "over naive_rag", "tokens"
    over = {(d["run"], d["metric"]): d for d in part["over_first"]}
    rows = [_figure_row(name, run, over) for name, run in part["graphs"].items()]
    lines = "|---" * (len(columns) + 1) + "|"
    return "\n".join([about, "", f"| graph | {' | '.join(columns)} |", lines, *rows])


def _figure_row(name: str, run: Mapping[str, Any], over: Mapping[Any, Any]) -> str:
    metrics, usage = run["metrics"], run["usage"]["per_question"]
    cells = [_interval(metrics["em"])]
    for metric in ("f1", "support_recall"):
        cells += [_interval(metrics[metric]), _interval(over.get((name, metric)), sign="+")]
    tokens = f"{usage['prompt_tokens']:,.0f} + {usage['completion_tokens']:,.0f}"
    return f"| `{name}` | {run['n']} | {' | '.join(cells)} | {tokens} |"


def _interval(figure: Mapping[str, Any] | None, sign: str = "") -> str:
    if figure is None or figure["value"] is None:
        return ""
    value, low, high = (f"{figure[key]:{sign}.2f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def settings_table() -> str:
    """A Markdown table of every setting, with its variable and default."""
    rows = ["| setting | environment | default | what |", "|---|---|---|---|"]
    about = _attribute_docs(Settings)
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        rows.append(f"| `{name}` | `{PREFIX}{name.upper()}` | {default} | {about[name]} |")
    return "\n".join(rows)


def _attribute_docs(kind: type) -> dict[str, str]:
    """The docstring below each annotated attribute, on one line; empty where there is none."""
    [body] = ast.parse(inspect.getsource(kind)).body
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = defaultdict(str)
    for before, after in itertools.pairwise(body.body):
        if isinstance(before, ast.AnnAssign) and isinstance(after, ast.Expr):
            found[ast.unparse(before.target)] = " ".join(ast.literal_eval(after.value).split())
    return found


def verifiers_table() -> str:
    """A Markdown table of the verifiers, by what they declare."""
    rows = [
        "| verifier | what | judges | range | aggregation | costs |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*rows, *map(_verifier_row, registry.known("verifiers"))])


def _verifier_row(name: str) -> str:
    part = registry.load("verifiers", name)
    low, high = (f"{bound:g}" for bound in part.range)
    summary = inspect.getdoc(part).partition("\n\n")[0].replace("\n", " ")
    is_open = " (open)" if hasattr(part, "judging") else ""
    cells = ", ".join(sorted(part.judges)) + is_open, f"{low} to {high}", part.aggregation + is_open
    costs = part.costs + (is_open if "members" in registry.injected(part) else "")
    return f"| `{name}` | {summary} | {' | '.join(cells)} | {costs} |"


def strategies_table() -> str:
    """A Markdown table of the strategies, by what they declare."""
    rows = [
        "| strategy | what it does | verifier | a larger budget raises | parameters |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*rows, *map(_strategy_row, registry.known("strategies"))])


def _strategy_row(name: str) -> str:
    part = registry.load("strategies", name)
    summary = inspect.getdoc(part).partition("\n\n")[0].replace("\n", " ")
    sentence = re.split(r"(?<=\.)\s", summary)[0]
    scales = f"`{part.scales}`" if hasattr(part, "scales") else ""
    fields = registry.parameters(part).model_fields.items()
    parameters = ", ".join(f"{field}={_short(info.default)}" for field, info in fields)
    return f"| `{name}` | {sentence} | {_guide(part)} | {scales} | `{parameters}` |"


def _guide(strategy: Any) -> str:
    """Which verdicts it can't do without, or can use."""
    if hasattr(strategy, "delegates"):
        return "as its choices"
    required = getattr(strategy, "requires", frozenset())
    needed = [said for kind, said in SCORES.items() if kind in required]
    return " or ".join(needed) or ("not needed" if strategy.wants else "none")


SCORES = {"trajectory": "outcome", "step": "steps"}


def _short(default: Any) -> str:
    """A default as a graph file has it; a table as dots."""
    plain = default is None or isinstance(default, bool | int | float | str)
    return json.dumps(default).strip('"') if plain else "..."


def cli_reference() -> str:
    """Every command with its help, as the program itself prints it."""
    return "\n\n".join(
        f"### `{path}`\n\n```text\n{text.rstrip()}\n```" for path, text in command_helps()
    )


def command_helps() -> Iterator[tuple[str, str]]:
    """Command path and help text of every command, groups before their commands."""
    for name in cli.COMMANDS:
        yield from _helps(cli.load(name), name, typer.Context(cli.root(), info_name="ragreason"))


def _helps(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    context = typer.Context(command, info_name=name, parent=parent)
    context.max_content_width = context.terminal_width = 90
    yield context.command_path, context.get_help()
    if isinstance(command, TyperGroup):
        for inner in command.list_commands(context):
            yield from _helps(command.get_command(context, inner), inner, context)


PARTS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "README.md": {
        "drawing": drawing,
        "graphs": graphs_table,
        "scores": library_tables.headline,
    },
    "docs/cli.md": {"settings": settings_table, "commands": cli_reference},
    "docs/library.md": {
        "table": library_tables.table,
        "test": library_tables.test,
        "second": library_tables.second,
        "methods": library_tables.methods,
        "figures": figures,
    },
    "docs/performance.md": {
        "measured": performance_tables.measured,
        "seconds": performance_tables.seconds,
        "first_token": performance_tables.first_token,
    },
    "docs/search.md": {"strategies": strategies_table},
    "docs/verifiers.md": {"verifiers": verifiers_table},
}


def written(text: str, parts: Mapping[str, Callable[[], str]]) -> str:
    """`text` with each part between its markers made anew. Raises ValueError without markers."""
    for name, write in parts.items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"expected a part between {begin} and {end}")
        text = f"{before}{begin}\n{write()}\n{end}{after}"
    return text


def main(check: bool) -> int:
    """Write, or check, every generated part; 1 if something was out of date in a check."""
    stale = 0
    for name, parts in PARTS.items():
        old = (ROOT / name).read_text(encoding="utf-8")
        new = written(old, parts)
        if new == old:
            continue
        if check:
            stale = 1
            lines = old.splitlines(), new.splitlines()
            print(*difflib.unified_diff(*lines, name, "as it should be", lineterm=""), sep="\n")
            print(f"{name} is out of date: run `make docs`")
        else:
            (ROOT / name).write_text(new, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
