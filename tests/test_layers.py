"""The import contracts in pyproject.toml: they hold, they bite, and they leave nothing out."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS: list[dict[str, Any]] = PROJECT["tool"]["importlinter"]["contracts"]

LIGHT = {"filelock", "numpy", "pydantic", "pyyaml", "ruamel.yaml"}
"""Dependencies that any layer may import, at the top of a file."""

MODULES = {
    "faiss-cpu": "faiss",
    "faiss-gpu": "faiss",
    "langgraph-checkpoint-postgres": "langgraph",
    "langgraph-checkpoint-sqlite": "langgraph",
    "opentelemetry-exporter-otlp-proto-http": "opentelemetry",
    "opentelemetry-sdk": "opentelemetry",
    "scikit-learn": "sklearn",
    "sentence-transformers": "sentence_transformers",
}
"""Packages whose module has another name than the package, `-` and `_` apart."""


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package and its contracts, to plant violations in."""
    if shutil.which("lint-imports", path=str(Path(sys.executable).parent)) is None:
        pytest.skip("import-linter is not installed; `make check` installs it")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ignored = shutil.ignore_patterns("__pycache__", "*.txt")
    shutil.copytree(ROOT / "ragreason", tmp_path / "ragreason", ignore=ignored)
    return tmp_path


def test_the_contracts_hold(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("types.py", "from ragreason.tree import Tree", "imports flow down only"),
        ("policies/cot.py", "from ragreason.search import greedy", "imports flow down only"),
        ("nodes/retrieve.py", "from ragreason.datasets import load", "never sees gold"),
        ("search/greedy.py", "import ragreason.worlds", "never sees gold"),
        ("nodes/verify.py", "import ragreason.simulation", "imports flow down only"),
        ("simulation/drive.py", "import ragreason.evaluation", "imports flow down only"),
        ("verification/judge.py", "import ragreason.evaluation.oracle", "never sees gold"),
        ("nodes/rewrite.py", "def f() -> None:\n    import torch", "torch: "),
        ("corpus/chunk.py", "def f() -> None:\n    import langgraph", "langgraph: "),
        ("cli/doctor.py", "def f() -> None:\n    import openvino_genai", "openvino: "),
        ("unheard_of.py", "", "imports flow down only"),
    ],
)
def test_a_planted_violation_breaks_its_contract(
    file: str, line: str, contract: str, copy: Path
) -> None:
    with (copy / "ragreason" / file).open("a", encoding="utf-8") as module:
        module.write(f"\n{line}\n")
    done = lint(copy)
    broken = [found for found in done.stdout.splitlines() if " BROKEN" in found]
    assert done.returncode == 1
    assert any(contract in found for found in broken), done.stdout


def test_every_dependency_is_confined_or_light() -> None:
    confined = {m for c in CONTRACTS if c["type"] == "forbidden" for m in c["forbidden_modules"]}
    wanted = {module(line) for line in dependencies()}
    assert wanted - confined - LIGHT == set()
    assert wanted >= {"faiss", "langgraph", "openvino_genai", "sentence_transformers"}


def test_the_answering_side_is_all_that_is_not_above_or_beside_it() -> None:
    contract = next(c for c in CONTRACTS if c["name"] == "the answering side never sees gold")
    listed = {name.removeprefix("ragreason.") for name in contract["source_modules"]}
    may_see_gold = set(
        "cli datasets evaluation integrations report serving simulation training worlds".split()
    )
    below = {"concurrency", "errors", "seeds", "text", "types"}
    here = {p.stem for p in (ROOT / "ragreason").iterdir() if not p.name.startswith("_")}
    here = {name for name in here if name.isidentifier()} - {"py"}
    assert here - may_see_gold - below == listed


def dependencies() -> list[str]:
    """Every requirement of the package itself and of the extras that its code imports."""
    extras: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
    tools = {"check", "test"}
    return [
        *PROJECT["project"]["dependencies"],
        *(line for extra, lines in extras.items() if extra not in tools for line in lines),
    ]


def module(requirement: str) -> str:
    name = re.split(r"[\[<>=~! ;]", requirement, maxsplit=1)[0]
    return MODULES.get(name, name.replace("-", "_"))


def test_the_documentation_draws_the_layers_that_are_checked() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    drawn = page.partition("## Layers")[2].split("```")[1].splitlines()[1:]
    checked = next(c for c in CONTRACTS if c["type"] == "layers")["layers"]
    assert drawn == [re.sub("[()]", "", layer) for layer in checked]
