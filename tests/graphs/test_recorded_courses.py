"""Each shipped graph takes the course that it took with a real model, from recorded replies."""

import asyncio
import json
from pathlib import Path

import pytest

from ragreason.generation.replay import Replay
from ragreason.graph.library import shipped_graphs
from tests.graphs.recorded import COURSES, build, recording, run, seen

COURSES_SEEN = json.loads(COURSES.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sample_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample") / "index"
    asyncio.run(build(out))
    return out


@pytest.mark.parametrize("graph", shipped_graphs())
async def test_a_real_models_replies_lead_where_they_led(graph: str, sample_index: Path) -> None:
    assert recording(graph).exists(), f"run `python -m tests.graphs.recorded {graph}`"
    found = seen(await run(graph, Replay(recording(graph)), sample_index))
    known = COURSES_SEEN[graph]
    assert sorted(found.pop("course")) == sorted(known["course"]), "in any order: branches race"
    assert found.items() <= known.items(), f"look, then `python -m tests.graphs.recorded {graph}`"


def test_no_recording_is_of_a_graph_that_does_not_ship() -> None:
    assert {path.stem for path in recording("x").parent.glob("*.jsonl")} == set(shipped_graphs())
    assert COURSES_SEEN.keys() == set(shipped_graphs())
