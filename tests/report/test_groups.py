from xml.etree import ElementTree as ET

from ragreason.report.groups import bars, by_group
from tests.report.conftest import MakeRow, MakeTold


def test_means_by_group_in_order(row: MakeRow, run: MakeTold) -> None:
    rows = [row(i, hops=2 + i % 2, right=float(i % 2)) for i in range(8)]
    groups = by_group([run(rows)], "hops", "f1")
    assert list(groups) == ["2", "3"]
    two, three = groups["2"][0], groups["3"][0]
    assert two is not None
    assert three is not None
    assert (two.figure.value, two.n, three.figure.value, three.n) == (0.0, 4, 1.0, 4)


def test_a_single_group_or_an_unknown_one_says_nothing(row: MakeRow, run: MakeTold) -> None:
    assert by_group([run([row(0, hops=2), row(1, hops=2)])], "hops", "f1") == {}
    assert by_group([run([row(0, hops=0), row(1, hops=2)])], "hops", "f1") == {}
    assert by_group([run([row(0, type=""), row(1, type="")])], "type", "f1") == {}


def test_a_run_without_a_group_leaves_its_place_free(row: MakeRow, run: MakeTold) -> None:
    both = run([row(0, type="a"), row(1, type="b")], "both")
    one = run([row(0, type="a")], "one")
    groups = by_group([both, one], "type", "f1")
    assert [part is None for part in groups["b"]] == [False, True]
    assert bars(groups, "F1").count("<rect") == 3


def test_of_very_many_groups_the_largest_are_kept(row: MakeRow, run: MakeTold) -> None:
    rows = [row(i, type=f"t{i:02}") for i in range(40)]
    rows += [row(100 + i, type="t39") for i in range(3)]
    groups = by_group([run(rows)], "type", "f1")
    assert len(groups) == 24
    assert "t39" in groups


def test_seeds_of_a_question_count_as_one(row: MakeRow, run: MakeTold) -> None:
    rows = [row(i, seed=s, right=float(s), type="ab"[i % 2]) for i in range(4) for s in (0, 1)]
    part = by_group([run(rows)], "type", "f1")["a"][0]
    assert part is not None
    assert (part.n, part.figure) == (2, (0.5, 0.5, 0.5))


def test_names_of_groups_are_text(row: MakeRow, run: MakeTold) -> None:
    rows = [row(0, type="<script>alert(1)</script>"), row(1, type='"&')]
    root = ET.fromstring(bars(by_group([run(rows)], "type", "f1"), "F1"))
    assert root.findall(".//script") == []
    assert "<script>alert(1)</script>" in [node.text for node in root.iter("text")]
