from pathlib import Path

import pytest

from ragreason.corpus import passage
from ragreason.index.passages import PassageStore, write_passages
from ragreason.types import Passage, Scalar

PASSAGES = [
    passage("T", "One.", document="d", page=3, start=5, metadata={"year": 1990, "ok": True}),
    passage("", "二。\n\u2028", document="e", metadata={"year": 1991, "who": "a"}),
    passage("U", "Three.", document="f", metadata={"year": 1990, "ok": 1, "share": 0.5}),
    passage("V", "Four.", document="g"),
]


@pytest.fixture
def store(tmp_path: Path) -> PassageStore:
    write_passages(tmp_path / "p.arrow", [(p, "file") for p in PASSAGES])
    return PassageStore(tmp_path / "p.arrow", searchable=3)


def test_passages_come_back_equal(store: PassageStore) -> None:
    assert [store[i] for i in range(4)] == PASSAGES
    assert list(store.all()) == [(p, "file") for p in PASSAGES]
    assert len(store) == 4


def test_only_searchable_passages_have_ids_and_texts(store: PassageStore) -> None:
    assert store.ids == [p.id for p in PASSAGES[:3]]
    assert list(store.texts()) == ["T\nOne.", "二。\n\u2028", "U\nThree."]


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ({}, [0, 1, 2]),
        ({"year": 1990}, [0, 2]),
        ({"year": [1991, 1990]}, [0, 1, 2]),
        ({"year": 1990, "ok": True}, [0]),
        ({"ok": 1}, [2]),
        ({"share": 0.5}, [2]),
        ({"who": "a"}, [1]),
        ({"who": ["b", "c"]}, []),
        ({"unknown": 1}, []),
        ({"year": "1990"}, []),
        ({"year": []}, []),
    ],
)
def test_filters_keep_equal_values_or_those_among_a_list(
    store: PassageStore, where: dict[str, Scalar | list[Scalar]], rows: list[int]
) -> None:
    assert store.mask(where).nonzero()[0].tolist() == rows


def test_many_batches_are_one_store(tmp_path: Path) -> None:
    many: list[tuple[Passage, str]] = [(passage(str(i), "x"), "f") for i in range(20_000)]
    write_passages(tmp_path / "p.arrow", many)
    store = PassageStore(tmp_path / "p.arrow", searchable=20_000)
    assert store[19_999].title == "19999"
    assert len(store.ids) == len(set(store.ids)) == 20_000


def test_rows_of_a_document_and_of_a_title_are_found_duplicates_too(store: PassageStore) -> None:
    assert store.of_document("g") == [3]
    assert store.of_document("nowhere") == []
    assert store.titled(" t ") == [0]
    assert store.titled("V") == [3]
    assert store.titled("nothing") == []


def test_rows_are_ordered_by_page_and_place(tmp_path: Path) -> None:
    places = [(2, 0), (1, 9), (1, 4), (None, 7)]
    parts = [
        passage("T", f"{n}.", document="d", page=p, start=s) for n, (p, s) in enumerate(places)
    ]
    write_passages(tmp_path / "p.arrow", [(p, "file") for p in parts])
    store = PassageStore(tmp_path / "p.arrow", searchable=4)
    assert store.in_order(store.of_document("d")) == [3, 2, 1, 0]
    assert store.in_order([]) == []
