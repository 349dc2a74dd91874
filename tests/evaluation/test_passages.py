from pathlib import Path

from ragreason.datasets import Dataset
from ragreason.datasets.example import paragraph
from ragreason.evaluation.passages import PASSAGES, PassageLog, Supports, Text, read_passages

ROME, OSLO, BONN = (paragraph(name, f"{name} is a city.") for name in ("Rome", "Oslo", "Bonn"))


def test_each_passage_is_kept_once_over_sessions(tmp_path: Path) -> None:
    PassageLog(tmp_path).keep([ROME, OSLO, ROME])
    log = PassageLog(tmp_path)
    log.keep([OSLO, BONN])
    log.keep([BONN])
    assert (tmp_path / PASSAGES).read_text(encoding="utf-8").count("\n") == 3
    assert read_passages(tmp_path) == {p.id: Text(p.title, p.text) for p in (ROME, OSLO, BONN)}


def test_a_line_that_a_kill_cut_off_loses_no_other(tmp_path: Path) -> None:
    PassageLog(tmp_path).keep([ROME, OSLO])
    whole = (tmp_path / PASSAGES).read_bytes()
    (tmp_path / PASSAGES).write_bytes(whole[:-9])
    assert set(read_passages(tmp_path)) == {ROME.id}
    PassageLog(tmp_path).keep([OSLO, BONN])
    assert set(read_passages(tmp_path)) == {ROME.id, OSLO.id, BONN.id}


def test_a_run_from_before_passages_were_kept_has_none(tmp_path: Path) -> None:
    assert read_passages(tmp_path) == {}


def test_supports_come_from_the_question_or_the_datasets_corpus(dataset: Dataset) -> None:
    example = dataset.examples[3]
    assert [p.title for p in Supports(dataset).of(example)] == ["Town 3"]
    bare = example.model_copy(update={"passages": ()})
    assert Supports(dataset).of(bare) == []
    corpus = Dataset("own", dataset.path, (bare,), example.passages)
    assert [p.title for p in Supports(corpus).of(bare)] == ["Town 3"]
