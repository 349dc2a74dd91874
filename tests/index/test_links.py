"""Entities and passages as a graph."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest

from ragreason.index.links import Links, make_links
from ragreason.index.links_file import VERSION, file_of, open_links, read_links, write_links
from ragreason.index.links_names import Finder, is_name, key_of, own_names, title_keys
from ragreason.index.links_near import neighbours
from tests.index.conftest import Make

RIVERS = [
    ("Sallow Bridge (Morn)", "The Sallow Bridge was designed by Edda Quill and paid by Tom Orrel."),
    ("Edda Quill", "Edda Quill, an architect, was born in Harrowby."),
    ("Harrowby", "Harrowby is a market town. A film was shot there by Tom Orrel."),
    ("Film", "A film tells a story."),
]


def titles(links: Links, passage: int) -> set[str]:
    return {" ".join(links.names[entity]) for entity in links.titles(passage)}


def mentions(links: Links, passage: int) -> set[str]:
    return {" ".join(links.names[entity]) for entity in links.mentions(passage)}


def test_passages_are_linked_by_the_titles_and_the_shared_names_that_they_mention() -> None:
    links = make_links(RIVERS)
    assert titles(links, 0) == {"sallow bridge morn", "sallow bridge"}
    assert mentions(links, 0) == {"edda quill", "tom orrel"}
    assert mentions(links, 1) == {"harrowby"}, "of its own title it is no mention"
    assert mentions(links, 2) == {"tom orrel"}, "'film' in small letters names nothing"
    assert mentions(links, 3) == set()


def test_a_name_that_one_passage_mentions_is_no_entity() -> None:
    links = make_links([("A House", "Nell Varrow lived here."), ("A Mill", "Built in spring.")])
    assert {" ".join(name) for name in links.names} == {"a house", "a mill"}


def test_links_are_the_same_from_both_ends() -> None:
    links = make_links(RIVERS)
    for entity in range(len(links.names)):
        for passage in range(links.passages):
            assert (passage in links.titled_by(entity)) == (entity in links.titles(passage))
            assert (passage in links.mentioning(entity)) == (entity in links.mentions(passage))


def test_rare_entities_have_the_greater_weight() -> None:
    links = make_links(RIVERS)
    weight = {" ".join(name): links.idf[number] for number, name in enumerate(links.names)}
    assert weight["tom orrel"] == pytest.approx(np.log1p(4 / 2))
    assert weight["film"] == pytest.approx(np.log1p(4 / 1))


def test_neighbours_are_worth_what_their_links_are_split_among_those_they_lead_to() -> None:
    links = make_links(RIVERS)
    pair, alone = np.log1p(4 / 2), np.log1p(4 / 1)
    assert neighbours(links, 0) == pytest.approx({1: pair, 2: 0.3 * pair / 2})
    assert neighbours(links, 1) == pytest.approx({0: pair, 2: pair})
    assert neighbours(links, 3) == {}
    assert alone > pair


@pytest.mark.parametrize(
    "title", ["The", "It", "", "?!", "的", "1984", "a b c d e f g h i j k l m"]
)
def test_titles_that_tell_nothing_apart_link_nothing(title: str) -> None:
    assert title_keys(title) == ()
    links = make_links([(title, "It was The 1984 的 a b c d e f g h i j k l m."), ("Tarn", "The")])
    assert links.titles(0) == []
    assert neighbours(links, 0) == {}


def test_titles_are_no_patterns() -> None:
    hostile = ["Who (saw) [it]*+?", "C++ (language", "a|b\\d", "^$ Tarn .*"]
    links = make_links(
        [
            (title, f"See {other}.")
            for title, other in zip(hostile, hostile[1:] + hostile[:1], strict=True)
        ]
    )
    assert [len(links.titles(row)) > 0 for row in range(4)] == [True, True, False, True]
    assert 3 in neighbours(links, 2)


def test_empty_passages_and_one_passage_make_a_graph() -> None:
    assert make_links([]).passages == 0
    links = make_links([("", "")])
    assert (links.passages, links.names, links.matrix.shape) == (1, (), (1, 0))
    assert links.named_in("Where is Tarn?") == []


def test_2000_passages_of_one_title_stay_one_entity() -> None:
    links = make_links([("Tarn", f"Part {i}.") for i in range(2000)] + [("Vell", "Near Tarn.")])
    assert len(links.titled_by(links.named_in("Tarn")[0])) == 2000
    assert len(links.entities) == 2002
    found = neighbours(links, 2000)
    assert len(found) == 2000
    assert sum(found.values()) == pytest.approx(links.idf[0])


def test_chinese_titles_are_found_in_running_text() -> None:
    texts = [
        ("瓦尔湖（湖泊）", "瓦尔湖是北方的一个湖泊。"),
        ("陈青", "陈青生于瓦尔湖边的小镇，著有《夜航》。"),
    ]
    links = make_links([*texts, ("书评", "《夜航》很好。")])
    assert mentions(links, 1) == {"瓦 尔 湖", "夜 航"}
    assert set(neighbours(links, 1)) == {0, 2}
    assert links.named_in("陈青的故乡在哪里？") == links.titles(1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("When was Sallow Bridge built?", ["sallow bridge"]),
        ("when was sallow bridge built", ["sallow bridge"]),
        ("Which film? A film.", []),
        ("Film was new.", ["film"]),
        ("which film", []),
        ("SALLOW-BRIDGE, Édda Quill", ["sallow bridge", "edda quill"]),
    ],
)
def test_names_are_found_by_the_longest_match_and_by_their_capitals(
    text: str, found: list[str]
) -> None:
    links = make_links(RIVERS)
    assert [" ".join(links.names[entity]) for entity in links.named_in(text)] == found


def test_the_longest_name_wins_and_nothing_in_it_is_found_again() -> None:
    keys = [("new",), ("new", "york"), ("york",), ("new", "york", "city", "hall")]
    finder = Finder({key: number for number, key in enumerate(keys)})
    assert list(finder.find("New York City, York, New")) == [1, 2, 0]


def test_keys_are_folded_words() -> None:
    assert key_of("Café-Bar (Film)") == ("cafe", "bar", "film")
    assert is_name(("the", "bridge"))
    assert not is_name(("the",))
    assert own_names("Alu met Tom Orrel. 他写了《夜航》。") == {
        ("tom", "orrel"),
        ("夜", "航"),
    }


def same(one: Links | None, other: Links) -> bool:
    assert one is not None
    arrays = ("starts", "entities", "kinds")
    return one.names == other.names and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays
    )


def test_a_kept_graph_is_read_back_whole(tmp_path: Path) -> None:
    links = make_links(RIVERS)
    write_links(tmp_path, "data-a", links)
    assert same(read_links(tmp_path, "data-a", 4), links)
    assert [path.name for path in tmp_path.iterdir()] == [f"links-{VERSION}-data-a.npz"]


def test_a_letter_that_stands_for_a_phrase_is_one_word_of_a_name(tmp_path: Path) -> None:
    links = make_links([("Edda \ufdfa", "A calligrapher."), ("Morn", "Edda \ufdfa lived here.")])
    write_links(tmp_path, "data-a", links)
    kept = read_links(tmp_path, "data-a", 2)
    assert same(kept, links)
    assert kept is not None
    assert kept.named_in("Who was Edda \ufdfa?") == [0]


def test_graphs_of_other_data_are_deleted_and_never_read(tmp_path: Path) -> None:
    links = make_links(RIVERS)
    write_links(tmp_path, "data-a", links)
    (tmp_path / "other.npz").touch()
    file_of(tmp_path, "data-b").write_bytes(file_of(tmp_path, "data-a").read_bytes())
    assert read_links(tmp_path, "data-b", 4) is None
    write_links(tmp_path, "data-b", links)
    assert {path.name for path in tmp_path.iterdir()} == {
        "other.npz",
        f"links-{VERSION}-data-b.npz",
    }


@pytest.mark.parametrize("harm", ["cut", "flipped", "not an archive", "of fewer passages"])
def test_a_damaged_graph_is_made_again(make: Make, harm: str) -> None:
    index = make(["See T1.", "Born near T0."])
    first = index.links
    path = file_of(index.path, index.manifest.data)
    whole = path.read_bytes()
    if harm == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif harm == "flipped":
        place = whole.index(b"t0")
        path.write_bytes(whole[:place] + b"x" + whole[place + 1 :])
    elif harm == "not an archive":
        path.write_bytes(b"nothing")
    else:
        write_links(index.path, index.manifest.data, make_links(RIVERS[:1]))
    assert read_links(index.path, index.manifest.data, 2) is None
    assert same(open_links(index.path, index.manifest.data, index.passages), first)
    assert path.read_bytes() == whole


def test_where_nothing_can_be_written_the_graph_is_made_in_memory(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = make(["See T1.", "Born near T0."])

    def refused(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refused)
    assert index.links.passages == 2
    assert not file_of(index.path, index.manifest.data).exists()


def test_threads_that_ask_at_once_make_it_once(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    index, made = make(["See T1.", "Born near T0."]), list[Links]()
    together = Barrier(8)

    def counted(*given: Any) -> Links:
        made.append(open_links(*given))
        return made[-1]

    def ask(_: int) -> Links:
        together.wait()
        return index.links

    monkeypatch.setattr("ragreason.index.folder.open_links", counted)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(ask, range(8)))
    assert len(made) == 1
    assert all(links is made[0] for links in found)


def test_what_a_killed_process_left_is_removed_with_the_next_index(make: Make) -> None:
    index = make(["See T1.", "Born near T0."])
    left = index.path / ".unfinished-links-of-a-killed-process"
    left.touch()
    make(["Nothing.", "Nothing more."])
    assert not left.exists()


def test_a_replaced_index_has_a_graph_of_its_own(make: Make) -> None:
    old = make(["See T1.", "Born near T0."])
    assert set(neighbours(old.links, 0)) == {1}
    new = make(["Nothing.", "Nothing more."])
    assert neighbours(new.links, 0) == {}
    assert len(list(new.path.glob("links-*"))) == 1
