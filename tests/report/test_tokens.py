from ragreason.report.tokens import parts, spent, spots
from ragreason.types import Usage
from tests.report.conftest import MakeRow, MakeTold


def usage(tokens: int) -> dict[str, object]:
    return Usage(prompt_tokens=tokens - 3, completion_tokens=2, verifier_tokens=1).model_dump()


def test_all_kinds_of_tokens_are_spent(row: MakeRow) -> None:
    assert spent(row(usage=usage(40))) == 40
    assert spent(row(usage={"prompt_tokens": 7, "cached_tokens": None})) == 7


def test_the_front_holds_who_is_not_beaten(row: MakeRow, run: MakeTold) -> None:
    def of(name: str, tokens: int, right: int) -> object:
        rows = [row(i, right=float(i < right), usage=usage(tokens)) for i in range(10)]
        return run(rows, name)

    runs = [of("cheap", 10, 2), of("dear", 90, 8), of("dominated", 95, 8), of("middle", 50, 1)]
    assert [(s.name, s.best) for s in spots(runs, "f1")] == [  # type: ignore[arg-type]
        ("cheap", True),
        ("dear", True),
        ("dominated", False),
        ("middle", False),
    ]


def test_two_runs_that_are_equal_are_both_on_the_front(row: MakeRow, run: MakeTold) -> None:
    rows = [row(i, right=1.0, usage=usage(10)) for i in range(4)]
    assert [s.best for s in spots([run(rows, "a"), run(rows, "b")], "f1")] == [True, True]


def test_a_run_of_errors_only_has_no_spot(row: MakeRow, run: MakeTold) -> None:
    assert spots([run([row(status="error")])], "f1") == []


def test_a_runs_questions_are_cut_by_their_cost(row: MakeRow) -> None:
    rows = [row(i, right=float(i < 10), usage=usage(10 + i)) for i in range(20)]
    found = parts(rows[::-1], "f1")
    assert [part.n for part in found] == [4] * 5
    assert [part.score.value for part in found] == [1.0, 1.0, 0.5, 0.0, 0.0]
    assert found[0].name == "10 to 13 tokens"
    assert parts(rows[:7], "f1") == []


def test_more_seeds_of_the_same_make_no_interval_narrower(row: MakeRow, run: MakeTold) -> None:
    rows = [row(i, right=float(i % 2), usage=usage(10 + i)) for i in range(60)]
    seeds = [{**one, "seed": seed} for one in rows for seed in range(4)]
    (one,), (four,) = spots([run(rows)], "f1"), spots([run(seeds)], "f1")
    assert (four.tokens, four.score) == (one.tokens, one.score)


def test_better_for_as_many_tokens_is_the_front_alone(row: MakeRow, run: MakeTold) -> None:
    runs = [
        run([row(i, right=float(i < right), usage=usage(10)) for i in range(4)], str(right))
        for right in (1, 3)
    ]
    assert [s.best for s in spots(runs, "f1")] == [False, True]
