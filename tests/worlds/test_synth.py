"""The command `ragreason data synth`."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ragreason.cli.synth import synth
from ragreason.errors import ConfigError


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(synth)
    return made


def test_json_names_what_was_written(app: typer.Typer, tmp_path: Path) -> None:
    out = tmp_path / "w"
    given = ["--questions", "12", "--hops", "2-3", "--seed", "5", "--out", str(out), "--json"]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["questions"] == len((out / "questions.jsonl").read_text().splitlines()) == 12
    assert said["by_hops"] == {"2": 7, "3": 5}
    assert json.loads((out / "world.json").read_text())["seed"] == 5


def test_written_worlds_load_as_datasets(app: typer.Typer, tmp_path: Path) -> None:
    from ragreason.datasets.load import load_dataset

    out = tmp_path / "w"
    CliRunner().invoke(app, ["--questions", "9", "--out", str(out)])
    dataset = load_dataset(f"world:{out}")
    assert len(dataset.examples) == 9
    assert all(len(e.gold.support_ids) == e.gold.hops for e in dataset.examples)
    known = {p.id for p in dataset.passages}
    assert all(set(e.gold.support_ids) <= known for e in dataset.examples)


def test_wrong_hops_write_nothing(app: typer.Typer, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--hops", "9", "--out", str(tmp_path / "w")])
    assert isinstance(result.exception, ConfigError)
    assert not (tmp_path / "w").exists()
