"""The patches of tests/mutants say what they are and fit the code; `make mutants` runs them."""

import subprocess
from pathlib import Path

import pytest

from tools.run_mutants import Mutant, mutants, read_mutant

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
