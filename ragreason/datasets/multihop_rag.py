"""MultiHop-RAG: questions over news, answered from two to four articles, or by none ("null").

The articles lie beside the questions in the official `corpus.json` ({title, body, ...}). Without
it the facts of all questions are the corpus, each under its article's title: easier to find than
the articles. Source: github.com/yixuantt/MultiHop-RAG.
"""

from collections.abc import Mapping
from typing import Any

from ragreason.datasets.example import Dataset, Example, Gold, ids_of, paragraph
from ragreason.datasets.files import Origin
from ragreason.datasets.records import Record, read_json
from ragreason.types import Passage, Question

_CORPUS = "corpus.json"
_NONE = "null_query"


def load_multihop_rag(origin: Origin) -> Dataset:
    """MultiHop-RAG. Hops are the articles that are needed; questions of the type "null_query" can't
    be answered. The ids are their numbers from 1, where they have none.
    """
    articles = () if origin.given is not None else _articles(origin)
    examples = [_example(r, str(i), articles) for i, r in enumerate(origin.records, 1)]
    return Dataset("multihop_rag", origin.path, tuple(examples), articles)


def _articles(origin: Origin) -> tuple[Passage, ...]:
    path = origin.folder / _CORPUS
    if not path.is_file():
        return ()
    return tuple(paragraph(r.text("title"), r.text("body").strip()) for r in read_json(path))


def _example(record: Record, number: str, articles: tuple[Passage, ...]) -> Example:
    facts = tuple(_fact(record, value) for value in record.optional("evidence_list"))
    titles = list(dict.fromkeys(fact.title for fact in facts))
    supports = ids_of(articles, titles) if articles else tuple(f.id for f in facts)
    kind = str(record.fields.get("question_type") or "")
    gold = Gold(
        answers=(record.text("answer"),),
        support_ids=tuple(dict.fromkeys(supports)),
        support_idxs=() if articles else tuple(range(len(facts))),
        type=kind,
        hops=len(titles),
        answerable=kind != _NONE,
    )
    name = number if record.fields.get("id") is None else record.text("id")
    question = Question(id=name, text=record.text("query", "question"))
    return Example(question=question, gold=gold, passages=() if articles else facts)


def _fact(record: Record, value: Any) -> Passage:
    texts = (value.get("title"), value.get("fact")) if isinstance(value, Mapping) else ()
    if len(texts) != 2 or not all(isinstance(text, str) and text.strip() for text in texts):
        raise record.error("expected texts 'title' and 'fact' in each of 'evidence_list'")
    return paragraph(str(texts[0]), str(texts[1]).strip())
