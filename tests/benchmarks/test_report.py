import sys
from pathlib import Path

import pytest

from ragreason.evaluation.store import read_rows
from ragreason.report.causes import CAUSES, diagnose, is_right


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    for name in ("report", "report_rows"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_the_made_up_rows_fail_by_many_causes(benchmarks: None, tmp_path: Path) -> None:
    from report_rows import make_run  # type: ignore[import-not-found]

    make_run(tmp_path, 300)
    rows = read_rows(tmp_path)
    titles = {c["passage_id"]: c["title"] for row in rows for c in row["citations"]}
    causes = {found.cause for row in rows if (found := diagnose(row, titles)) is not None}
    wanted = {"error", "abstained", "wrong_form", "forced", "not_retrieved", "wrong_hop"}
    assert wanted <= causes <= set(CAUSES)
    assert 60 < sum(is_right(row) is True for row in rows) < 140


def test_without_a_browser_the_page_is_written_and_timed(benchmarks: None, tmp_path: Path) -> None:
    from report import measure  # type: ignore[import-not-found]

    found = measure(tmp_path, 40, chromium="/nowhere/chromium")
    assert (found["rows"], found["page"]) == (40, None)
    assert found["page_mb"] > 0
    assert (tmp_path / "report.html").is_file()
