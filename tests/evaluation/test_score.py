"""Recorded predictions, in every format, against whole files of the official scripts."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from ragreason.datasets import Dataset, Example, Gold, Selection, load_dataset
from ragreason.datasets.example import paragraph
from ragreason.errors import DataError, VerifierError
from ragreason.evaluation.answered import Answered
from ragreason.evaluation.evaluate import evaluate
from ragreason.evaluation.score import as_document, judge_scored, score_predictions
from ragreason.generation.scripted import Scripted
from ragreason.types import Answer, Citation, Question

SAMPLES = {
    "hotpotqa": ("hotpotqa/train_sample.json", 100),
    "2wikimultihopqa": ("2wikimultihopqa/train_sample.json", 120),
    "musique": ("musique/train_sample.jsonl", 100),
}
ILSE = paragraph("Ilse", "Ilse rows. Her brother is Otto.")
OTTO = paragraph("Otto", "Otto sings.")
CITED = Citation(number=1, passage_id=ILSE.id, title="Ilse", quote="Her brother is Otto.")


def dataset(name: str = "hotpotqa", count: int = 2, **gold: Any) -> Dataset:
    known = {"answers": ("Otto",), "supporting_facts": (("Ilse", 1),), "support_idxs": (1,), **gold}
    examples = tuple(
        Example(
            question=Question(id=f"q{i}", text="Who is the rower's brother?"),
            gold=Gold.model_validate(known),
            passages=(OTTO, ILSE),
            sentences=(("Otto sings.",), ("Ilse rows.", " Her brother is Otto.")),
        )
        for i in range(count)
    )
    return Dataset(name, Path(f"{name}.json"), examples)


def write(folder: Path, value: Any, *, lines: bool = False) -> Path:
    path = folder / "predictions.json"
    text = "\n".join(map(json.dumps, value)) if lines else json.dumps(value, indent=1)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.data
@pytest.mark.parametrize("name", SAMPLES)
def test_official_files_give_what_the_official_scripts_print(
    data: Path, tmp_path: Path, name: str
) -> None:
    sample, count = SAMPLES[name]
    recorded = json.loads((data / f"metrics/{name}_file.json").read_text(encoding="utf-8"))
    whole = load_dataset(f"{name}:{data / sample}")
    part = Dataset(name, whole.path, whole.examples[:count])
    path = write(tmp_path, recorded["predictions"], lines=name == "musique")
    scored = score_predictions(path, part)
    assert scored.official == recorded["expected"]
    # two files predict nothing for some questions: the scripts count these as wrong
    assert len(scored.missing) == {"hotpotqa": 9, "2wikimultihopqa": 10, "musique": 0}[name]
    document = as_document(scored)
    assert document["metrics"].keys() == recorded["expected"].keys()
    scale, digits = (100, 2) if name == "2wikimultihopqa" else (1, 3)
    for metric, expected in recorded["expected"].items():
        figure = document["metrics"][metric]
        assert round(figure["value"] * scale, digits) == pytest.approx(expected, abs=10**-digits)
        assert figure["low"] <= figure["value"] <= figure["high"]


def test_missing_and_unknown_ids_are_told_and_missing_ones_score_0(tmp_path: Path) -> None:
    file = {"answer": {"q0": "Otto", "x": "y"}, "sp": {"q0": [["Ilse", 1]]}}
    scored = score_predictions(write(tmp_path, file), dataset())
    assert (scored.missing, scored.unknown) == (["q1"], ["x"])
    assert scored.values["em"] == [1.0, 0.0]
    assert scored.official["joint_f1"] == 0.5


def test_musique_rows_that_are_missing_score_0(tmp_path: Path) -> None:
    row = {"id": "q0", "predicted_answer": "Otto", "predicted_support_idxs": [1]}
    scored = score_predictions(write(tmp_path, [row], lines=True), dataset("musique"))
    assert scored.missing == ["q1"]
    assert scored.official == {"answer_f1": 0.5, "answer_em": 0.5, "support_f1": 0.5}


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ({"q0": "Otto", "q1": "Ilse"}, False),
        ([{"id": "q0", "prediction": "Otto"}, {"id": "q1", "prediction": "Ilse"}], True),
        ([{"_id": "q0", "answer": "Otto"}, {"_id": "q1", "answer": "Ilse"}], False),
    ],
)
def test_plain_answers_are_scored_for_any_dataset(tmp_path: Path, value: Any, lines: bool) -> None:
    scored = score_predictions(write(tmp_path, value, lines=lines), dataset("generic"))
    assert scored.values == {name: [1.0, 0.0] for name in ("em", "f1", "precision", "recall")}
    assert score_predictions(scored_path(tmp_path), dataset()).values["em"] == [1.0, 0.0]


def scored_path(folder: Path) -> Path:
    return folder / "predictions.json"


def test_a_datasets_own_accuracy_is_among_them(tmp_path: Path) -> None:
    path = write(tmp_path, {"q0": "It is Otto, I think", "q1": "Ilse"})
    scored = score_predictions(path, dataset("popqa"))
    assert scored.values["accuracy"] == [1.0, 0.0]
    assert scored.values["em"] == [0.0, 0.0]


def test_questions_that_cannot_be_answered_are_left_out_of_answer_metrics(tmp_path: Path) -> None:
    path = write(tmp_path, {"q0": "Otto", "q1": "Otto"})
    scored = score_predictions(path, dataset("generic", answerable=False))
    assert scored.values == {}
    assert as_document(scored)["metrics"] == {}


async def test_a_run_is_scored_by_its_rows(tmp_path: Path) -> None:
    async def answer(question: Question) -> Answered:
        if question.id == "q1":
            raise RuntimeError("gone")
        return Answered(Answer(text="Otto", citations=(CITED,)))

    for name in ("hotpotqa", "musique"):
        await evaluate(answer, dataset(name), tmp_path / name)
        scored = score_predictions(tmp_path / name, dataset(name))
        assert scored.missing == ["q1"], "an error is no answer"
        facts = "sp_em" if name == "hotpotqa" else "support_f1"
        assert scored.values[facts] == [1.0, 0.0]


def test_predictions_for_other_questions_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, {"answer": {"zz": "Otto"}, "sp": {}})
    with pytest.raises(DataError, match="its ids are like 'zz', theirs like 'q0'"):
        score_predictions(path, dataset())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"answer": {"q0": 7}}, "a text as the answer to 'q0'"),
        ({"answer": {"q0": "x"}, "sp": [1]}, "expected 'sp' as an object"),
        ({"answer": {"q0": "x"}, "sp": {"q0": [["Ilse"]]}}, "'sp' of 'q0' as lists of 2"),
        ({"answer": {"q0": "x"}, "evidence": {"q0": [[1, 2, []]]}}, "'evidence' of 'q0'"),
        ([{"id": "q0"}], "record 1: expected a field"),
        ([{"id": "q0", "answer": ["x"]}, {"id": "q1", "answer": "x"}], "a text as the answer"),
        (
            [{"id": "q0", "predicted_answer": 3, "predicted_support_idxs": [1]}],
            "a text under 'predicted_answer'",
        ),
        (
            [{"id": "q0", "predicted_answer": "x", "predicted_support_idxs": ["1"]}],
            "numbers under 'predicted_support_idxs'",
        ),
    ],
)
def test_odd_files_are_refused_with_their_place(tmp_path: Path, value: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        score_predictions(write(tmp_path, value), dataset())


async def test_a_judge_is_held_against_em(tmp_path: Path) -> None:
    path = write(tmp_path, {"q0": "Otto", "q1": "her brother Otto"})
    scored = score_predictions(path, dataset(count=3))
    judged = await judge_scored(Scripted(default='{"verdict": "correct"}'), scored)
    assert judged.right == [True, True, False], "no prediction is wrong without asking"
    found = judged.with_em
    assert (found.n, found.only_first, found.only_second) == (3, 1, 0)
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.kappa == pytest.approx(0.4)
    with pytest.raises(VerifierError):
        await judge_scored(Scripted(default="Hm.", capabilities=frozenset()), scored)


@pytest.mark.data
def test_a_part_of_the_questions_is_scored_alone(data: Path, tmp_path: Path) -> None:
    recorded = json.loads((data / "metrics/musique_file.json").read_text(encoding="utf-8"))
    whole = load_dataset(str(data / SAMPLES["musique"][0]))
    part = Selection(hops=[2]).of(whole)
    scored = score_predictions(write(tmp_path, recorded["predictions"], lines=True), part)
    assert len(scored.values["answer_f1"]) == len(part.examples) < 100
    assert scored.missing == []


async def test_of_a_run_with_seeds_the_lowest_is_scored_and_a_torn_line_left_out(
    tmp_path: Path,
) -> None:
    async def late(question: Question) -> Answered:
        for _ in range(10):  # of the other seed all rows are written before
            await asyncio.sleep(0)
        return Answered(Answer(text="Otto"))

    async def early(question: Question) -> Answered:
        return Answered(Answer(text="Ilse"))

    await evaluate({0: late, 1: early}, dataset("generic"), tmp_path)
    with (tmp_path / "results.jsonl").open("ab") as file:
        file.write(b'{"id": "q0", "sta')
    scored = score_predictions(tmp_path, dataset("generic"))
    assert scored.values["em"] == [1.0, 1.0]


def test_a_folder_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected a run's folder"):
        score_predictions(tmp_path, dataset())
