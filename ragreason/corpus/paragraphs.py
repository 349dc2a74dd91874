"""Paragraphs of question-answering files. Titles and texts are read, and nothing else: whatever
gives an answer away (answers, supporting facts, decompositions) never gets past this file.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ragreason.corpus.document import Document
from ragreason.corpus.passages import passage
from ragreason.errors import CorpusError
from ragreason.text.passages import mended, paragraph_text
from ragreason.types import Passage


def paragraph_passage(
    title: str, sentences_or_text: str | Sequence[str], *, document: str = ""
) -> Passage:
    """The passage of one dataset paragraph: never chunked, so that gold ids can be computed.

    Sentences are joined by `text.passages.paragraph_text`; the text is stripped, the title is kept
    as it is.
    """
    if isinstance(sentences_or_text, str):
        text = sentences_or_text
    else:
        text = paragraph_text(sentences_or_text)
    return passage(title, text.strip(), document=document)


def holds_paragraphs(record: object) -> bool:
    """Whether the record is a question with paragraphs in one of the layouts known here."""
    if not isinstance(record, Mapping):
        return False
    return any(
        isinstance(record.get(key), list | Mapping) for key in ("context", "paragraphs", "ctxs")
    )


def load_paragraphs(records: Sequence[Any], source: str) -> list[Document]:
    """The paragraphs of all records as whole documents, each once, in order of first occurrence.

    A document's id is the file and the paragraph's title, numbered where titles repeat. Raises
    CorpusError for a record that does not have the layout of its file.
    """
    found: dict[tuple[str, str], None] = {}
    for number, record in enumerate(records, 1):
        try:
            for title, body in _paragraphs_of(record):
                text = (body if isinstance(body, str) else paragraph_text(body)).strip()
                if text:
                    found[mended(str(title)), mended(text)] = None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CorpusError(
                f"{source}: record {number} is no question with paragraphs as in HotpotQA, "
                f"2WikiMultihopQA or MuSiQue: {type(error).__name__} {error}"
            ) from error
    seen: Counter[str] = Counter()
    documents = []
    for title, text in found:
        seen[title] += 1
        suffix = f"#{seen[title]}" if seen[title] > 1 else ""
        documents.append(Document(f"{source}#{title}{suffix}", source, title, text, whole=True))
    return documents


def _paragraphs_of(record: Mapping[str, Any]) -> Iterator[tuple[str, str | list[str]]]:
    if "context" in record:
        context = record["context"]
        if isinstance(context, Mapping):  # Hugging Face: {title: [...], sentences: [[...]]}
            yield from zip(context["title"], context["sentences"], strict=True)
        else:  # official: [title, [sentences]]
            yield from ((title, sentences) for title, sentences in context)
    elif "paragraphs" in record:  # MuSiQue
        yield from ((p["title"], p["paragraph_text"]) for p in record["paragraphs"])
    else:  # DPR and its kin
        yield from ((p.get("title") or "", p["text"]) for p in record["ctxs"])
