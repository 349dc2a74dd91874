"""Collections of documents, topics and judgements."""

from pathlib import Path

import pytest

from ragreason.datasets import load_dataset
from ragreason.errors import DataError
from ragreason.text.passages import passage_id

DOCUMENTS = """<DOC>
<DOCNO> FT-1 </DOCNO>
<HEADLINE>Rowing
  today</HEADLINE>
<TEXT>
Ilse <b>rows</b>.
</TEXT>
</DOC>
<DOC>
<DOCNO>FT-2</DOCNO>
Otto sings.
</DOC>
<doc>
<docno>FT-3</docno>
</doc>
"""
TOPICS = """<top>
<num> Number: 301
<title> Topic: who
 rows

<desc> Description:
Find people who row.
</top>
<top><num>302</num><title>who sings</title></top>
"""
QRELS = "301 0 FT-1 2\n301 0 FT-2 0\n301 0 FT-9 1\n302 0 FT-2 1\n"


def write(
    folder: Path, documents: str = DOCUMENTS, topics: str = TOPICS, qrels: str = QRELS
) -> str:
    for name, text in {"docs": documents, "topics.xml": topics, "qrels.txt": qrels}.items():
        if text:
            (folder / name).write_text(text, encoding="utf-8")
    (folder / "README").write_text("A collection of ours.", encoding="utf-8")
    return f"trec:{folder}"


def test_documents_topics_and_judgements_come_together(tmp_path: Path) -> None:
    dataset = load_dataset(write(tmp_path))
    one, two = dataset.examples
    assert [(p.document, p.title, p.text) for p in dataset.passages] == [
        ("FT-1", "Rowing today", "Ilse  rows ."),
        ("FT-2", "", "Otto sings."),
    ]
    assert (one.question.id, one.question.text) == ("301", "who rows")
    assert one.gold.support_ids == (dataset.passages[0].id, passage_id("FT-9", ""))
    assert dict(one.gold.grades) == {dataset.passages[0].id: 2, passage_id("FT-9", ""): 1}
    assert (two.gold.support_ids, two.gold.grades) == ((dataset.passages[1].id,), ())
    assert one.gold.answers == ()


def test_a_collection_is_told_by_looking(tmp_path: Path) -> None:
    write(tmp_path)
    assert load_dataset(str(tmp_path)).name == "trec"
    assert load_dataset(str(tmp_path / "docs")).name == "trec"


def test_a_topic_without_judgements_is_kept(tmp_path: Path) -> None:
    one, two = load_dataset(write(tmp_path, qrels="301 0 FT-1 1\n302 0 FT-1 0\n")).examples
    assert one.gold.support_ids
    assert two.gold.support_ids == ()


@pytest.mark.parametrize(
    ("part", "text", "message"),
    [
        ("documents", "<DOC>\n<DOCNO>1</DOCNO>\nx\n", "docs, line 1: <DOC> has no </DOC>.*cut off"),
        ("documents", "<DOC>\nx</DOC>", "docs, line 1: expected a <DOCNO>"),
        (
            "documents",
            "<DOC><DOCNO>1</DOCNO>x</DOC>\n<DOC><DOCNO>1</DOCNO>y</DOC>",
            "docs, line 2: document '1' comes a second time",
        ),
        (
            "documents",
            "<DOC><DOCNO>1</DOCNO>x\n<DOC><DOCNO>2</DOCNO>y</DOC>",
            "docs, line 2: <DOC> is out of place",
        ),
        ("topics", "<top>\n<title>x</title></top>", "topics.xml, line 1: expected <num> and"),
        ("qrels", "301 0 FT-1 1\n301 0 FT-2\n", "qrels.txt, line 2: expected topic, iteration"),
        ("qrels", "", "found no qrels"),
        ("topics", "", "found no topics"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, part: str, text: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load_dataset(write(tmp_path, **{part: text}))


def test_a_document_that_two_files_have_is_refused(tmp_path: Path) -> None:
    spec = write(tmp_path)
    (tmp_path / "more").write_text("<DOC><DOCNO>FT-2</DOCNO>Other.</DOC>", encoding="utf-8")
    with pytest.raises(DataError, match=r"more, line 1: document 'FT-2' comes a second time"):
        load_dataset(spec)
