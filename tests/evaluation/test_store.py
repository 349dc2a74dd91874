import json
import subprocess
import sys
from pathlib import Path

import pytest

from ragreason.errors import ConfigError, DataError
from ragreason.evaluation.store import RunFolder, read_rows, read_summary, run_key

PARTS = {"graph": "g", "seed": "0"}
A, B = ("a", 0), ("b", 0)
HOLDER = """
import sys
from pathlib import Path
from ragreason.evaluation.store import RunFolder
with RunFolder(Path(sys.argv[1]), {"graph": "g", "seed": "0"}):
    print("held", flush=True)
    sys.stdin.read()
"""


def row(name: str, status: str = "ok") -> dict[str, str]:
    return {"id": name, "status": status}


def test_a_second_writer_is_refused_and_a_killed_one_frees_the_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(ConfigError, match="is being written by another process"):
            RunFolder(tmp_path, PARTS).__enter__()
        holder.kill()
    with RunFolder(tmp_path, PARTS) as folder:
        assert folder.start([A]) == {A}


def test_two_writers_in_one_process_are_refused_too(tmp_path: Path) -> None:
    with RunFolder(tmp_path, PARTS), pytest.raises(ConfigError, match="another process"):
        RunFolder(tmp_path, PARTS).__enter__()


def test_a_row_is_on_the_disk_when_append_returns(tmp_path: Path) -> None:
    with RunFolder(tmp_path, PARTS) as folder:
        folder.start([A, B])
        folder.append(row("a"))
        assert read_rows(tmp_path) == [row("a")]


def test_one_question_has_one_row(tmp_path: Path) -> None:
    with RunFolder(tmp_path, PARTS) as folder:
        folder.start([A])
        folder.append(row("a"))
        with pytest.raises(ValueError, match="has a row already"):
            folder.append(row("a"))


def test_nothing_written_is_changed_and_the_last_row_counts(tmp_path: Path) -> None:
    with RunFolder(tmp_path, PARTS) as folder:
        folder.start([A, B])
        folder.append(row("a", "error"))
        folder.append(row("b", "error"))
    before = (tmp_path / "results.jsonl").read_bytes()
    with RunFolder(tmp_path, PARTS) as folder:
        assert folder.start([A]) == {A}
        assert read_rows(tmp_path) == [row("a", "error"), row("b", "error")]
        folder.append(row("a"))
    assert (tmp_path / "results.jsonl").read_bytes().startswith(before)
    assert read_rows(tmp_path) == [row("b", "error"), row("a")]
    with RunFolder(tmp_path, PARTS) as folder:
        assert folder.start([A]) == set()


def test_a_question_has_a_row_for_each_seed(tmp_path: Path) -> None:
    parts = {**PARTS, "seed": "0,1"}
    with RunFolder(tmp_path, parts) as folder:
        assert folder.start([A, ("a", 1)]) == {A, ("a", 1)}
        folder.append({**row("a"), "seed": 1})
    with RunFolder(tmp_path, parts) as folder:
        assert folder.start([A, ("a", 1)]) == {A}


def test_rows_from_before_seeds_were_kept_have_that_of_the_run(tmp_path: Path) -> None:
    parts = {**PARTS, "seed": "7"}
    with RunFolder(tmp_path, parts) as folder:
        folder.start([("a", 7)])
        folder.append(row("a"))
    with RunFolder(tmp_path, parts) as folder:
        assert folder.start([("a", 7)]) == set()


@pytest.mark.parametrize("cut", [1, 5])
def test_a_torn_line_is_mended_before_the_next_is_written(tmp_path: Path, cut: int) -> None:
    with RunFolder(tmp_path, PARTS) as folder:
        folder.start([A])
        folder.append(row("a"))
    torn = (tmp_path / "results.jsonl").read_bytes()[:-cut]
    (tmp_path / "results.jsonl").write_bytes(torn)
    with RunFolder(tmp_path, PARTS) as folder:
        for key in folder.start([A, B]):
            folder.append(row(key[0]))
    assert sorted(found["id"] for found in read_rows(tmp_path)) == ["a", "b"]


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_line_torn_anywhere_loses_only_itself(tmp_path: Path, cut: int) -> None:
    lines = [json.dumps(row(name)) + "\n" for name in ("a", "b")]
    (tmp_path / "results.jsonl").write_text("".join(lines)[:-cut], encoding="utf-8")
    expected = [row("a"), row("b")] if cut == 1 else [row("a")]
    assert read_rows(tmp_path) == expected


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path) -> None:
    lines = [json.dumps(row("a")), '{"id": "b"', json.dumps(row("c")), ""]
    (tmp_path / "results.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match=r"results\.jsonl, line 2: not a results row"):
        read_rows(tmp_path)


def test_a_doubled_question_is_named(tmp_path: Path) -> None:
    lines = [json.dumps(row("a"))] * 2
    (tmp_path / "results.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match="line 2: question 'a' comes twice"):
        read_rows(tmp_path)


def test_rows_without_a_key_are_not_continued(tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"has results.jsonl but no run.json"):
        RunFolder(tmp_path, PARTS).__enter__()


def test_a_refused_folder_is_free_again(tmp_path: Path) -> None:
    with RunFolder(tmp_path, PARTS):
        pass
    with pytest.raises(ConfigError, match="another seed"):
        RunFolder(tmp_path, {**PARTS, "seed": "1"}).__enter__()
    with RunFolder(tmp_path, PARTS):
        pass


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="expected a folder for results"):
        RunFolder(tmp_path / "out", PARTS).__enter__()


def test_run_key_follows_every_part_and_not_their_order() -> None:
    assert run_key({"a": "1", "b": "2"}) == run_key({"b": "2", "a": "1"})
    assert run_key({"a": "1", "b": "2"}) != run_key({"a": "1", "b": "3"})


def test_an_unfinished_run_has_no_summary(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no run"):
        read_summary(tmp_path)
    with RunFolder(tmp_path, PARTS):
        pass
    with pytest.raises(ConfigError, match="is not finished"):
        read_summary(tmp_path)


def test_a_damaged_run_file_or_summary_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match=r"run\.json: damaged: it has no 'parts'"):
        RunFolder(tmp_path, {"a": "1"}).__enter__()
    (tmp_path / "summary.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match=r"summary\.json: damaged: it has no 'graph'"):
        read_summary(tmp_path)


def test_a_run_that_is_set_aside_is_finished_no_more(tmp_path: Path) -> None:
    with RunFolder(tmp_path, PARTS) as folder:
        folder.start([A])
        folder.append(row("a"))
        folder.finish({"graph": "g"})
    with RunFolder(tmp_path, PARTS) as folder:
        assert folder.set_aside() is not None
    with pytest.raises(ConfigError, match="is not finished"):
        read_summary(tmp_path)
