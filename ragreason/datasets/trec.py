"""TREC collections: documents, topics and relevance judgements (qrels), told apart by their text.

Documents are `<DOC>` with `<DOCNO>`; topics are `<top>` with `<num>` and `<title>`, whose tags need
not be closed; qrels are lines of topic, iteration, document, grade. Nothing in a collection answers
a topic, so only retrieval is scored. Source: trec.nist.gov/data.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ragreason.datasets.example import Dataset, Example, Gold, paragraph
from ragreason.datasets.files import Origin
from ragreason.datasets.records import read_text
from ragreason.errors import DataError
from ragreason.text.passages import passage_id
from ragreason.types import Passage, Question

_FIELD = re.compile(r"<(\w+)>([^<]*)", re.S)
_TAG = re.compile(r"<[^<>]{1,80}>")
_LABEL = re.compile(r"^\s*(?:Number|Topic)\s*:\s*", re.I)
_QREL = re.compile(r"\S+\s+\S+\s+\S+\s+-?\d+\s*$")
_TITLES = ("title", "headline", "head", "hl")
_KINDS = {"documents": "<DOC>", "topics": "<top>"}


def load_trec(origin: Origin) -> Dataset:
    """A folder with the documents, the topics and the qrels of one collection, or one of its files.

    A topic's supports are its documents of grade 1 and more; judged ones that the collection lacks
    count as missed. Topics without any are kept and have none. Raises DataError.
    """
    parts = _parts(origin.folder)
    documents: dict[str, Passage] = {}
    for path in parts["documents"]:
        documents.update(_documents(path, documents))
    grades = _grades(parts["qrels"])
    topics = [pair for path in parts["topics"] for pair in _topics(path)]
    examples = tuple(_example(n, text, grades.get(n, {}), documents) for n, text in topics)
    corpus = tuple(passage for passage in documents.values() if passage.text)
    return Dataset("trec", origin.path, examples, corpus)


def is_trec(path: Path) -> bool:
    """Whether the file is, or the folder holds, a part of a collection."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return any(_kind(file) in _KINDS for file in files if file.is_file())


def _parts(folder: Path) -> Mapping[str, list[Path]]:
    found: dict[str, list[Path]] = {"documents": [], "topics": [], "qrels": []}
    for path in sorted(folder.iterdir()):
        name = _kind(path) if path.is_file() else ""
        if name:
            found[name].append(path)
    missing = [name for name, paths in found.items() if not paths]
    if missing:
        raise DataError(
            f"{folder}: a TREC collection needs documents (<DOC>), topics (<top>) and qrels; "
            f"found no {' and no '.join(missing)}"
        )
    return found


def _kind(path: Path) -> str:
    """By the first line that is not blank; "" for anything else, such as a README."""
    try:
        text = read_text(path)
    except DataError:
        return ""
    first = text.lstrip("\ufeff\n\r\t ")[:200].partition("\n")[0]
    marked = (kind for kind, tag in _KINDS.items() if first.lower().startswith(tag.lower()))
    return next(marked, "qrels" if _QREL.match(first) else "")


@dataclass(frozen=True)
class _Element:
    """What is inside one element of a file, and where it begins."""

    path: Path
    text: str
    start: int
    content: str

    def error(self, told: str) -> DataError:
        line = self.text.count("\n", 0, self.start) + 1
        return DataError(f"{self.path}, line {line}: {told}")


def _elements(path: Path, tag: str) -> Iterator[_Element]:
    """The elements of a file in order; each must be closed before the next one begins."""
    text = read_text(path)
    opened: int | None = None
    for found in re.finditer(f"<(/?){tag}>", text, re.I):
        if bool(found[1]) == (opened is None):
            raise _Element(path, text, found.start(), "").error(f"{found[0]} is out of place")
        if opened is None:
            opened = found.end()
        else:
            yield _Element(path, text, opened, text[opened : found.start()])
            opened = None
    if opened is not None:
        wrong = f"<{tag}> has no </{tag}>; the file may be cut off"
        raise _Element(path, text, opened, "").error(wrong)


def _documents(path: Path, known: Collection[str]) -> Iterator[tuple[str, Passage]]:
    seen = set(known)
    for element in _elements(path, "DOC"):
        content = element.content
        number = re.search(r"<DOCNO>(.*?)</DOCNO>", content, re.S | re.I)
        name = number[1].strip() if number else ""
        if number is None or not name:
            raise element.error("expected a <DOCNO> in the document")
        if name in seen:
            raise element.error(f"document '{name}' comes a second time")
        seen.add(name)
        body = content[: number.start()] + content[number.end() :]
        yield name, _document(name, body)


def _document(name: str, content: str) -> Passage:
    fields = {name.lower(): text for name, text in _FIELD.findall(content)}
    title = next((fields[name] for name in _TITLES if fields.get(name, "").strip()), "")
    inner = re.search(r"<TEXT>(.*)</TEXT>", content, re.S | re.I)
    text = _TAG.sub(" ", inner[1] if inner else content)
    found = paragraph(" ".join(title.split()), text.strip())
    return found.model_copy(update={"document": name})


def _topics(path: Path) -> Iterator[tuple[str, str]]:
    for element in _elements(path, "top"):
        found = _FIELD.findall(element.content)
        fields = {name.lower(): _LABEL.sub("", text).strip() for name, text in found}
        if not fields.get("num") or not fields.get("title"):
            raise element.error("expected <num> and <title> in the topic")
        yield fields["num"], " ".join(fields["title"].split())


def _grades(paths: list[Path]) -> Mapping[str, Mapping[str, int]]:
    """Grades from 1 by topic and document; 0 and less say that it was judged not relevant."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for path in paths:
        for number, line in enumerate(read_text(path).splitlines(), 1):
            if not line.strip():
                continue
            if not _QREL.match(line.strip()):
                raise DataError(
                    f"{path}, line {number}: expected topic, iteration, document and grade, found "
                    f"'{line.strip()[:60]}'"
                )
            topic, _, document, grade = line.split()
            if int(grade) > 0:
                found[topic][document] = int(grade)
    return found


def _example(
    number: str, text: str, grades: Mapping[str, int], documents: Mapping[str, Passage]
) -> Example:
    ids = {name: _id(name, documents) for name in grades}
    by_id: dict[str, int] = {}
    for name, grade in grades.items():
        by_id[ids[name]] = max(grade, by_id.get(ids[name], 0))
    graded = any(grade > 1 for grade in by_id.values())
    gold = Gold(support_ids=tuple(by_id), grades=tuple(by_id.items()) if graded else ())
    return Example(question=Question(id=number, text=text), gold=gold)


def _id(name: str, documents: Mapping[str, Passage]) -> str:
    return documents[name].id if name in documents else passage_id(name, "")
