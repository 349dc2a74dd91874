"""`NAME:PATH` to a dataset: the table of layouts, and telling them apart by looking."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ragreason.datasets.example import Dataset
from ragreason.datasets.generic import load_bamboogle, load_generic
from ragreason.datasets.musique import load_musique
from ragreason.datasets.records import Record, read_csv, read_json
from ragreason.datasets.strategyqa import load_strategyqa
from ragreason.datasets.titled import load_2wikimultihopqa, load_hotpotqa
from ragreason.datasets.world import is_world, load_world
from ragreason.errors import DataError, UnknownNameError

Loader = Callable[[Path], Dataset]

LOADERS: Mapping[str, tuple[Loader, str]] = {
    "hotpotqa": (load_hotpotqa, "HotpotQA, official or Hugging Face layout"),
    "2wikimultihopqa": (load_2wikimultihopqa, "2WikiMultihopQA, official or Hugging Face layout"),
    "musique": (load_musique, "MuSiQue JSON lines, answerable or full"),
    "bamboogle": (load_bamboogle, "Bamboogle's CSV, no passages"),
    "strategyqa": (load_strategyqa, "StrategyQA, with its paragraph file beside it"),
    "world": (load_world, "a world's folder, as `ragreason data synth` writes it"),
    "generic": (load_generic, "JSON, JSON lines, CSV or TSV with question and answer"),
}
ALIASES: Mapping[str, str] = {
    "hotpot": "hotpotqa",
    "2wiki": "2wikimultihopqa",
    "csv": "generic",
    "json": "generic",
    "jsonl": "generic",
}


def load_dataset(spec: str, fields: Mapping[str, str] | None = None) -> Dataset:
    """Read `NAME:PATH`; without a known NAME the layout is told from the first record.

    `fields` maps our field names to the file's, for the generic layout. Raises UnknownNameError
    and DataError (file, line or record, what was expected).
    """
    name, path = parse_spec(spec)
    if not path.exists():
        raise DataError(f"{path}: no such file; expected NAME:PATH, as in hotpotqa:dev.json")
    name = name or detect(path)
    if fields:
        if name != "generic":
            raise DataError(f"a field map goes with 'generic:PATH' only, not with '{name}'")
        return _checked(load_generic(path, fields))
    return _checked(LOADERS[name][0](path))


def parse_spec(spec: str) -> tuple[str | None, Path]:
    """The dataset's name (None: look) and the file's path. Raises UnknownNameError."""
    head, colon, tail = spec.partition(":")
    name = ALIASES.get(head, head)
    if colon and name in LOADERS:
        if not tail:
            raise DataError(f"'{spec}' names no file; expected {head}:PATH")
        return name, Path(tail).expanduser()
    if not spec.strip():
        raise DataError("no dataset given; expected NAME:PATH, as in hotpotqa:dev.json")
    path = Path(spec).expanduser()
    if colon and not path.exists():
        raise UnknownNameError("dataset", head, LOADERS, "as in hotpotqa:dev.json")
    return None, path


def detect(path: Path) -> str:
    """Which layout the file has, by the fields of its first record."""
    if path.is_dir():
        return "world"
    tabular = path.suffix.lower() in (".csv", ".tsv")
    record = (read_csv(path) if tabular else read_json(path))[0]
    return _layout(record)


def _layout(record: Record) -> str:
    has = record.fields
    if "context" in has and "supporting_facts" in has:
        return "2wikimultihopqa" if "evidences" in has else "hotpotqa"
    if "paragraphs" in has and "question_decomposition" in has:
        return "musique"
    if "qid" in has and isinstance(has.get("answer"), bool):
        return "strategyqa"
    if is_world(record):
        return "world"
    return "bamboogle" if set(has) == {"Question", "Answer"} else "generic"


def _checked(dataset: Dataset) -> Dataset:
    """The dataset, its ids proved distinct: results are kept by id."""
    seen: dict[str, int] = {}
    for number, example in enumerate(dataset.examples, 1):
        first = seen.setdefault(example.question.id, number)
        if first != number:
            raise DataError(
                f"{dataset.path}: questions {first} and {number} have the same id "
                f"'{example.question.id}'; expected each id once"
            )
    return dataset
