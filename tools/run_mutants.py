"""Do the tests notice the field's known mistakes? Each is a small patch in tests/mutants.

    python tools/run_mutants.py [NAME...]
    python tools/run_mutants.py --list

A patch begins with lines `mistake: ...` and `tests: PATH[::NAME]...`. It is applied to a copy of
the package, and the tests it names must fail there: by an assertion, not because nothing could run.
Without patch they must pass. Ends with a table; exit code 1 unless all mutants are killed.
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
from typing import Literal

from ragreason.errors import ConfigError, nearest

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "mutants"
COPIED = ("ragreason", "tests", "graphs", "corpora", "docs", "tools")
FILES = ("pyproject.toml", "constraints.txt", "README.md", "Makefile", "CHANGELOG.md")
PASSED, FAILED = 0, 1
AT_ONCE = 2
_FAILED = re.compile(r"^FAILED (.+?)(?: - (.*))?$", re.MULTILINE)
_CRASH = re.compile(r"(?:Attribute|Import|Name|ModuleNotFound|Syntax|Type|UnboundLocal)Error\b")


@dataclass(frozen=True)
class Mutant:
    """One known mistake: what it is, which tests must notice it, and the change itself."""

    name: str
    mistake: str
    tests: tuple[str, ...]
    patch: Path


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant, and what told so: the test that failed, else what went wrong."""

    mutant: Mutant
    end: Literal["killed", "survived", "crashed", "does not apply"]
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
    """All of them, or those named, by name. Raises ConfigError for a name that there is not."""
    known = {path.stem: path for path in sorted(FOLDER.glob("*.patch"))}
    for name in names:
        if name not in known:
            near = nearest(name, known)
            advice = f"did you mean '{near}'?" if near else "--list shows them"
            raise ConfigError(f"no mutant '{name}'; {advice}")
    return [read_mutant(known[name]) for name in names or known]


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
    command = [sys.executable, "-m", "pytest", "-x", "-rf", "-p", "no:cacheprovider", *tests]
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
            return Outcome(mutant, "does not apply", " ".join(applied.stderr.split()))
        done = run_tests(folder, mutant.tests)
    return judged(mutant, done.returncode, done.stdout)


def judged(mutant: Mutant, code: int, said: str) -> Outcome:
    """What pytest's exit code and summary mean: a test that crashed has not noticed anything."""
    found = _FAILED.search(said)
    if code == PASSED:
        return Outcome(mutant, "survived", f"passed: {' '.join(mutant.tests)}")
    if code != FAILED or found is None:
        return Outcome(mutant, "crashed", f"pytest ended with {code}: {said.strip()[-200:]}")
    if _CRASH.match(found[2] or ""):
        return Outcome(mutant, "crashed", f"{found[1]}: {found[2]}")
    return Outcome(mutant, "killed", found[1])


def table(outcomes: Sequence[Outcome]) -> str:
    """A line for each: what became of it, the mistake, and which test told so."""
    rows = [(o.end, o.mutant.name, o.mutant.mistake, o.told) for o in outcomes]
    wide = [max(len(row[column]) for row in rows) for column in range(2)]
    return "\n".join(
        f"{end:{wide[0]}}  {name:{wide[1]}}  {mistake}\n{'':{sum(wide) + 4}}{told}"
        for end, name, mistake, told in rows
    )


def main() -> None:
    """Try each, and say which test noticed it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    parser.add_argument("--list", action="store_true", help="show names and mistakes, run nothing")
    given = parser.parse_args()
    try:
        chosen = mutants(given.names)
    except ConfigError as error:
        parser.error(str(error))
    if given.list:
        wide = max(len(mutant.name) for mutant in chosen)
        print("\n".join(f"{mutant.name:{wide}}  {mutant.mistake}" for mutant in chosen))
        return
    tried(chosen)


def tried(chosen: Sequence[Mutant]) -> None:
    """Try them, print what became of each, and exit with 1 unless all are killed."""
    tests = sorted({test for mutant in chosen for test in mutant.tests})
    with tempfile.TemporaryDirectory() as made:
        copy_to(Path(made))
        whole = run_tests(Path(made), tests)
    if whole.returncode != PASSED:
        sys.exit(f"the tests fail without any mutant:\n{whole.stdout[-2000:]}")
    outcomes = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for outcome in pool.map(try_mutant, chosen):
            outcomes.append(outcome)
            print(f"{len(outcomes)}/{len(chosen)} {outcome.mutant.name}: {outcome.end}", flush=True)
    killed = sum(outcome.end == "killed" for outcome in outcomes)
    print(f"\n{table(outcomes)}\n\n{killed} of {len(chosen)} mutants killed")
    sys.exit(0 if killed == len(chosen) else 1)


if __name__ == "__main__":
    main()
