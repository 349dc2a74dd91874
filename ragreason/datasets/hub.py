"""Datasets by name, from a hub, read by the `datasets` library where it is installed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ragreason.datasets.files import Origin
from ragreason.datasets.records import Record
from ragreason.errors import DataError


class Place(NamedTuple):
    """A repository of a hub, its configuration ("" for the only one), and the split to take."""

    repository: str
    configuration: str = ""
    split: str = "validation"


PLACES: Mapping[str, Place] = {
    "hotpotqa": Place("hotpotqa/hotpot_qa", "distractor"),
    "2wikimultihopqa": Place("xanhho/2WikiMultihopQA", "", "dev"),
    "musique": Place("dgslibisey/MuSiQue"),
    "bamboogle": Place("chiayewken/bamboogle", "", "test"),
    "strategyqa": Place("ChilleD/StrategyQA", "", "test"),
    "multihop_rag": Place("yixuantt/MultiHopRAG", "MultiHopRAG", "train"),
    "popqa": Place("akariasai/PopQA", "", "test"),
    "nq": Place("google-research-datasets/nq_open"),
    "triviaqa": Place("mandarjoshi/trivia_qa", "rc.nocontext"),
}
"""Where each dataset is looked for if it is given by its name alone."""


def place_of(name: str, text: str) -> Place:
    """What `hub` or `hub/OWNER/NAME[/CONFIGURATION]` after a dataset's name stands for.

    Raises DataError for any other form, and for a name that stands for no repository.
    """
    parts = text.split("/")[1:]
    if not parts and name in PLACES:
        return PLACES[name]
    if len(parts) not in (2, 3) or not all(parts):
        raise DataError(
            f"'{name}:{text}' names no dataset of a hub; expected {name}:hub/OWNER/NAME, or "
            f"{name}:hub/OWNER/NAME/CONFIGURATION"
        )
    known = PLACES.get(name, Place(""))
    return Place("/".join(parts[:2]), "".join(parts[2:]), known.split)


def read_hub(place: Place, split: str = "") -> Origin:
    """All rows of one split. Raises DataError where the library is missing or the hub gives none.

    The library keeps what it fetched, and reads it from there the next time.
    """
    try:
        import datasets
    except ImportError as error:
        raise DataError(
            f"'{place.repository}' is read from a hub by the library `datasets`, which is not "
            "installed: pip install datasets; or give a file, as in hotpotqa:dev.json"
        ) from error
    split = split or place.split
    try:
        rows: Any = datasets.load_dataset(
            place.repository, place.configuration or None, split=split
        )
        records = tuple(_record(place, number, row) for number, row in enumerate(rows, 1))
    except Exception as error:  # the library raises many kinds, its own and those of its transport
        told = " ".join(str(error).split())
        raise DataError(
            f"'{place.repository}' can't be read from a hub, split '{split}': {told}; or give a "
            "file, as in hotpotqa:dev.json"
        ) from error
    if not records:
        raise DataError(f"'{place.repository}' has no rows in its split '{split}'")
    return Origin(Path(place.repository), split, records)


def _record(place: Place, number: int, row: Mapping[str, Any]) -> Record:
    return Record(f"{place.repository}, row {number}", dict(row))
