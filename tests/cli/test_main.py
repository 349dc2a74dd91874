"""The root command: lazy, one error line, exit codes, one JSON document."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from ragreason.cli import main as cli
from ragreason.errors import ConfigError, EngineError

HEAVY = {
    "aiosqlite",
    "bm25s",
    "faiss",
    "gguf",
    "huggingface_hub",
    "jieba",
    "langgraph",
    "matplotlib",
    "numpy",
    "openai",
    "openvino",
    "openvino_genai",
    "pyarrow",
    "pypdf",
    "rich",
    "sentence_transformers",
    "torch",
    "transformers",
    "vllm",
}


def python(*code: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "\n".join(code)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
        timeout=120,
    )


@pytest.mark.parametrize("args", [["--help"], ["--version"], []])
def test_the_root_imports_nothing_heavy(args: list[str]) -> None:
    done = python(
        "import sys",
        "from ragreason.cli.main import invoke",
        f"invoke({args!r})",
        "sys.stdout = sys.stderr",
        "print('\\nMODULES', *sys.modules)",
    )
    loaded = {name.partition(".")[0] for name in done.stderr.split("MODULES")[1].split()}
    assert "typer" in loaded
    assert not loaded & HEAVY
    assert "pydantic" not in loaded


def test_import_ragreason_imports_only_itself() -> None:
    done = python(
        "import sys; before = set(sys.modules); import ragreason",
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})",
    )
    assert set(done.stdout.split()) - sys.stdlib_module_names == {"ragreason"}


def test_help_starts_within_twice_the_time_of_an_empty_typer_program() -> None:
    empty = "import typer; a = typer.Typer(rich_markup_mode=None); a.command()(lambda: None); a()"
    ours = "from ragreason.cli.main import main; main()"

    def seconds(code: str) -> float:
        started = time.perf_counter()
        assert python(f"import sys; sys.argv[1:] = ['--help']; {code}").returncode == 0
        return time.perf_counter() - started

    ratio = min(seconds(ours) for _ in range(5)) / min(seconds(empty) for _ in range(5))
    print(f"ragreason --help takes {ratio:.2f} times an empty typer program")
    assert ratio < 2


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_there_and_its_help_line_is_the_one_in_the_table(name: str) -> None:
    command = cli.load(name)
    assert command.name == name
    assert command.help, f"{name} has no docstring"
    assert command.help.strip().splitlines()[0] == cli.COMMANDS[name].help


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_shows_its_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke([name, "--help"]) == 0
    assert f"Usage: ragreason {name}" in capsys.readouterr().out


def test_help_lists_every_command_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(["--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for name, mount in cli.COMMANDS.items():
        assert f" {name} {mount.help}" in shown


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["rum"], "Did you mean 'run'?"),
        (["--nope"], "No such option: --nope"),
        (["doctor", "--jsn"], "see 'ragreason doctor --help'"),
        (["doctor", "extra"], "unexpected extra argument"),
    ],
)
def test_a_usage_error_is_one_line_and_exits_2(
    args: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.invoke(args) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert part in err


Outcome = tuple[int, str, str]


@pytest.fixture
def outcome(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[BaseException], Outcome]:
    """Exit code, output and error output of a command that raises."""

    def run(error: BaseException) -> Outcome:
        def fail() -> None:
            """Fail."""
            raise error

        module = ModuleType("ragreason_failing")
        vars(module)["fail"] = fail
        monkeypatch.setitem(sys.modules, module.__name__, module)
        mount = cli.Mount("ragreason_failing:fail", "Fail.")
        monkeypatch.setattr(cli, "COMMANDS", {"fail": mount})
        code = cli.invoke(["fail"])
        return code, *capsys.readouterr()

    monkeypatch.delenv("RAGREASON_DEBUG", raising=False)
    return run


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ConfigError("no graph 'x'"), 2, "error: no graph 'x'\n"),
        (EngineError("the server\n  hung up"), 1, "error: the server hung up\n"),
        (
            KeyError("name"),
            1,
            "error: unexpected KeyError: 'name'; RAGREASON_DEBUG=1 shows where\n",
        ),
        (typer.BadParameter("no"), 2, "error: Invalid value: no; see 'ragreason fail --help'\n"),
        (typer.Exit(3), 3, ""),
    ],
)
def test_an_error_is_one_line_and_the_exit_code_of_its_class(
    error: Exception, code: int, line: str, outcome: Callable[[BaseException], Outcome]
) -> None:
    assert outcome(error) == (code, "", line)


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), typer.Abort()])
def test_an_interrupt_exits_130_without_a_traceback(
    stop: BaseException, outcome: Callable[[BaseException], Outcome]
) -> None:
    code, out, err = outcome(stop)
    assert (code, out) == (130, "")
    assert "Traceback" not in err


def test_debug_shows_the_traceback(
    monkeypatch: pytest.MonkeyPatch, outcome: Callable[[BaseException], Outcome]
) -> None:
    monkeypatch.setenv("RAGREASON_DEBUG", "1")
    with pytest.raises(ConfigError, match="no graph"):
        outcome(ConfigError("no graph 'x'"))


def test_with_json_only_the_document_reaches_standard_output(tmp_path: Path) -> None:
    (tmp_path / "noisy.py").write_text(
        "import os, subprocess\n"
        "from ragreason.cli.output import Json, print_json\n"
        "def noisy(json: Json = False) -> None:\n"
        "    os.write(1, b'a native library talks\\n')\n"
        "    subprocess.run(['echo', 'a child talks'], check=True)\n"
        "    print_json({'answer': '\\u5317\\u4eac'})\n"
    )
    done = python(
        "from ragreason.cli import main as cli",
        "cli.COMMANDS = {'noisy': cli.Mount('noisy:noisy', 'Talk.')}",
        "cli.main(['noisy', '--json'])",
        PYTHONPATH=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"answer": "\u5317\u4eac"}
    assert "native library" in done.stderr
    assert "child" in done.stderr


@pytest.mark.parametrize("args", [["--help"], ["doctor", "--json"]])
def test_a_reader_that_leaves_early_gets_no_traceback(args: list[str]) -> None:
    code = f"from ragreason.cli.main import main; main({args})"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert done.returncode == 1
    assert done.stderr == ""


def leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command that is no group, with its path."""
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from leaves(inner, f"{path} {name}")
    else:
        yield path, command


def test_every_command_takes_json_and_says_what_it_does() -> None:
    found = [leaf for name in cli.COMMANDS for leaf in leaves(cli.load(name), name)]
    assert len(found) > len(cli.COMMANDS)
    without = [p for p, c in found if "--json" not in {o for q in c.params for o in q.opts}]
    assert without == []
    assert [path for path, command in found if not command.help] == []


def test_every_option_says_what_it_is_for() -> None:
    found = [leaf for name in cli.COMMANDS for leaf in leaves(cli.load(name), name)]
    silent = [f"{p} {q.name}" for p, c in found for q in c.params if not getattr(q, "help", None)]
    assert silent == []
