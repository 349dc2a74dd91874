from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ragreason.datasets import Dataset
from ragreason.errors import ConfigError, EngineError
from ragreason.evaluation.answered import Answered
from ragreason.evaluation.compare import as_document, compare_runs, differences_by_group
from ragreason.evaluation.evaluate import evaluate
from ragreason.evaluation.statistics import holm
from ragreason.types import Answer, Question

Ask = Callable[[Question], Awaitable[Answered]]


async def never(question: Question) -> Answered:
    return Answered(Answer(text="village"))


async def test_differences_are_paired_on_shared_answered_questions(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    async def flaky(question: Question) -> Answered:
        if question.id == "q0":
            raise EngineError("lost")
        return await ask(question)

    await evaluate(never, dataset, tmp_path / "a", identity={"graph": "never"}, limit=10)
    await evaluate(flaky, dataset, tmp_path / "b", identity={"graph": "flaky"})
    runs, found = compare_runs([tmp_path / "a", tmp_path / "b"])
    assert [run.name for run in runs] == ["never", "flaky"]
    em = next(d for d in found if d.metric == "em")
    assert (em.run, em.baseline, em.n) == ("flaky", "never", 9)
    assert em.value == pytest.approx(4 / 9)
    assert em.low <= em.value <= em.high
    assert em.p == 0.125  # four differences of one sign: 2 of 16 flips
    assert {d.metric for d in found} == {"em", "f1", "support_recall"}
    assert as_document(runs, found)["differences"][0]["metric"] == "em"


async def test_other_data_is_refused(dataset: Dataset, ask: Ask, tmp_path: Path) -> None:
    other = Dataset("own", Path("x"), dataset.examples[:19])
    await evaluate(ask, dataset, tmp_path / "a", identity={"graph": "a"})
    await evaluate(ask, other, tmp_path / "b", identity={"graph": "b"})
    with pytest.raises(ConfigError, match="'a' and 'b' were run on different data: data_hash"):
        compare_runs([tmp_path / "a", tmp_path / "b"])


async def test_runs_without_a_shared_question_have_no_differences(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    await evaluate(ask, dataset, tmp_path / "a", identity={"graph": "a"}, limit=5)
    await evaluate(ask, dataset, tmp_path / "b", identity={"graph": "b"}, offset=5)
    runs, found = compare_runs([tmp_path / "a", tmp_path / "b"])
    assert (len(runs), found) == (2, [])


async def test_only_the_rows_of_the_summary_are_compared(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    await evaluate(never, dataset, tmp_path / "a", identity={"graph": "a"})
    await evaluate(ask, dataset, tmp_path / "b", identity={"graph": "b"})
    await evaluate(ask, dataset, tmp_path / "b", identity={"graph": "b"}, offset=3, limit=4)
    runs, found = compare_runs([tmp_path / "a", tmp_path / "b"])
    assert sorted(runs[1].rows) == ["q3", "q4", "q5", "q6"]
    assert {d.n for d in found} == {4}


async def test_runs_of_one_graph_are_named_by_their_folders(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    for seed, name in enumerate(("first", "second")):
        await evaluate(ask, dataset, tmp_path / name, identity={"graph": "g"}, seed=seed)
    runs, found = compare_runs([tmp_path / "first", tmp_path / "second"])
    assert [run.name for run in runs] == ["first", "second"]
    assert all(d.value == 0 and d.p == 1 for d in found)


async def test_runs_whose_folders_have_one_name_go_by_their_paths(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    folders = [tmp_path / "before/react", tmp_path / "after/react"]
    for folder in folders:
        await evaluate(ask, dataset, folder, identity={"graph": "react"})
    runs, _ = compare_runs(folders)
    assert [run.name for run in runs] == [str(folder) for folder in folders]


async def test_the_order_in_which_questions_were_finished_changes_no_figure(
    dataset: Dataset, tmp_path: Path
) -> None:
    async def wordy(question: Question) -> Answered:
        number = int(question.id[1:])
        return Answered(Answer(text=f"town {number} {'and more ' * (number % 7)}"))

    folders = [tmp_path / "a", tmp_path / "b"]
    await evaluate(never, dataset, folders[0], identity={"graph": "a"})
    await evaluate(wordy, dataset, folders[1], identity={"graph": "b"})
    before = compare_runs(folders)[1]
    results = folders[1] / "results.jsonl"
    lines = results.read_text(encoding="utf-8").splitlines(keepends=True)
    results.write_text("".join(lines[::-1]), encoding="utf-8")
    assert compare_runs(folders)[1] == before


def test_a_folder_without_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no run"):
        compare_runs([tmp_path, tmp_path])


async def test_p_values_are_corrected_over_all_runs_and_discordant_questions_counted(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    await evaluate(never, dataset, tmp_path / "a", identity={"graph": "never"})
    await evaluate(ask, dataset, tmp_path / "b", identity={"graph": "half"})
    await evaluate(never, dataset, tmp_path / "c", identity={"graph": "again"})
    _, found = compare_runs([tmp_path / name for name in "abc"])
    half, again = (
        next(d for d in found if (d.run, d.metric) == (r, "em")) for r in ("half", "again")
    )
    assert half.p == 2 / 1024  # ten differences of one sign
    assert half.p_holm == 2 * half.p
    assert (again.p, again.p_holm) == (1.0, 1.0)
    assert (half.only_run, half.only_baseline, half.p_mcnemar) == (10, 0, 2 / 1024)
    assert half.small_sample
    assert half.detectable is not None


async def test_seeds_are_averaged_before_runs_are_compared(
    dataset: Dataset, ask: Ask, tmp_path: Path
) -> None:
    await evaluate({0: never, 1: never}, dataset, tmp_path / "a", identity={"graph": "never"})
    await evaluate({0: ask, 1: never}, dataset, tmp_path / "b", identity={"graph": "half"})
    runs, found = compare_runs([tmp_path / "a", tmp_path / "b"])
    em = next(d for d in found if d.metric == "em")
    assert (em.n, em.value) == (20, 0.25)
    assert em.p_mcnemar is None, "halves are neither right nor wrong"
    assert (len(runs[1].rows), len(runs[1].all_rows)) == (20, 40)
    assert runs[1].summary["metrics"]["em"]["n"] == 20
    assert (runs[1].summary["n"], runs[1].summary["seeds"]) == (20, [0, 1])


async def test_differences_by_group(dataset: Dataset, ask: Ask, tmp_path: Path) -> None:
    examples = tuple(
        e.model_copy(update={"gold": e.gold.model_copy(update={"hops": 2 + (i >= 15)})})
        for i, e in enumerate(dataset.examples)
    )
    data = Dataset("own", Path("x"), examples)
    await evaluate(never, data, tmp_path / "a", identity={"graph": "a"})
    await evaluate(ask, data, tmp_path / "b", identity={"graph": "b"})
    runs, _ = compare_runs([tmp_path / "a", tmp_path / "b"])
    found = differences_by_group(runs[1], runs[0], "hops")
    assert {value: group[0].n for value, group in found.items()} == {"2": 15, "3": 5}
    assert found["3"][0].value == 0.4
    for of_metric in zip(*found.values(), strict=True):
        assert [d.p_holm for d in of_metric] == holm([d.p for d in of_metric])
        assert min(d.p for d in of_metric) < min(d.p_holm for d in of_metric)
