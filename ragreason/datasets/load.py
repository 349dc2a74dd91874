"""`NAME:PATH` to a dataset: the table of layouts, and telling them apart by looking."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from ragreason.datasets.example import Dataset
from ragreason.datasets.files import SUFFIXES, Origin, kind, read_file
from ragreason.datasets.generic import load_bamboogle, load_generic
from ragreason.datasets.hub import place_of, read_hub
from ragreason.datasets.multihop_rag import load_multihop_rag
from ragreason.datasets.musique import load_musique
from ragreason.datasets.open_domain import load_nq, load_triviaqa
from ragreason.datasets.popqa import load_popqa
from ragreason.datasets.records import Record
from ragreason.datasets.strategyqa import load_strategyqa
from ragreason.datasets.titled import load_2wikimultihopqa, load_hotpotqa
from ragreason.datasets.trec import is_trec, load_trec
from ragreason.datasets.world import QUESTIONS, is_world, load_world
from ragreason.errors import DataError, UnknownNameError

Loader = Callable[[Origin], Dataset]

LOADERS: Mapping[str, tuple[Loader, str]] = {
    "hotpotqa": (load_hotpotqa, "HotpotQA, distractor or fullwiki"),
    "2wikimultihopqa": (load_2wikimultihopqa, "2WikiMultihopQA"),
    "musique": (load_musique, "MuSiQue JSON lines, answerable or full"),
    "bamboogle": (load_bamboogle, "Bamboogle's CSV, no passages"),
    "strategyqa": (load_strategyqa, "StrategyQA, with its paragraph file beside it"),
    "multihop_rag": (load_multihop_rag, "MultiHop-RAG, with its corpus.json beside it"),
    "popqa": (load_popqa, "PopQA"),
    "nq": (load_nq, "Natural Questions: NQ-open, or with passages as DPR has them"),
    "triviaqa": (load_triviaqa, "TriviaQA, official, or with passages as DPR has them"),
    "trec": (load_trec, "a folder of TREC documents, topics and qrels: retrieval only"),
    "world": (load_world, "a world's folder, as `ragreason data synth` writes it"),
    "generic": (load_generic, "JSON, JSON lines, CSV or TSV with question and answer"),
}
ALIASES: Mapping[str, str] = {
    "hotpot": "hotpotqa",
    "2wiki": "2wikimultihopqa",
    "multihop-rag": "multihop_rag",
    "natural_questions": "nq",
    "csv": "generic",
    "json": "generic",
    "jsonl": "generic",
}
_HUB = "hub"


class Spec(NamedTuple):
    """What `NAME:PATH` means. `name` is None where the layout is to be told by looking; `hub` holds
    what follows the name, for a dataset that is no file.
    """

    name: str | None
    path: Path
    hub: str = ""


def load_dataset(spec: str, fields: Mapping[str, str] | None = None, *, split: str = "") -> Dataset:
    """Read `NAME:PATH`; without a known NAME the layout is told from the first record.

    PATH is a file, a folder of files named by their splits, or one that the `datasets` library
    saved; `NAME` alone and `NAME:hub/OWNER/NAME[/CONFIGURATION]` are read from a hub. `split` is
    the one to take where there are several. `fields` maps our field names to the file's, for the
    generic layout. Raises UnknownNameError and DataError (file, line or record, what was expected).
    """
    name, path, hub = parse_spec(spec)
    if hub:
        origin = read_hub(place_of(str(name), hub), split)
    elif path.exists():
        origin = Origin(path, split)
    else:
        raise DataError(f"{path}: no such file; expected NAME:PATH, as in hotpotqa:dev.json")
    name = name or detect(origin)
    if fields:
        if name != "generic":
            raise DataError(f"a field map goes with 'generic:PATH' only, not with '{name}'")
        return _checked(load_generic(origin, fields))
    return _checked(LOADERS[name][0](origin))


def parse_spec(spec: str) -> Spec:
    """The parts of `NAME:PATH`. Raises UnknownNameError, and DataError for an empty part."""
    head, colon, tail = spec.partition(":")
    name = ALIASES.get(head, head)
    if colon and name in LOADERS:
        if not tail:
            raise DataError(f"'{spec}' names no file; expected {head}:PATH")
        path = Path(tail).expanduser()
        from_hub = tail.partition("/")[0] == _HUB and not path.exists()
        return Spec(name, path, tail if from_hub else "")
    if not spec.strip():
        raise DataError("no dataset given; expected NAME:PATH, as in hotpotqa:dev.json")
    path = Path(spec).expanduser()
    if name in LOADERS and not path.exists():
        return Spec(name, path, _HUB)
    if colon and not path.exists():
        raise UnknownNameError("dataset", head, LOADERS, "as in hotpotqa:dev.json")
    return Spec(None, path)


def detect(origin: Origin) -> str:
    """Which layout it has: by what a folder holds, or by the fields of the first record."""
    path = origin.path
    if path.is_dir() and (path / QUESTIONS).is_file():
        return "world"
    if path.is_dir() or kind(path) not in SUFFIXES:
        if is_trec(path):
            return "trec"
        if path.is_dir() and not any(kind(p) in SUFFIXES for p in path.rglob("*")):
            return "world"
    first = origin.records[0] if path.is_dir() else read_file(path)[0]
    return _layout(first)


def _layout(record: Record) -> str:
    has = record.fields
    if "context" in has and "supporting_facts" in has:
        return "2wikimultihopqa" if "evidences" in has else "hotpotqa"
    for name, needed in _TELLING.items():
        if has.keys() >= needed:
            return name
    if "qid" in has and isinstance(has.get("answer"), bool):
        return "strategyqa"
    if is_world(record):
        return "world"
    return "bamboogle" if set(has) == {"Question", "Answer"} else "generic"


_TELLING: Mapping[str, frozenset[str]] = {
    "musique": frozenset({"paragraphs", "question_decomposition"}),
    "multihop_rag": frozenset({"question_type", "evidence_list"}),
    "popqa": frozenset({"question", "possible_answers"}),
    "triviaqa": frozenset({"Question", "QuestionId", "Answer"}),
    "nq": frozenset({"question", "answers", "ctxs"}),
}
"""Fields that no other layout has together."""


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
