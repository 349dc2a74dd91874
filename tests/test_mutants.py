"""The patches of tests/mutants say what they are and fit the code; `make mutants` runs them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.run_mutants import Mutant, Outcome, judged, mutants, read_mutant, table, try_mutant

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name)
def test_a_mutant_applies_and_its_tests_exist(mutant: Mutant) -> None:
    done = subprocess.run(
        ["git", "apply", "--check", str(mutant.patch)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{mutant.patch} no longer applies: {done.stderr}"
    assert all((ROOT / test.partition("::")[0]).exists() for test in mutant.tests)


def test_no_two_mutants_are_the_same_mistake() -> None:
    mistakes = [mutant.mistake for mutant in mutants()]
    assert len(set(mistakes)) == len(mistakes)


def test_a_patch_that_does_not_say_what_it_is_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.patch"
    path.write_text("--- a/x\n+++ b/x\n", encoding="utf-8")
    with pytest.raises(ValueError, match="begins with 'mistake"):
        read_mutant(path)


@pytest.mark.parametrize(
    ("code", "said", "end"),
    [
        (1, "FAILED tests/a.py::test_b[1-x y] - assert 1 == 2\n", "killed"),
        (1, "FAILED tests/a.py::test_b - Failed: DID NOT RAISE <class 'ValueError'>\n", "killed"),
        (1, "FAILED tests/a.py::test_b - NameError: name 'x' is not defined\n", "crashed"),
        (1, "ERROR tests/a.py::test_b - OSError: no such file\n", "crashed"),
        (2, "ERROR tests/a.py\n", "crashed"),
        (4, "", "crashed"),
        (0, "1 passed\n", "survived"),
    ],
)
def test_only_a_test_that_fails_in_its_own_terms_kills(code: int, said: str, end: str) -> None:
    outcome = judged(Mutant("m", "a mistake", ("tests/a.py",), Path("m.patch")), code, said)
    assert outcome.end == end
    assert "tests/a.py" in outcome.told or code == 4


def test_a_patch_that_does_not_fit_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.patch"
    path.write_text(
        "mistake: x\ntests: tests/test_seeds.py\n--- a/ragreason/seeds.py\n"
        "+++ b/ragreason/seeds.py\n@@ -1 +1 @@\n-no such line\n+another\n",
        encoding="utf-8",
    )
    outcome = try_mutant(read_mutant(path))
    assert (outcome.end, "ragreason/seeds.py" in outcome.told) == ("does not apply", True)


def test_the_table_names_each_mutant_its_end_and_who_told_so() -> None:
    mutant = Mutant("no_virtual_loss", "a mistake", ("tests/a.py",), Path("m.patch"))
    said = table([Outcome(mutant, "killed", "tests/a.py::test_b")])
    assert said.split() == ["killed", "no_virtual_loss", "a", "mistake", "tests/a.py::test_b"]


def run(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "tools/run_mutants.py", *args]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_wrong_name_is_told_with_the_nearest_one() -> None:
    name = mutants()[0].name
    done = run(f"{name}x")
    assert done.returncode == 2
    assert f"no mutant '{name}x'; did you mean '{name}'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_list_has_a_line_for_each_and_runs_nothing() -> None:
    done = run("--list")
    assert done.returncode == 0
    shown = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    assert shown == [[mutant.name, mutant.mistake] for mutant in mutants()]
