import json

from ragreason.report.causes import CAUSES
from ragreason.report.compact import as_script, compact
from tests.report.conftest import MakeRow, MakeTold


def test_columns_are_by_question_in_file_order(row: MakeRow, run: MakeTold) -> None:
    one = run([row(2), row(0, right=1.0)], "one")
    two = run([row(1, status="error"), row(0)], "two")
    found = json.loads(compact([one, two], "f1", {(0, 1): "x0-1"}))
    assert found["questions"]["id"] == ["q0", "q1", "q2"]
    assert found["questions"]["seed"] is None
    first, second = found["runs"]
    misread, error = list(CAUSES).index("misread"), list(CAUSES).index("error")
    assert first["cause"] == [-1, None, misread]
    assert second["cause"] == [misread, error, None]
    assert (first["score"], second["score"]) == ([1.0, None, 0.0], [0.0, None, None])
    assert first["tokens"] == [105, None, 125]
    assert first["open"] == {"2": "x0-1"}


def test_a_question_has_a_line_for_each_seed(row: MakeRow, run: MakeTold) -> None:
    told = run([row(0, seed=0, right=1.0), row(0, seed=1), row(1, seed=0)])
    found = json.loads(compact([told], "f1", {}))
    assert found["questions"]["id"] == ["q0", "q0", "q1"]
    assert found["questions"]["seed"] == [0, 1, 0]


def test_what_nothing_scores_is_neither_right_nor_wrong(row: MakeRow, run: MakeTold) -> None:
    told = run([row(0, gold=[], em=None, f1=None)])
    assert json.loads(compact([told], "f1", {}))["runs"][0]["cause"] == [-2]


def test_json_in_a_page_can_not_leave_its_element() -> None:
    text = as_script({"a": "</script><!--<script>&\u2028"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": "</script><!--<script>&\u2028"}
