"""The wheel: what it carries, and that it works outside the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built once with the build back end that pyproject.toml names."""
    folder = tmp_path_factory.mktemp("wheel")
    code = f"from hatchling.build import build_wheel; print(build_wheel({str(folder)!r}))"
    name = run([sys.executable, "-c", code], ROOT).stdout.split()[-1]
    return folder / name


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel installed without dependencies, in a folder outside the checkout."""
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    run([*pip, "--target", str(target), str(wheel)], target)
    return target


def run(command: list[str], folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
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
    return done


def ragreason(installed: Path, *args: str) -> str:
    """What the installed command prints, run in a folder outside the checkout."""
    code = (
        "import sys; import ragreason; "
        f"assert ragreason.__file__.startswith({str(installed)!r}), ragreason.__file__; "
        f"from ragreason.cli.main import main; main({list(args)!r})"
    )
    folder = installed / "elsewhere"
    folder.mkdir(exist_ok=True)
    return run([sys.executable, "-c", code], folder, PYTHONPATH=str(installed)).stdout


def test_the_wheel_carries_what_the_package_reads(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "ragreason/py.typed" in names
    for folder in ("graphs", "corpora"):
        here = {p.relative_to(ROOT) for p in (ROOT / folder).rglob("*") if p.is_file()}
        assert {f"ragreason/_data/{path.as_posix()}" for path in here} <= names
        assert here
    prompts = (ROOT / "ragreason/prompts").rglob("*.txt")
    assert {p.relative_to(ROOT).as_posix() for p in prompts} <= names
    page = [p for p in (ROOT / "ragreason/serving/page").iterdir() if p.is_file()]
    assert {p.relative_to(ROOT).as_posix() for p in page} <= names
    assert page


def test_the_wheel_carries_the_licence_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"ragreason"}
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_the_installed_command_lists_the_graphs_that_ship(installed: Path) -> None:
    listed = ragreason(installed, "graph", "list")
    for graph in (ROOT / "graphs").glob("*.yaml"):
        assert graph.stem in listed


def test_the_installed_package_reads_its_own_graphs(installed: Path) -> None:
    assert str(installed) in ragreason(installed, "doctor")


@pytest.mark.model
def test_the_installed_demo_answers_with_citations(installed: Path) -> None:
    shown = ragreason(installed, "demo", "--questions", "1", "--graph", "naive_rag")
    assert "[1]" in shown
