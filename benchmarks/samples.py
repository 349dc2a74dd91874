"""Sampled trajectories on real questions and what each verifier says of them, recorded once.

    python benchmarks/samples.py [--limit N] [--verifier NAME]... [--recorded] [--out DIR]

Each trajectory is a hybrid search for the question in the union of its sample's paragraphs (5
passages), and the answer that the default model samples from them: 8 at each of three temperatures,
and a greedy one. Every verifier judges all of a question's trajectories while its passages are in
the prefix cache. Rows are written as questions finish, so a run that was stopped goes on, with
verifiers added since. They hold passages, so they stay out of the project: `benchmarks/search.py`
reports on them.
"""

import argparse
import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from time import perf_counter
from typing import Any

from ragreason.datasets import Example, load_dataset
from ragreason.embedding.open import open_embedder
from ragreason.evaluation.answers import rule_for, score_answer
from ragreason.evaluation.corpus import dataset_index
from ragreason.generation.metered import Metered
from ragreason.generation.open import open_engine
from ragreason.ledger import Meter, metering
from ragreason.nodes.verify import judge
from ragreason.policies.parse import clean
from ragreason.prompts import prompts_hash
from ragreason.protocols import Generator, Verifier
from ragreason.retrieval.open import open_retriever
from ragreason.seeds import derive
from ragreason.settings import load_settings
from ragreason.types import Completion, Hit, Question, Step, Trajectory
from ragreason.verification.reading import reading

SAMPLES = {
    "hotpotqa:hotpotqa/dev_sample_hf_layout.json": 67,
    "2wikimultihopqa:2wikimultihopqa/train_sample.json": 67,
    "musique:musique/train_sample.jsonl": 66,
}
MODEL = "qwen2.5-coder-0.5b"
K = 5
N = 8
TEMPERATURES = (0.7, 1.0, 1.3)
GREEDY = "greedy"
AT_ONCE = 4
FOLDER = Path(".ragreason/benchmarks/search")

Make = Callable[[Generator, Any], Verifier]


def makers() -> dict[str, Make]:
    """Name to how the verifier is made of an engine and an embedder."""
    from ragreason.verification.agreement import Agreement
    from ragreason.verification.answer_format import Format
    from ragreason.verification.answer_type import Typed
    from ragreason.verification.chance import Random
    from ragreason.verification.citation import CitationVerifier
    from ragreason.verification.groundedness import Groundedness
    from ragreason.verification.judge import Judge
    from ragreason.verification.likelihood import Likelihood

    def agreement(engine: Generator, evidence: Any) -> Verifier:
        return Agreement(engine=engine, samples=8, temperature=1.0, evidence=evidence)

    return {
        "likelihood": lambda engine, _: Likelihood(engine=engine),
        "agreement": lambda engine, _: agreement(engine, "same"),
        "agreement_shuffled": lambda engine, _: agreement(engine, "shuffled"),
        "judge": lambda engine, _: Judge(engine=engine),
        "format": lambda *_: Format(),
        "answer_type": lambda *_: Typed(),
        "random": lambda *_: Random(),
        "groundedness": lambda _, embedder: Groundedness(embedder=embedder),
        "citation": lambda _, embedder: CitationVerifier(embedder=embedder),
    }


def trajectory(question: Question, hits: Sequence[Hit], completion: Completion) -> Trajectory:
    """A search, then what was answered."""
    answer = Step(
        kind="answer",
        text=completion.text,
        answer=clean(completion.text),
        token_ids=completion.token_ids,
        logprob=completion.sum_logprob,
        truncated=completion.finish_reason == "length",
        usage=completion.usage,
    )
    search = Step(kind="search", text="", query=question.text, hits=tuple(hits))
    return Trajectory(steps=(search, answer))


async def sampled(
    question: Question, hits: Sequence[Hit], engine: Generator
) -> dict[str, list[Trajectory]]:
    """Temperature, or "greedy", to its trajectories."""
    request = reading(question.text, hits).model_copy(
        update={"logprobs": True, "stop": ("\n",), "max_tokens": 32}
    )
    found = {GREEDY: await engine.generate(request)}
    for temperature in TEMPERATURES:
        seed = derive("samples", question.id, temperature)
        update = {"n": N, "temperature": temperature, "seed": seed}
        found[str(temperature)] = await engine.generate(request.model_copy(update=update))
    return {name: [trajectory(question, hits, c) for c in drawn] for name, drawn in found.items()}


def scored(
    example: Example, dataset: str, samples: Mapping[str, Sequence[Trajectory]]
) -> dict[str, Any]:
    """The question's row: its samples, each with its scores."""
    golds = example.gold.answers
    rule = rule_for(dataset, golds)
    scores = {
        name: [score_answer(t.answer or "", golds, rule) for t in those]
        for name, those in samples.items()
    }
    return {
        "id": f"{dataset}/{example.question.id}",
        "dataset": dataset,
        "question": example.question.model_dump(mode="json"),
        "trajectories": {
            name: [t.model_dump(mode="json", exclude_defaults=True) for t in those]
            for name, those in samples.items()
        },
        "em": {name: [s.em for s in those] for name, those in scores.items()},
        "f1": {name: [s.f1 for s in those] for name, those in scores.items()},
    }


async def judged(row: Mapping[str, Any], verifier: Verifier) -> dict[str, Any]:
    """What the verifier says of all the question's trajectories, and what that cost."""
    question = Question.model_validate(row["question"])
    names = list(row["trajectories"])
    items = [Trajectory.model_validate(t) for n in names for t in row["trajectories"][n]]
    started = perf_counter()
    with metering(Meter()) as meter:
        scores = iter([v.score for v in await judge(verifier, question, items)])
    return {
        "id": row["id"],
        "scores": {n: [next(scores) for _ in row["trajectories"][n]] for n in names},
        "items": len(items),
        "tokens": meter.spent.verifier_tokens,
        "calls": meter.spent.calls,
        "seconds": round(perf_counter() - started, 3),
    }


async def questions(limit: int | None) -> list[tuple[Example, str, list[Hit]]]:
    """The questions with their dataset's name and hits, one of each dataset in turn."""
    settings = load_settings()
    groups = []
    for spec, most in SAMPLES.items():
        name, _, path = spec.partition(":")
        dataset = load_dataset(f"{name}:{settings.data / path}")
        index = await dataset_index(dataset, settings)
        assert index is not None
        asked = dataset.examples[: min(most, limit or most)]
        hits = await open_retriever(index).retrieve([e.question.text for e in asked], K)
        groups.append([(e, name, found) for e, found in zip(asked, hits, strict=True)])
    return [item for item in chain(*zip_longest(*groups)) if item is not None]


def rows_in(path: Path) -> dict[str, dict[str, Any]]:
    """The whole rows of a file that may have been cut off in the middle of one, by id."""
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    return {row["id"]: row for row in map(json.loads, lines)}


def append(path: Path, row: Mapping[str, Any]) -> None:
    """Add a row; one that a crash left unfinished is cut off first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
        file.write(json.dumps(row, ensure_ascii=True).encode() + b"\n")


def verdicts_file(folder: Path, name: str) -> Path:
    """Where this verifier's scores are kept."""
    return folder / f"verdicts-{name}.jsonl"


def check_same(folder: Path) -> None:
    """Say what the samples in `folder` come from; leave where they come from something else."""
    made_of = {
        "model": MODEL,
        "prompts": prompts_hash(),
        "passages": K,
        "samples": N,
        "temperatures": list(TEMPERATURES),
    }
    path = folder / "run.json"
    folder.mkdir(parents=True, exist_ok=True)
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else made_of
    if before != made_of:
        differs = ", ".join(key for key in made_of if before.get(key) != made_of[key])
        raise SystemExit(f"{folder} holds samples of another {differs}; give another --out")
    path.write_text(json.dumps(made_of) + "\n", encoding="utf-8")


async def record(
    folder: Path, limit: int | None, names: Sequence[str], *, recorded: bool = False
) -> None:
    """Sample and judge what was not before; only judge where all samples were `recorded`."""
    check_same(folder)
    engine: Any = Metered(open_engine(MODEL))
    embedder = open_embedder(load_settings().embedder)
    verifiers = {name: makers()[name](engine, embedder) for name in names}
    samples = rows_in(folder / "samples.jsonl")
    known = {name: set(rows_in(verdicts_file(folder, name))) for name in names}
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(example: Example, dataset: str, hits: list[Hit]) -> None:
        key = f"{dataset}/{example.question.id}"
        row = samples.get(key)
        lacking = [name for name in names if key not in known[name]]
        if not lacking if row is not None else recorded:
            return
        async with gate:
            if row is None:
                row = scored(example, dataset, await sampled(example.question, hits, engine))
                append(folder / "samples.jsonl", row)
            for name in lacking:
                append(verdicts_file(folder, name), await judged(row, verifiers[name]))
        print(f"{key}: greedy {row['em'][GREEDY][0]:.0f}", flush=True)

    async with asyncio.TaskGroup() as group:
        for item in await questions(limit):
            group.create_task(one(*item))
    await engine.aclose()


def main() -> None:
    """Record, and say where."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, help="questions of each dataset")
    parser.add_argument("--verifier", choices=sorted(makers()), action="append")
    parser.add_argument("--recorded", action="store_true", help="judge, don't sample more")
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    names = options.verifier or list(makers())
    asyncio.run(record(options.out, options.limit, names, recorded=options.recorded))
    print(f"{len(rows_in(options.out / 'samples.jsonl'))} questions in {options.out}")


if __name__ == "__main__":
    main()
