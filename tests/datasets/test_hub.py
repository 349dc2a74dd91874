"""Datasets by name, with a library that stands in for the real one."""

import sys
from types import ModuleType
from typing import Any

import pytest

from ragreason.datasets import load_dataset
from ragreason.datasets.hub import PLACES, Place, place_of
from ragreason.errors import DataError

ROW = {"question": "Who rows?", "answer": ["Ilse", "Ilsa"]}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the library was asked for; it knows one repository, with one row a split."""
    calls: list[tuple[Any, ...]] = []

    def load(repository: str, configuration: str | None, *, split: str) -> list[dict[str, Any]]:
        calls.append((repository, configuration, split))
        if "nq_open" not in repository:
            raise ConnectionError("nobody\nis there")
        return [] if split == "empty" else [ROW]

    library = ModuleType("datasets")
    library.load_dataset = load  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", library)
    return calls


def test_a_name_alone_is_read_from_where_it_is_known_to_be(asked: list[Any]) -> None:
    dataset = load_dataset("nq")
    assert asked == [("google-research-datasets/nq_open", None, "validation")]
    assert (dataset.name, dataset.examples[0].gold.answers) == ("nq", ("Ilse", "Ilsa"))
    assert str(dataset.path) == "google-research-datasets/nq_open"


def test_another_repository_configuration_and_split_can_be_named(asked: list[Any]) -> None:
    load_dataset("nq:hub/me/my_nq_open/small", split="train")
    assert asked == [("me/my_nq_open", "small", "train")]


def test_what_the_library_says_is_passed_on_in_one_line(asked: list[Any]) -> None:
    with pytest.raises(DataError, match="split 'test': nobody is there; or give a file") as caught:
        load_dataset("popqa")
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="has no rows in its split 'empty'"):
        load_dataset("nq", split="empty")


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match="pip install datasets; or give a file"):
        load_dataset("hotpotqa")


def test_places_are_spelled_out() -> None:
    assert place_of("musique", "hub") == PLACES["musique"]
    assert place_of("generic", "hub/me/mine") == Place("me/mine", "", "validation")
    for text in ("hub", "hub/me", "hub/a/b/c/d", "hub//x"):
        with pytest.raises(DataError, match="expected generic:hub/OWNER/NAME"):
            place_of("generic", text)


def test_a_file_of_that_name_comes_first(
    asked: list[Any], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nq").write_text('{"question": "Who sings?", "answer": ["Otto"]}', "utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_dataset("nq").examples[0].gold.answers == ("Otto",)
    assert asked == []
