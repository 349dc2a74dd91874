from itertools import pairwise

from hypothesis import given, settings, strategies as st

from ragreason.corpus.chunk import chunk
from ragreason.corpus.document import Document, Section
from ragreason.text.tokens import count_tokens

WORDS = st.sampled_from(["river", "Dr.", "it", "北京", "你好。", "3.5", "end.", "Why?", "\n\n"])
TEXTS = st.lists(WORDS, max_size=120).map(" ".join)


def document(text: str, **fields: object) -> Document:
    return Document(**({"id": "d", "source": "d", "title": "T", "text": text} | fields))  # type: ignore[arg-type]


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.integers(4, 40), st.integers(0, 12))
def test_passages_are_spans_of_bounded_size_that_cover_the_text(
    text: str, size: int, overlap: int
) -> None:
    passages = chunk(document(text), size, min(overlap, size - 1))
    covered = set[int]()
    for passage in passages:
        assert passage.text == text[passage.start : passage.end]
        assert passage.text == passage.text.strip() != ""
        assert count_tokens(passage.text) <= size
        covered |= set(range(passage.start, passage.end))
    assert all(i in covered for i, c in enumerate(text) if not c.isspace())


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.integers(8, 40), st.integers(0, 7))
def test_neighbours_share_at_most_the_overlap_and_each_brings_something_new(
    text: str, size: int, overlap: int
) -> None:
    passages = chunk(document(text), size, overlap)
    for left, right in pairwise(passages):
        assert count_tokens(text[right.start : max(right.start, left.end)]) <= overlap
        assert right.end > left.end
        assert right.start > left.start


def test_neighbours_do_overlap_by_whole_sentences() -> None:
    text = " ".join(f"Sentence number {i} ends." for i in range(20))  # 5 tokens and a mark each
    passages = chunk(document(text), max_tokens=20, overlap=6)
    assert len(passages) > 3
    for left, right in pairwise(passages):
        shared = text[right.start : left.end]
        assert shared.startswith("Sentence number")
        assert shared.endswith("ends.")


def test_a_short_document_stays_one_passage_whatever_its_sections() -> None:
    text = "# T\nOne.\n## More\nTwo."
    sections = (Section(4, 9, "T"), Section(17, 21, "T: More"))
    (passage,) = chunk(document(text, sections=sections), max_tokens=50)
    assert (passage.title, passage.text) == ("T", "One.\n## More\nTwo.")


def test_a_long_document_is_cut_at_its_sections() -> None:
    text = "One two three.\nFour five six."
    sections = (Section(0, 15, "T"), Section(15, 29, "T: More"))
    passages = chunk(document(text, sections=sections), max_tokens=5, overlap=0)
    assert [(p.title, p.text) for p in passages] == [
        ("T", "One two three."),
        ("T: More", "Four five six."),
    ]


def test_pages_are_never_joined() -> None:
    text = "One.\n\nTwo."
    sections = (Section(0, 4, "T", 1), Section(6, 10, "T", 2))
    passages = chunk(document(text, sections=sections), max_tokens=50)
    assert [(p.page, p.text) for p in passages] == [(1, "One."), (2, "Two.")]


def test_a_whole_document_is_never_cut() -> None:
    text = "A sentence. " * 500
    (passage,) = chunk(document(text, whole=True), max_tokens=16)
    assert passage.text == text.strip()


def test_a_sentence_longer_than_a_chunk_is_cut_between_words() -> None:
    text = "word " * 100
    passages = chunk(document(text), max_tokens=16, overlap=4)
    assert all(set(p.text.split()) == {"word"} for p in passages)
    assert max(count_tokens(p.text) for p in passages) == 16


def test_chinese_is_cut_at_its_own_sentences() -> None:
    text = "这是一个句子。" * 40
    passages = chunk(document(text), max_tokens=30, overlap=8)
    assert len(passages) > 5
    assert all(p.text.endswith("。") and p.text.startswith("这") for p in passages)


def test_a_chunk_keeps_document_and_metadata() -> None:
    (passage,) = chunk(document("Text.", metadata={"year": 1990}))
    assert (passage.document, passage.metadata) == ("d", {"year": 1990})


def test_white_space_gives_no_passage() -> None:
    assert chunk(document(" \n ")) == []
