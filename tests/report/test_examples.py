from ragreason.report.examples import chosen, examples, marked, per_cause
from tests.report.conftest import MakeRow, MakeTold


def test_the_same_questions_are_chosen_in_every_run(row: MakeRow) -> None:
    rows = [row(i) for i in range(100)]
    all_ids = [rows[at]["id"] for at in chosen(rows, range(100), 10)]
    turned = rows[::-1]
    assert sorted(turned[at]["id"] for at in chosen(turned, range(100), 10)) == sorted(all_ids)
    assert all_ids != [f"q{i}" for i in range(10)]  # not those that come first
    assert len(chosen(rows, range(3), 10)) == 3


def test_many_runs_show_fewer_of_each() -> None:
    assert [per_cause(1), per_cause(4), per_cause(60)] == [12, 3, 2]


def test_an_example_has_steps_verdicts_and_passages(row: MakeRow, run: MakeTold) -> None:
    citations = [{"passage_id": "s1", "title": "Tower"}]
    (example,) = examples(
        run([row(citations=citations, in_prompt=["s1"], confidence=0.5)]), 3, "x"
    )["unused"]
    search, verdict = example.steps
    assert [(hit.title, hit.score, hit.gold) for hit in search.hits] == [
        ("Tower", 0.9, True),
        ("Other", 0.5, False),
        ("Brand", None, True),
    ]
    assert (verdict.kind, verdict.score, verdict.label) == ("verdict", 0.25, "partial")
    assert list(verdict.missing) == ["when it was built"]
    tower, brand, other = example.passages
    assert (tower.gold, tower.retrieved, tower.prompted, tower.cited) == (True, True, True, True)
    assert (brand.gold, brand.prompted, brand.cited) == (True, False, False)
    assert (other.gold, other.title) == (False, "Other")
    assert ("Ilse Brand", True) in tower.text


def test_a_needed_passage_is_shown_though_it_was_never_found(row: MakeRow, run: MakeTold) -> None:
    (example,) = examples(run([row(retrieved=["s1"])], texts={}), 3, "x")["not_retrieved"]
    assert [(p.gold, p.retrieved, p.title) for p in example.passages] == [
        (True, True, "(title not kept)"),
        (True, False, "(title not kept)"),
    ]


def test_long_trajectories_and_passages_are_cut_and_counted(row: MakeRow, run: MakeTold) -> None:
    trace = [{"kind": "thought", "node": "n", "text": "x" * 9_000}] * 70
    ids = [f"p{i}" for i in range(20)]
    citations = [{"passage_id": i, "title": i.upper()} for i in ids]
    long = row(trace=trace, retrieved=["s1", "s2", *ids], citations=citations)
    told = run([row(1, right=1.0), long])
    (found,) = (shown for shown in examples(told, 3, "x").values())
    (example,) = found
    assert (len(example.steps), example.left_out_steps) == (60, 10)
    assert len(example.steps[0].text) == 3_000
    assert (len(example.passages), example.left_out_passages) == (12, 10)


def test_gold_answers_are_marked_as_whole_words() -> None:
    assert marked("In Rome, not Romeo.", ["Rome"]) == [
        ("In ", False),
        ("Rome", True),
        (", not Romeo.", False),
    ]
    assert marked("ROME (1)", ["rome (1)", "rome"]) == [("ROME (1)", True)]
    assert marked("yes and no", ["yes"]) == [("yes and no", False)]
    assert marked("a.c abc", ["a.c"]) == [("a.c", True), (" abc", False)]
    assert marked("nothing", []) == [("nothing", False)]
