"""Do the tests notice the field's known mistakes? Each is a small patch in tests/mutants.

    python tools/run_mutants.py [NAME...]

A patch begins with lines `mistake: ...` and `tests: PATH...`. It is applied to a copy of the
package, and the tests it names must fail there: by an assertion, not because nothing could run.
Without patch they must pass. Exit code 1 where a mutant survives.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "mutants"
COPIED = ("ragreason", "tests", "graphs", "corpora", "docs", "tools")
FILES = ("pyproject.toml", "constraints.txt", "README.md", "Makefile", "CHANGELOG.md")
PASSED, FAILED = 0, 1
AT_ONCE = 2


@dataclass(frozen=True)
class Mutant:
    """One known mistake: what it is, which tests must notice it, and the change itself."""

    name: str
    mistake: str
    tests: tuple[str, ...]
    patch: Path


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant; `told` is the line by which the tests noticed it."""

    mutant: Mutant
    killed: bool
    told: str


def read_mutant(path: Path) -> Mutant:
    """Raises ValueError for a patch whose head does not say what it is."""
    head = path.read_text(encoding="utf-8").partition("\n--- ")[0]
    mistake = re.search(r"^mistake: (.+)$", head, re.MULTILINE)
    tests = re.search(r"^tests: (.+)$", head, re.MULTILINE)
    if mistake is None or tests is None:
        raise ValueError(f"{path}: a patch begins with 'mistake: ...' and 'tests: PATH...'")
    return Mutant(path.stem, mistake[1], tuple(tests[1].split()), path)


def mutants(names: Sequence[str] = ()) -> list[Mutant]:
    """All of them, or those named, by name."""
    paths = [FOLDER / f"{name}.patch" for name in names] or sorted(FOLDER.glob("*.patch"))
    return [read_mutant(path) for path in paths]


def copy_to(folder: Path) -> None:
    """What the tests need of the project."""
    ignored = shutil.ignore_patterns("__pycache__", "mutants")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)


def run_tests(folder: Path, tests: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """The tests in the copy, on the copy's package, ended by the first failure."""
    data = Path(os.environ.get("RAGREASON_DATA", ROOT.parent / "shared" / "data")).resolve()
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "RAGREASON_DATA": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )


def try_mutant(mutant: Mutant) -> Outcome:
    """Patch a copy and run the tests that must fail."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        copy_to(folder)
        command = ["git", "apply", "--unsafe-paths", "--directory", made, str(mutant.patch)]
        applied = subprocess.run(command, cwd=made, capture_output=True, text=True, check=False)
        if applied.returncode != 0:
            return Outcome(mutant, False, f"does not apply: {applied.stderr.strip()[:200]}")
        done = run_tests(folder, mutant.tests)
    failed = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    killed = done.returncode == FAILED and bool(failed)
    told = failed[0] if failed else f"pytest ended with {done.returncode}"
    return Outcome(mutant, killed, told)


def main() -> None:
    """Try each and say which test noticed it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    chosen = mutants(parser.parse_args().names)
    tests = sorted({test for mutant in chosen for test in mutant.tests})
    with tempfile.TemporaryDirectory() as made:
        copy_to(Path(made))
        whole = run_tests(Path(made), tests)
    if whole.returncode != PASSED:
        sys.exit(f"the tests fail without any mutant:\n{whole.stdout[-2000:]}")
    survivors = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for outcome in pool.map(try_mutant, chosen):
            survivors += not outcome.killed
            word = "killed  " if outcome.killed else "SURVIVED"
            print(f"{word} {outcome.mutant.name}: {outcome.mutant.mistake}", flush=True)
            print(f"         {outcome.told}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants killed")
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
