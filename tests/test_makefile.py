"""The Makefile: what a fresh machine meets."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that make looks at, and nothing installed."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(clone: Path, *args: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--no-print-directory", *args]
    return subprocess.run(
        command, cwd=clone, capture_output=True, text=True, check=False, env=env, timeout=60
    )


def installed(clone: Path, stamp: str) -> None:
    """A venv in which `stamp` was reached after the last change of pyproject.toml."""
    (clone / ".venv/bin").mkdir(parents=True)
    for file in (clone / ".venv/bin/python", clone / ".venv" / stamp):
        file.touch()
        os.utime(file, (4e9, 4e9))


@pytest.mark.parametrize(
    ("target", "extras"), [("demo", "cpu"), ("test", "cpu,test"), ("check", "cpu,test,check")]
)
def test_the_first_time_installs_what_the_target_needs(
    target: str, extras: str, clone: Path
) -> None:
    plan = make(clone, "-n", target).stdout
    assert "-m venv .venv" in plan
    assert f"--editable '.[{extras}]'" in plan
    assert "--constraint constraints.txt" in plan


@pytest.mark.parametrize("target", ["demo", "test", "check"])
def test_the_second_time_installs_nothing(target: str, clone: Path) -> None:
    installed(clone, f".{target}")
    plan = make(clone, "-n", target).stdout
    assert "pip install" not in plan
    assert "venv .venv" not in plan


def test_bench_reports_and_does_not_record_for_hours(clone: Path) -> None:
    installed(clone, ".test")
    (clone / "benchmarks").mkdir()
    for name in ("samples.py", "search.py"):
        (clone / "benchmarks" / name).touch()
    plan = make(clone, "-n", "bench").stdout
    assert "benchmarks/search.py" in plan
    assert "samples.py" not in plan


def test_a_change_of_the_dependencies_installs_again(clone: Path) -> None:
    installed(clone, ".demo")
    os.utime(clone / "pyproject.toml", (4.1e9, 4.1e9))
    assert "pip install" in make(clone, "-n", "demo").stdout


def test_an_old_python_is_refused_in_one_line_that_helps(clone: Path) -> None:
    old = clone / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.18"\nexit 1\n')
    old.chmod(0o755)
    done = make(clone, "demo", f"PYTHON={old}")
    assert done.returncode != 0
    line = done.stderr.splitlines()[0]
    assert line.startswith("error: ragreason needs Python 3.11 or newer")
    assert "Python 3.9.18; try: make PYTHON=python3.12 demo" in line
    assert not (clone / ".venv").exists()


def test_every_target_is_a_name_not_a_file(clone: Path) -> None:
    for target in ("demo", "test", "test-all", "check", "docs", "bench"):
        (clone / target).touch()
        assert make(clone, "-n", target).stdout.strip(), target


def test_ci_runs_check_and_then_test_and_stops_at_the_first_failure(tmp_path: Path) -> None:
    """With a make that writes down what it was asked, and fails where it is told to."""
    (tmp_path / "make").write_text('#!/bin/sh\necho "$@"\n[ "$1" != "$FAIL" ]\n')
    (tmp_path / "make").chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}

    def ci(fail: str) -> tuple[int, str]:
        command = ["bash", str(ROOT / ".ci/run")]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**env, "FAIL": fail}
        )
        return done.returncode, done.stdout

    assert ci("") == (0, "check\ntest\n")
    assert ci("check") == (1, "check\n")
    assert ci("test") == (1, "check\ntest\n")
