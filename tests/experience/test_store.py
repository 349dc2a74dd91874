"""The store of solved questions: append-only, each question once, safe to share."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ragreason.errors import ConfigError, DataError
from ragreason.experience import Solved, Store, shipped_store
from ragreason.text.language import language

BORN = Solved(question="When was Edda Quill born?", answer="1874", score=0.9)
RIVER = Solved(question="Which river does the Sallow Bridge cross?", answer="Morn")


def test_a_missing_store_holds_nothing_and_is_not_made_by_reading(tmp_path: Path) -> None:
    store = Store(tmp_path / "none")
    assert store.read() == ()
    assert not store.path.exists()


def test_what_is_added_is_read_again_in_order(tmp_path: Path) -> None:
    store = Store(tmp_path / "made" / "here")
    assert store.add([BORN, RIVER]) == 2
    assert Store(store.path).read() == (BORN, RIVER)


def test_a_question_is_held_once_whatever_its_case_and_marks(tmp_path: Path) -> None:
    store = Store(tmp_path)
    again = Solved(question="  when was EDDA QUILL born ", answer="1492")
    assert store.add([BORN, again]) == 1
    assert store.add([again]) == 0
    assert store.read() == (BORN,)


def test_nothing_that_was_written_changes_when_more_is_added(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add([BORN])
    before = store.file.read_bytes()
    store.add([RIVER])
    assert store.file.read_bytes().startswith(before)
    assert len(store.file.read_bytes()) > len(before)


def test_writers_at_the_same_time_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    records = [Solved(question=f"Question number {i}?", answer=str(i)) for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda _: Store(tmp_path).add(records), range(8)))
    assert sum(added) == 8
    assert set(Store(tmp_path).read()) == set(records)


def test_a_line_that_a_crash_cut_short_is_skipped_and_written_over(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add([BORN])
    with store.file.open("a", encoding="utf-8") as out:
        out.write('{"question": "Which riv')
    assert store.read() == (BORN,)
    assert store.add([RIVER]) == 1
    assert store.read() == (BORN, RIVER)


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add([BORN])
    with store.file.open("a", encoding="utf-8") as out:
        out.write("[]\n")
    with pytest.raises(DataError, match=r"solved\.jsonl:2: .*question and answer"):
        store.read()


def test_a_file_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("x", encoding="utf-8")
    with pytest.raises(ConfigError, match="is a file"):
        Store(path)


def test_the_digest_changes_with_what_is_held(tmp_path: Path) -> None:
    store = Store(tmp_path)
    empty = store.digest
    store.add([BORN])
    assert store.digest not in {empty, ""}
    assert store.digest == Store(tmp_path).digest


def test_the_shipped_questions_are_distinct_short_and_in_both_languages() -> None:
    held = shipped_store().read()
    assert len({record.question for record in held}) == len(held) >= 12
    assert {language(record.question) for record in held} == {"en", "zh"}
    assert all(len(record.answer.split()) <= 5 for record in held)
