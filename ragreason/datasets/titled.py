"""HotpotQA and 2WikiMultihopQA: paragraphs of sentences under titles, facts as (title, sentence).

Official layout: `context` is a list of [title, [sentence, ...]], `supporting_facts` a list of
[title, sentence number]. Hugging Face layout: `context` is {title: [...], sentences: [[...]]},
`supporting_facts` {title: [...], sent_id: [...]}, `evidences` {subject or fact: [...], relation:
[...], object or entity: [...]}. In tables each of them may stand as JSON in a text. Test files have
neither answers nor facts and are refused. Sources: hotpotqa.github.io,
github.com/Alab-NII/2wikimultihop.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ragreason.datasets.example import Dataset, Example, Gold, ids_of, paragraph
from ragreason.datasets.files import Origin
from ragreason.datasets.records import Record, unpacked
from ragreason.text.passages import mended, paragraph_text
from ragreason.types import Question


def load_hotpotqa(origin: Origin) -> Dataset:
    """HotpotQA, distractor or fullwiki, either layout. Every question has two hops."""
    examples = tuple(_example(record, hops=2) for record in origin.records)
    return Dataset("hotpotqa", origin.path, examples)


def load_2wikimultihopqa(origin: Origin) -> Dataset:
    """2WikiMultihopQA, either layout. Hops are the number of supporting paragraphs."""
    return Dataset("2wikimultihopqa", origin.path, tuple(map(_example, origin.records)))


def _example(record: Record, hops: int = 0) -> Example:
    context = _context(record)
    passages = tuple(paragraph(t, paragraph_text(s)) for t, s in context)
    facts = _facts(record)
    titles = list(dict.fromkeys(title for title, _ in facts))
    gold = Gold(
        answers=(record.text("answer"), *record.texts("answer_aliases")),
        support_ids=ids_of(passages, titles),
        support_idxs=tuple(i for i, p in enumerate(passages) if p.title in titles),
        supporting_facts=facts,
        evidences=_evidences(record),
        type=str(record.fields.get("type", "")),
        hops=hops or len(titles),
    )
    question = Question(id=record.text("_id", "id"), text=record.text("question"))
    sentences = tuple(tuple(map(mended, sentences)) for _, sentences in context)
    return Example(question=question, gold=gold, passages=passages, sentences=sentences)


def _context(record: Record) -> list[tuple[str, list[str]]]:
    pairs = _pairs(record, "context", "title", ("sentences", "content"))
    for title, sentences in pairs:
        if not (
            isinstance(title, str)
            and isinstance(sentences, list)
            and all(isinstance(s, str) for s in sentences)
        ):
            raise record.error("expected each paragraph in 'context' as a title and its sentences")
    return pairs


def _facts(record: Record) -> tuple[tuple[str, int], ...]:
    pairs = _pairs(record, "supporting_facts", "title", ("sent_id",))
    for title, sentence in pairs:
        if not isinstance(title, str) or not isinstance(sentence, int):
            raise record.error("expected each of 'supporting_facts' as a title and a number")
    return tuple(pairs)


def _pairs(record: Record, name: str, first: str, second: Sequence[str]) -> list[tuple[Any, Any]]:
    value = unpacked(record.get(name))
    if isinstance(value, Mapping):
        left = value.get(first)
        right = next((value[s] for s in second if s in value), None)
        if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
            return list(zip(left, right, strict=True))
        raise record.error(f"expected '{name}' to hold lists '{first}' and '{second[0]}', as long")
    if isinstance(value, list) and all(isinstance(v, list) and len(v) == 2 for v in value):
        return [(v[0], v[1]) for v in value]
    raise record.error(f"expected '{name}' as a list of pairs or as an object of lists")


def _evidences(record: Record) -> tuple[tuple[str, str, str], ...]:
    triples = unpacked(record.fields.get("evidences")) or []
    if isinstance(triples, Mapping):
        columns = [_column(record, triples, names) for names in _TRIPLE]
        if len({len(column) for column in columns}) > 1:
            raise record.error("expected the lists in 'evidences' as long as each other")
        triples = [list(triple) for triple in zip(*columns, strict=True)]
    elif isinstance(triples, list):
        triples = [
            [_part(t, names) for names in _TRIPLE] if isinstance(t, Mapping) else t for t in triples
        ]
    if not isinstance(triples, list) or not all(
        isinstance(t, list) and len(t) == 3 and all(isinstance(x, str) for x in t) for t in triples
    ):
        raise record.error("expected 'evidences' as a list of three texts each")
    return tuple((t[0], t[1], t[2]) for t in triples)


_TRIPLE = (("subject", "fact"), ("relation",), ("object", "entity"))


def _part(triple: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((triple[name] for name in names if name in triple), None)


def _column(record: Record, columns: Mapping[str, Any], names: Sequence[str]) -> Sequence[Any]:
    found = _part(columns, names)
    if not isinstance(found, list):
        raise record.error(f"expected a list '{names[0]}' in 'evidences'")
    return found
