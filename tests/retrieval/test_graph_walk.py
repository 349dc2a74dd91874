"""Search along links."""

from pathlib import Path

import pytest

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.index.folder import open_index
from ragreason.retrieval.build import build_index
from ragreason.retrieval.graph_walk import GraphWalk
from tests.retrieval.conftest import Write

TOWNS = [
    ("Sallow Bridge", "The Sallow Bridge was designed by Edda Quill."),
    ("Edda Quill", "An architect, born in Harrowby in 1874."),
    ("Harrowby", "A market town with a cattle fair."),
    ("Design", "What a designer of a bridge does; when it is born of need."),
    ("Tarn", "A hill."),
]
QUESTION = "When was the designer of the Sallow Bridge born?"


async def walk(path: Path, folder: Path, **options: float) -> GraphWalk:
    embedder = HashingEmbedder()
    await build_index([path], folder, embedder=embedder)
    return GraphWalk(open_index(folder), embedder, **options)  # type: ignore[arg-type]


async def found(retriever: GraphWalk, query: str, k: int) -> list[str]:
    (hits,) = await retriever.retrieve([query], k)
    return [hit.passage.title for hit in hits]


async def test_what_the_named_passage_leads_to_outranks_what_only_sounds_like_the_question(
    write: Write, tmp_path: Path
) -> None:
    retriever = await walk(write("towns.jsonl", *TOWNS), tmp_path / "index")
    assert await found(retriever, QUESTION, 2) == ["Sallow Bridge", "Edda Quill"]
    near = await walk(write("towns.jsonl", *TOWNS), tmp_path / "index", damping=0.0)
    assert (await found(near, QUESTION, 2))[1] == "Design"


async def test_the_walk_goes_more_than_one_link_far(write: Write, tmp_path: Path) -> None:
    retriever = await walk(write("towns.jsonl", *TOWNS), tmp_path / "index", passages=0.0)
    titles = await found(retriever, QUESTION, 5)
    assert titles == ["Sallow Bridge", "Edda Quill", "Harrowby"], "nothing leads to the others"


async def test_a_query_without_entities_starts_at_the_passages_like_it(
    write: Write, tmp_path: Path
) -> None:
    retriever = await walk(write("towns.jsonl", *TOWNS), tmp_path / "index")
    assert (await found(retriever, "which town has a market and a cattle fair", 1)) == ["Harrowby"]


async def test_with_a_filter_a_passage_that_does_not_fit_is_still_on_the_way(
    tmp_path: Path,
) -> None:
    path = tmp_path / "towns.jsonl"
    path.write_text(
        '{"title": "Sallow Bridge", "text": "Designed by Edda Quill.", "kind": "bridge"}\n'
        '{"title": "Edda Quill", "text": "An architect.", "kind": "person"}\n'
        '{"title": "Tarn", "text": "A hill.", "kind": "person"}\n'
    )
    retriever = await walk(path, tmp_path / "index")
    (hits,) = await retriever.retrieve(["Who designed the Sallow Bridge?"], 3, {"kind": "person"})
    assert hits[0].passage.title == "Edda Quill"
    assert {hit.passage.metadata["kind"] for hit in hits} == {"person"}


async def test_one_passage_and_2000_of_one_title_are_searched(write: Write, tmp_path: Path) -> None:
    one = await walk(write("one.jsonl", TOWNS[4]), tmp_path / "one")
    assert await found(one, "Tarn", 5) == ["Tarn"]
    many = [("Tarn", f"Part {i} of the hill.") for i in range(2000)]
    retriever = await walk(write("many.jsonl", *many, TOWNS[1]), tmp_path / "many")
    titles = await found(retriever, "Where was Edda Quill born?", 3)
    assert titles[0] == "Edda Quill"
    assert await found(retriever, "What is Tarn?", 3) == ["Tarn"] * 3


async def test_titles_of_common_words_do_not_draw_the_walk(write: Write, tmp_path: Path) -> None:
    records = [("The", "The film."), ("It", "It is a novel."), *TOWNS]
    retriever = await walk(write("the.jsonl", *records), tmp_path / "index")
    question = "It is the Sallow Bridge, The Old One: who designed it?"
    assert (await found(retriever, question, 2)) == ["Sallow Bridge", "Edda Quill"]


async def test_chinese_passages_are_linked(write: Write, tmp_path: Path) -> None:
    records = [
        ("夜航", "《夜航》出版于1931年，由陈青写成。"),
        ("陈青", "出生于北方小镇柳溪。"),
        ("小说", "小说的作者出生于哪一年，常常不清楚。"),
        ("柳溪", "以茶叶闻名。"),
    ]
    retriever = await walk(write("zh.jsonl", *records), tmp_path / "index")
    assert await found(retriever, "《夜航》的作者出生于哪里？", 2) == ["夜航", "陈青"]


@pytest.mark.data
async def test_on_real_questions_it_finds_more_whole_supports_than_hybrid(
    data: Path, tmp_path: Path
) -> None:
    from ragreason.datasets import load_dataset
    from ragreason.retrieval.hybrid import Hybrid

    dataset = load_dataset(f"hotpotqa:{data / 'hotpotqa' / 'train_sample.json'}")
    embedder = HashingEmbedder()
    await build_index([dataset.path], tmp_path / "index", embedder=embedder)
    index = open_index(tmp_path / "index")
    queries = [example.question.text for example in dataset.examples]
    whole = []
    for retriever in (Hybrid(index, embedder), GraphWalk(index, embedder)):
        found = await retriever.retrieve(queries, 5)
        whole.append(
            sum(
                set(example.gold.support_ids) <= {hit.passage.id for hit in hits}
                for example, hits in zip(dataset.examples, found, strict=True)
            )
        )
    assert whole[1] >= whole[0] + 5, whole
