from hashlib import sha256

from ragreason.corpus import paragraph_passage, passage


def test_the_id_is_the_hash_of_title_newline_text() -> None:
    expected = sha256(b"A title\nSome text.").hexdigest()[:16]
    assert passage("A title", "Some text.").id == expected


def test_only_title_and_text_make_the_id() -> None:
    plain = passage("T", "x")
    placed = passage("T", "x", document="d", page=3, start=7, metadata={"year": 1990})
    assert plain.id == placed.id
    assert (placed.start, placed.end, placed.page) == (7, 8, 3)
    assert plain.id != passage("T x", "").id


def test_a_paragraph_is_the_same_from_sentences_and_from_text() -> None:
    official = paragraph_passage("T", ["One. ", "Two."])
    assert official == paragraph_passage("T", "One. Two. ")
    assert official == paragraph_passage("T", ["One.", "Two."])
    assert official.text == "One. Two."
