"""Runs are kept as files and come back equal."""

from pathlib import Path

import pytest

from ragreason import traces
from ragreason.errors import ConfigError, DataError
from ragreason.events import TraceEvent
from ragreason.types import Answer, Hit, Passage, Question, Step, Usage, Verdict

QUESTION = Question(id="q", text="Who?\u2028Where?\x85", metadata={"hops": 2})
HIT = Hit(
    passage=Passage(id="p", title="T\u2029", text="a\x85b\r\n\u2028c \x1c", page=3),
    score=0.5,
    rank=1,
    source="bm25",
)
ANSWER = Answer(text="Ada", status="forced", forced_by="context", usage=Usage(calls=2))
EVENTS = (
    TraceEvent(kind="node", node="solve", text="started"),
    TraceEvent(kind="search", node="solve", at_s=0.5, query="ada\u2028", hits=(HIT,)),
    TraceEvent(kind="step", step=Step(kind="thought", text="\u2028"), tree_node=1, parent=0),
    TraceEvent(kind="verdict", verdict=Verdict(score=0.0, label="none"), tree_node=1),
    TraceEvent(kind="answer", answer=ANSWER),
)


def save(folder: Path, graph: str = "react") -> str:
    return traces.save(folder, graph, QUESTION, ANSWER, EVENTS, {"graph": graph})


def test_what_was_saved_is_loaded_line_separators_and_all(tmp_path: Path) -> None:
    run_id = save(tmp_path / "new" / "traces")
    head, events = traces.load(tmp_path / "new" / "traces", run_id)
    assert (head.id, head.graph, head.question, head.answer) == (run_id, "react", QUESTION, ANSWER)
    assert head.identity == {"graph": "react"}
    assert events == EVENTS


def test_heads_are_listed_newest_first_without_reading_events(tmp_path: Path) -> None:
    ids = [save(tmp_path, name) for name in ("a", "b", "c")]
    assert [h.id for h in traces.heads(tmp_path)] == ids[::-1]
    assert list(traces.heads(tmp_path / "none")) == []


def test_a_run_is_found_by_its_beginning_or_as_the_last(tmp_path: Path) -> None:
    ids = [save(tmp_path) for _ in range(2)]
    assert traces.load(tmp_path, ids[0][:-1] + ids[0][-1])[0].id == ids[0]
    assert traces.load(tmp_path, "last")[0].id == ids[1]
    with pytest.raises(ConfigError, match="2 runs begin with '2'"):
        traces.load(tmp_path, "2")
    with pytest.raises(ConfigError, match="no run 'x'"):
        traces.load(tmp_path, "x")
    with pytest.raises(ConfigError, match="no run 'last'"):
        traces.load(tmp_path / "none", "last")


@pytest.mark.parametrize("content", [b"", b"\n", b'{"id": "x"}\n', b"\xff\n", b"not json\n"])
def test_a_file_that_is_no_run_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "20200101-x.jsonl").write_bytes(content)
    with pytest.raises(DataError, match=r"20200101-x.jsonl holds no run"):
        list(traces.heads(tmp_path))
    with pytest.raises(DataError, match=r"20200101-x.jsonl holds no run"):
        traces.load(tmp_path, "2020")


def test_nothing_half_written_is_listed(tmp_path: Path) -> None:
    (tmp_path / ".20200101-x.part").write_text("{", encoding="utf-8")
    run_id = save(tmp_path)
    assert [h.id for h in traces.heads(tmp_path)] == [run_id]
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".jsonl", ".part"]
