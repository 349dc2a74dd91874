"""Natural Questions and TriviaQA: open questions, several right answers, mostly no paragraphs.

NQ-open is JSON lines of `question` and `answer` (a list). DPR's files have `answers` with
`positive_ctxs` and `negative_ctxs`, readers' files `ctxs`, marked with `isgold` where the gold
passage is known. `hasanswer` only says that a passage holds the answer's letters: it is no support.
TriviaQA's official file is {"Data": [{"Question", "QuestionId", "Answer": {"Value", "Aliases"}}]};
its evidence is whole web pages, which are not read: `ragreason index build` does that.
Sources: github.com/google-research-datasets/natural-questions, nlp.cs.washington.edu/triviaqa,
github.com/facebookresearch/DPR.
"""

from collections.abc import Mapping
from typing import Any

from ragreason.datasets.example import Dataset, Example, Gold, distinct
from ragreason.datasets.files import Origin
from ragreason.datasets.marked import Marks, first, marked_paragraphs
from ragreason.datasets.records import Record, unpacked
from ragreason.text.passages import mended
from ragreason.types import Passage, Question

_IDS = ("id", "qid", "question_id", "QuestionId", "example_id")
_QUESTIONS = ("question", "Question", "question_text")
_CTXS = Marks("ctxs", ("text",), ("isgold", "is_gold"))
_LISTS = ("positive_ctxs", "hard_negative_ctxs", "negative_ctxs")


def load_nq(origin: Origin) -> Dataset:
    """Natural Questions: NQ-open, DPR's files, or readers' files with `ctxs`."""
    return _load("nq", origin)


def load_triviaqa(origin: Origin) -> Dataset:
    """TriviaQA: the official files, the Hugging Face layout, or DPR's and readers' files."""
    return _load("triviaqa", origin)


def _load(name: str, origin: Origin) -> Dataset:
    examples = [_example(r, str(i)) for i, r in enumerate(origin.records, 1)]
    return Dataset(name, origin.path, tuple(examples))


def _example(record: Record, number: str) -> Example:
    passages, supports = _passages(record)
    gold = Gold(
        answers=_answers(record),
        support_ids=tuple(dict.fromkeys(passages[i].id for i in supports)),
        support_idxs=supports,
        hops=1,
    )
    has_id = any(record.fields.get(name) is not None for name in _IDS)
    question = Question(
        id=record.text(*_IDS) if has_id else number, text=record.text(*_QUESTIONS).strip()
    )
    return Example(question=question, gold=gold, passages=passages)


def _answers(record: Record) -> tuple[str, ...]:
    """The value first, then its aliases, each once."""
    value = unpacked(record.get("answers", "answer", "Answer"))
    if isinstance(value, Mapping):
        value = [first(value, ("value", "Value")), *_listed(first(value, ("aliases", "Aliases")))]
    found = [value] if isinstance(value, str) else value
    if (
        not isinstance(found, list)
        or not found
        or not all(isinstance(v, str) and v.strip() for v in found)
    ):
        raise record.error("expected texts in the list under 'answers'")
    return tuple(dict.fromkeys(mended(answer) for answer in found))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _passages(record: Record) -> tuple[tuple[Passage, ...], tuple[int, ...]]:
    """With DPR's files the first positive passage is the gold one, as its annotators chose it."""
    if not any(record.fields.get(name) for name in _LISTS):
        return marked_paragraphs(record, _CTXS)
    lists = [marked_paragraphs(record, Marks(name, ("text",), ()))[0] for name in _LISTS]
    gold = lists[0][:1]
    # sorted, so that the first places tell nothing
    passages = tuple(sorted(distinct(p for some in lists for p in some), key=lambda p: p.id))
    return passages, tuple(i for i, p in enumerate(passages) if p in gold)
