import csv
import io
import re

import pytest

from ragreason.evaluation.summary import summarise
from ragreason.report.export import latex, to_csv, to_latex, to_markdown
from ragreason.report.table import Line, line_of
from tests.report.conftest import MakeRow, summary_of


def line(row: MakeRow, name: str = "react") -> Line:
    rows = [row(i, right=float(i < 3)) for i in range(10)]
    return line_of(name, summary_of(rows, name))


def test_csv_has_every_metric_with_its_ends_unrounded(row: MakeRow) -> None:
    (found,) = csv.DictReader(io.StringIO(to_csv([line(row)])))
    assert (found["run"], found["n"], found["errors"]) == ("react", "10", "0")
    assert float(found["f1"]) == 0.3
    assert float(found["f1_low"]) < 0.3 < float(found["f1_high"])
    assert float(found["prompt_tokens"]) == 145.0


def test_a_missing_metric_is_an_empty_cell(row: MakeRow) -> None:
    bare = line_of("a", summary_of([row(support_recall=None, support_all=None)], "a"))
    found = list(csv.DictReader(io.StringIO(to_csv([line(row), bare]))))
    assert found[1]["support_recall"] == found[1]["support_recall_low"] == ""
    assert " & -- & " in to_latex([line(row), bare])
    assert "| - |" in to_markdown([line(row), bare])


def test_names_are_text_to_whoever_reads_the_table(row: MakeRow) -> None:
    evil = line(row, "=1+1|a_b\n| <b>")
    (found,) = csv.DictReader(io.StringIO(to_csv([evil])))
    assert found["run"].startswith("'=")
    markdown = to_markdown([evil]).splitlines()
    assert len(markdown) == 3
    assert r"=1\+1\|a\_b \| \<b\>" in markdown[2]
    assert r"=1+1\textbar{}a\_b \textbar{} \textless{}b\textgreater{}" in to_latex([evil])


def test_latex_has_the_rules_of_booktabs_and_percent(row: MakeRow) -> None:
    table = to_latex([line(row)])
    rules = [r"\toprule", r"\midrule", r"\bottomrule"]
    assert [rule for rule in rules if table.count(rule) == 1] == rules
    body = next(part for part in table.splitlines() if part.startswith("react"))
    assert body.startswith(r"react & 10 & 30.0 {\scriptsize[")
    columns = table.partition(r"\begin{tabular}{")[2].partition("}")[0]
    assert body.count("&") + 1 == len(columns)


def test_what_latex_would_take_for_a_command_is_shown() -> None:
    assert latex(r"50% of $x_1 & \input{a} #~^") == (
        r"50\% of \$x\_1 \& \textbackslash{}input\{a\} \#\textasciitilde{}\textasciicircum{}"
    )


def test_a_summary_from_before_some_of_its_fields_is_read(row: MakeRow) -> None:
    old = summary_of([row()], "old")
    for name in ("small_sample", "seeds", "cost", "groups", "minimal_detectable_difference"):
        del old[name]
    found = line_of("old", old)
    assert (found.small, found.seeds, found.money) == (True, [0], None)


@pytest.mark.parametrize("name", ["[x]", "*x"])
def test_no_name_is_read_as_a_part_of_the_row_before_it(row: MakeRow, name: str) -> None:
    body = to_latex([line(row), line(row, name)])
    assert re.search(r"\\\\\s*[\[*]", body) is None


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "\n=", "＝", "＋", "－", "＠"])
def test_no_name_is_a_formula(row: MakeRow, start: str) -> None:
    (found,) = csv.DictReader(io.StringIO(to_csv([line(row, f"{start}1")])))
    assert found["run"].startswith("'")


def test_no_name_begins_a_row(row: MakeRow) -> None:
    assert to_csv([line(row, "a\r=1+1\n=2")]).splitlines()[1].startswith("a =1+1 =2,")


def test_questions_that_failed_with_some_seeds_only_are_counted(row: MakeRow) -> None:
    rows = [
        row(i, seed=seed, status="error" if seed else "ok") for i in range(4) for seed in range(3)
    ]
    summary = summarise(rows, {"dataset": "own", "data_hash": "d"}, [0, 1, 2])
    assert (summary["n"], summary["errors"]) == (4, 8)
    assert "| react | 4 |" in to_markdown([line_of("react", summary)])
    assert "react & 4 &" in to_latex([line_of("react", summary)])
