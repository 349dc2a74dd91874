"""Every snippet of the documentation runs. CONTRIBUTING.md says how it is written to be run."""

import ast
import asyncio
import inspect
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
import typer
from typer.core import TyperGroup

from ragreason.cli import main as cli
from ragreason.graph.library import validate_graph
from ragreason.settings import Settings

ROOT = Path(__file__).parents[2]
ELSEWHERE = {"cd", "curl", "git", "kill", "python", "vllm"}
"""Programs whose commands are shown and not run."""


class Block(Protocol):
    """What the fixture gives: see conftest.py."""

    place: str
    line: int
    language: str
    mode: str
    text: str


@dataclass
class Shown:
    """A block made up for a test of these checks."""

    place: str
    line: int
    language: str
    mode: str
    text: str


def test_snippets(
    page: Path,
    blocks: list[Block],
    workplace: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    names: dict[str, Any] = {"__name__": "snippet"}
    for block in blocks:
        if "." in block.mode:
            with (workplace / block.mode).open("a", encoding="utf-8") as file:
                file.write(block.text)
        if block.language == "python":
            run_python(block, page, names)
        elif block.language in {"console", "bash", "sh"}:
            for command, shown in commands(block):
                run_command(command, shown, block, monkeypatch, capfd)
        elif block.language == "yaml":
            check_yaml(block, workplace)
        else:
            assert block.language in {"text", "mermaid", "json"}, block.place


def run_python(block: Block, page: Path, names: dict[str, Any]) -> None:
    """In the namespace of the page; `await` works at the top, as in a notebook."""
    source = "\n" * block.line + block.text
    code = compile(source, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if block.mode == "parse":
        return
    result = eval(code, names)
    if inspect.iscoroutine(result):
        asyncio.run(result)


def commands(block: Block) -> list[tuple[str, list[str]]]:
    """Each `$ command` of a console block with the output shown below it; in a bash block every
    line is a command.
    """
    found: list[tuple[str, list[str]]] = []
    for line in block.text.replace("\\\n", " ").splitlines():
        if block.language != "console" or line.startswith("$ "):
            if line.strip() and not line.startswith("#"):
                found.append((line.removeprefix("$ "), []))
        else:
            assert found, f"{block.place}: output before the first `$ command`"
            found[-1][1].append(line)
    return found


def run_command(
    command: str,
    shown: Sequence[str],
    block: Block,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    words = shlex.split(command, comments=True)
    program, args = words[0], words[1 : words.index("|") if "|" in words else None]
    if program == "ragreason" and block.mode == "parse":
        parse(args)
    elif program == "ragreason":
        expected = [line for line in shown if line.startswith("error: ")]
        code = cli.invoke(args)
        out, err = capfd.readouterr()
        assert (code == 0) is (not expected), f"{block.place}: {command}\n{out}{err}"
        assert all(line in err for line in expected), f"{block.place}: {command}\n{err}"
    elif program == "make":
        done = subprocess.run(["make", "-n", *args], cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == 0, f"{block.place}: {command}"
    elif program == "pip":
        check_extras(command, block)
    elif program == "export":
        name, _, value = args[0].partition("=")
        field = name.removeprefix("RAGREASON_").lower()
        assert field in Settings.model_fields, f"{block.place}: no setting {name}"
        monkeypatch.setenv(name, os.path.expandvars(value))
    else:
        assert program in ELSEWHERE, f"{block.place}: nobody checks '{program}'"


def parse(args: Sequence[str]) -> None:
    """The command exists and takes these arguments. Raises a usage error."""
    command: Any = cli.root()
    context: Any = typer.Context(command, info_name="ragreason")
    rest = list(args)
    while isinstance(command, TyperGroup):
        name, command, rest = command.resolve_command(context, rest)
        if not isinstance(command, TyperGroup):
            command.make_context(name, rest, parent=context)
        context = typer.Context(command, info_name=name, parent=context)


def check_extras(command: str, block: Block) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for extras in re.findall(r"\[([\w,-]+)\]", command):
        unknown = set(extras.split(",")) - set(project["optional-dependencies"])
        assert not unknown, f"{block.place}: no extra {unknown}"


def check_yaml(block: Block, folder: Path) -> None:
    """A whole graph file is checked as `ragreason graph validate` does, with the modules of the
    page allowed; a fragment is left alone.
    """
    if re.search(r"^nodes:", block.text, re.MULTILINE) and "version:" in block.text:
        path = folder / "block.yaml"
        path.write_text(block.text, encoding="utf-8")
        errors = validate_graph(path, [module.stem for module in folder.glob("*.py")])
        assert not errors, f"{block.place}: {errors[0]}"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("ragreason run --nope", "No such option"),
        ("ragreason doctor extra", "unexpected extra argument"),
        ("ragreason rum", "No such command"),
        ("ragreason trace lst", "No such command"),
    ],
)
def test_a_wrong_command_does_not_parse(command: str, message: str) -> None:
    with pytest.raises(typer.TyperException) as caught:
        parse(command.split()[1:])
    assert message in caught.value.format_message()


def test_generated_parts_are_up_to_date() -> None:
    script = [sys.executable, str(ROOT / "tools/write_docs.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", text)
    lost = [link for link in links if not (page.parent / link).exists()]
    assert not lost


@pytest.mark.parametrize(
    ("policy", "complaint"),
    [
        ("{use: cot, temperature: 0.7}", None),
        ("cot", "draws 8 samples"),
        ("{use: graph, graph: nowhere}", "unknown graph"),
    ],
)
def test_a_graph_that_would_not_validate_is_noticed(
    tmp_path: Path, policy: str, complaint: str | None
) -> None:
    text = f"""
version: 1
name: x
paradigm: baseline
nodes:
  solve: {{use: reason, policy: {policy}, strategy: majority}}
  answer: {{use: answer}}
edges: [[START, solve], [solve, answer], [answer, END]]
"""
    block = Shown("page.md:1", 1, "yaml", "", text)
    if complaint is None:
        check_yaml(block, tmp_path)
    else:
        with pytest.raises(AssertionError, match=complaint):
            check_yaml(block, tmp_path)
