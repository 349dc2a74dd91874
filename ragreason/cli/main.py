"""The root command. Commands are mounted lazily: `ragreason --help` imports none of them."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from io import TextIOWrapper
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from ragreason import __version__
from ragreason.errors import RagreasonError


class Mount(NamedTuple):
    """Where a command lives, as "module:attr", and its line in `ragreason --help`."""

    target: str
    help: str


COMMANDS: Mapping[str, Mount] = {
    "run": Mount("ragreason.cli.run:run", "Answer a question, with citations."),
    "demo": Mount(
        "ragreason.cli.demo:demo",
        "Answer multi-hop questions about the sample corpus, an invented island.",
    ),
    "index": Mount("ragreason.cli.index:app", "Build, inspect and search indexes."),
    "graph": Mount("ragreason.cli.graph:app", "List, check, draw and start graph files."),
    "eval": Mount(
        "ragreason.cli.eval:eval_",
        "Score graphs on a dataset. Results are kept question by question.",
    ),
    "score": Mount(
        "ragreason.cli.score:score",
        "Score recorded predictions by their dataset's official metrics, with 95 % intervals.",
    ),
    "compare": Mount(
        "ragreason.cli.compare:compare",
        "Compare evaluations on the questions they share, by paired tests.",
    ),
    "report": Mount(
        "ragreason.cli.report:report",
        "Write a page about finished evaluations, or their table as CSV, Markdown or LaTeX.",
    ),
    "leaderboard": Mount(
        "ragreason.cli.leaderboard:leaderboard",
        "List the finished evaluations below a folder, best first, a table for each dataset.",
    ),
    "serve": Mount(
        "ragreason.cli.serve:serve",
        "Serve graphs: an OpenAI-compatible API, runs event by event, and a page.",
    ),
    "mcp": Mount(
        "ragreason.cli.mcp:mcp",
        "Serve search, answers and documents to agents and chat programs, over MCP.",
    ),
    "scale": Mount(
        "ragreason.cli.scale:scale",
        "Plot accuracy against tokens for several strategies, over a range of budgets.",
    ),
    "calibrate": Mount(
        "ragreason.cli.calibrate:calibrate",
        "Fit when a graph takes which way, so that it keeps the best way's score for fewer tokens.",
    ),
    "trace": Mount("ragreason.cli.trace:app", "Look at past runs."),
    "models": Mount("ragreason.cli.models:app", "List, fetch and locate models."),
    "cache": Mount("ragreason.cli.cache:app", "Look at the response cache, and empty it."),
    "data": Mount("ragreason.cli.data:app", "List, make and convert datasets."),
    "doctor": Mount("ragreason.cli.doctor:doctor", "Show what works here and what mends the rest."),
}


class Stub(TyperCommand):
    """A command's name and line in the help, which wraps and is never cut."""

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002
        """The whole line."""
        return self.help or ""


class Commands(TyperGroup):
    """A group whose commands are stubs with a name and a help line until one is invoked."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The real command in place of the stub."""
        name, stub, rest = super().resolve_command(ctx, args)
        return name, stub and load(str(name)), rest


def load(name: str) -> Any:
    """Import the command mounted as `name`. A group without a help text gets its line."""
    mount = COMMANDS[name]
    module, _, attribute = mount.target.partition(":")
    part = getattr(import_module(module), attribute)
    if isinstance(part, typer.Typer):
        part.rich_markup_mode = None
        command: Any = get_group(part)
    else:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command()(part)
        command = get_command(app)
    command.name = name
    command.help = command.help or mount.help
    return command


def root() -> TyperGroup:
    """The root group with every command's stub."""
    app = typer.Typer(cls=Commands, no_args_is_help=True, rich_markup_mode=None)
    app.callback()(_options)
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    for name, mount in COMMANDS.items():
        group.add_command(Stub(name=name, help=mount.help))
    return group


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ragreason {__version__}")
        raise typer.Exit


def _options(
    version: bool = typer.Option(
        False, "--version", help="Print the version.", is_eager=True, callback=_print_version
    ),
) -> None:
    """Question answering that reasons and retrieves together.

    Exit codes: 0 done, 1 a run failed, 2 the input is wrong. RAGREASON_DEBUG=1 shows tracebacks.
    """


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    given = list(sys.argv[1:] if args is None else args)
    if isinstance(sys.stdout, TextIOWrapper):  # what a terminal has no letters for is escaped
        sys.stdout.reconfigure(errors="backslashreplace")
    with _only_the_document("--json" in given):
        code = invoke(given)
    sys.exit(code)


def invoke(args: Sequence[str]) -> int:
    """Run one command line; the exit code. What goes wrong is one line on standard error."""
    try:
        result = root().main(list(args), prog_name="ragreason", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except typer.TyperException as error:
        return _report_usage(error)
    except Exception as error:
        if os.environ.get("RAGREASON_DEBUG", "0") not in {"", "0"}:
            raise
        return _report(error)
    return result if isinstance(result, int) else 0


def _report(error: Exception) -> int:
    text = " ".join(str(error).split())
    if isinstance(error, RagreasonError):
        _say(text)
        return error.exit_code
    if isinstance(error, OSError) and error.filename and error.strerror:
        _say(f"{error.filename}: {error.strerror}")
        return 1
    advice = "RAGREASON_DEBUG=1 shows where"
    _say(f"unexpected {type(error).__name__}: {text}; {advice}")
    return 1


def _report_usage(error: typer.TyperException) -> int:
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", "ragreason")
    if not error.format_message().strip() or type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(context.get_help() if context else "", err=True)
    else:
        text = " ".join(error.format_message().split()).rstrip(".")
        _say(f"{text}; see '{path} --help'")
    return error.exit_code


def _say(text: str) -> None:
    sys.stderr.write(f"error: {text}\n")


@contextmanager
def _only_the_document(json: bool) -> Iterator[None]:
    """With --json, what native libraries and child processes print goes to standard error.

    They write to file descriptor 1; Python's own `sys.stdout` keeps the real one.
    """
    if not json:
        yield
        return
    sys.stdout.flush()
    real = os.dup(1)
    os.dup2(2, 1)
    before, sys.stdout = sys.stdout, os.fdopen(real, "w", encoding="utf-8")
    try:
        yield
    finally:
        with suppress(BrokenPipeError):  # the reader left; `invoke` has told by its exit code
            sys.stdout.close()
        sys.stdout = before
