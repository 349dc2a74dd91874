"""A package of five parts, as docs/package.md shows it: built, installed, and used by name."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
QUESTION = "Who designed the Sallow Bridge?"
PARTS = ("nodes", "policies", "verifiers", "strategies", "retrievers")


def run(command: list[str], folder: Path, **env: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env={**os.environ, **env},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's files, each put together from its blocks."""
    folder = tmp_path_factory.mktemp("five")
    page = (ROOT / "docs/package.md").read_text(encoding="utf-8")
    for name, text in re.findall(r"^```\w+ ([\w.]+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text)
    return folder


@pytest.fixture(scope="module")
def installed(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the package was installed by pip, from a wheel of its own."""
    target = tmp_path_factory.mktemp("site")
    code = f"from hatchling.build import build_wheel; print(build_wheel({str(target)!r}))"
    wheel = run([sys.executable, "-c", code], written).split()[-1]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    run([*pip, "--target", str(target), str(target / wheel)], target)
    return target


def ragreason(installed: Path, folder: Path, *args: str, **env: str) -> str:
    code = f"from ragreason.cli.main import main; main({list(args)!r})"
    path = os.pathsep.join((str(installed), str(ROOT)))
    return run([sys.executable, "-c", code], folder, PYTHONPATH=path, **env)


def test_all_five_are_known_by_name(installed: Path, written: Path) -> None:
    code = f"from ragreason.registry import known; print([known(k)[:] for k in {PARTS!r}])"
    names = run([sys.executable, "-c", code], written, PYTHONPATH=f"{installed}:{ROOT}")
    for name in ("capitals", "guess", "short", "pair", "titles"):
        assert f"'{name}'" in names


def test_a_graph_runs_on_all_five_without_a_flag(
    installed: Path, written: Path, index_dir: Path
) -> None:
    script = {"rules": [{"when": "Who", "reply": ["Somebody whose name is long", "Edda Quill"]}]}
    (written / "script.yaml").write_text(json.dumps(script), encoding="utf-8")
    arguments = ("run", "five.yaml", QUESTION, "--index", str(index_dir), "--json")
    environment = {"RAGREASON_MODEL": "scripted:script.yaml", "RAGREASON_EMBEDDER": "hashing"}
    assert ragreason(installed, written, "graph", "validate", "five.yaml") == "five.yaml: ok\n"
    answer = json.loads(ragreason(installed, written, *arguments, **environment))["answer"]
    assert answer["text"] == "EDDA QUILL", "the shorter of two, in capitals"
    assert len(answer["retrieved"]) == 1, "the one passage whose title the question names"
