"""What the recording of samples refuses."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).parents[2] / "benchmarks" / "samples.py"


@pytest.fixture
def samples() -> ModuleType:
    spec = importlib.util.spec_from_file_location("samples", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_samples_of_other_prompts_are_not_gone_on_with(samples: ModuleType, tmp_path: Path) -> None:
    samples.check_same(tmp_path)
    samples.check_same(tmp_path)
    made_of = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    (tmp_path / "run.json").write_text(json.dumps(made_of | {"prompts": "old"}), encoding="utf-8")
    with pytest.raises(SystemExit, match="another prompts; give another --out"):
        samples.check_same(tmp_path)
