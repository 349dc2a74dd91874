"""What notebooks show: every text escaped, no colour of our own, deep trees without recursion."""

import re
from html.parser import HTMLParser

import pytest

from ragreason.events import TraceEvent
from ragreason.runner.run import Run
from ragreason.text.html import Row, tag, tree_table
from ragreason.traces.searches import searches
from ragreason.tree import Added, Judged, Tree
from ragreason.types import (
    Alternative,
    Answer,
    Citation,
    Hit,
    Passage,
    Question,
    Step,
    Usage,
    Verdict,
)

EVIL = "<script>alert(1)</script><img src=x onerror='alert(2)'>\"&amp; [1] [7]"
VOID = {"img", "br", "hr", "input", "meta", "link"}


class Read(HTMLParser):
    """The elements and attributes of a document, which must be well nested, and its text."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(document)
        self.close()
        assert not self._open

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(name)
        self.attributes |= {key for key, _ in attributes}
        self._open.append(name)

    def handle_endtag(self, name: str) -> None:
        assert self._open.pop() == name

    def handle_data(self, text: str) -> None:
        self.texts.append(text)


def passage(text: str) -> Passage:
    return Passage(id="p", title=text, text=text, document=text)


CITATION = Citation(number=1, passage_id="p", title=EVIL, document=EVIL, page=3, quote=EVIL)
ANSWER = Answer(
    text=EVIL,
    cited=EVIL,
    citations=(CITATION,),
    alternatives=(Alternative(text=EVIL, weight=0.25, documents=1),),
    forced_by=EVIL,
    confidence=0.5,
    usage=Usage(prompt_tokens=1234, calls=2, retrievals=1),
    elapsed_s=1.25,
)
HIT = Hit(passage=passage(EVIL), score=1.0, rank=1, source="bm25")
STEPS = [
    Step(kind="search", text=EVIL, query=EVIL, hits=(HIT,)),
    Step(kind="call", text=EVIL, tool=EVIL, arguments=EVIL, result=EVIL),
    Step(kind="answer", text=EVIL, answer=EVIL),
]
EVENTS = (
    TraceEvent(kind="search", node=EVIL, query=EVIL, hits=(HIT,)),
    TraceEvent(kind="step", node=EVIL, step=STEPS[0], tree_node=1, parent=0),
    TraceEvent(kind="step", node=EVIL, step=STEPS[1], tree_node=2, parent=1),
    TraceEvent(kind="step", node=EVIL, step=STEPS[2], tree_node=3, parent=2),
    TraceEvent(kind="verdict", node=EVIL, tree_node=2, verdict=Verdict(score=0.5)),
    TraceEvent(kind="failed", node=EVIL, text=EVIL, tree_node=4, parent=0),
)
TREE = Tree(
    [
        *(Added(parent=n, step=step) for n, step in enumerate(STEPS)),
        Added(parent=0, step=None),
        Judged(node=3, verdict=Verdict(score=0.25), outcome=True),
    ]
)
SHOWN = {
    "answer": ANSWER,
    "failed": Answer(text="", status="error", error=EVIL),
    "abstained": Answer(text="", abstained=True, missing=(EVIL,)),
    "run": Run(Question(id="q", text=EVIL), ANSWER, EVENTS),
    "search": searches(EVENTS)[0],
    "tree": TREE,
}


@pytest.mark.parametrize("kind", SHOWN)
def test_every_text_is_escaped_and_every_colour_is_the_reader_s(kind: str) -> None:
    document = SHOWN[kind]._repr_html_()  # type: ignore[attr-defined]
    read = Read(document)
    assert not {"script", "img"} & set(read.tags)
    assert read.attributes <= {"style", "title", "open"}
    assert "alert(1)" in "".join(read.texts)
    assert not re.search(r"#[0-9a-f]{3}|\brgb|hsl|white(?!-space)|black|url\(|https?:", document)


def test_an_answer_shows_its_citations_and_what_it_cost() -> None:
    text = "".join(Read(ANSWER._repr_html_()).texts)
    assert "1 cited" in text
    assert "2 calls, 1,234 tokens, 1 searches · 1.2 s" in text
    assert "confidence 0.50" in text
    assert "(25%)" in text
    assert ANSWER._repr_html_().count("<sup") == 1, "[7] is no citation"


def test_a_run_shows_its_searches_and_its_tree() -> None:
    text = "".join(Read(SHOWN["run"]._repr_html_()).texts)  # type: ignore[attr-defined]
    assert "1 queries" in text
    assert "a tree of 4 steps" in text
    assert "0.50" in text


def test_a_tree_stands_in_the_order_of_its_branches() -> None:
    steps = {word: Step(kind="thought", text=word) for word in ("a", "b", "a1", "b1", "a2")}
    added = [(0, "a"), (0, "b"), (1, "a1"), (2, "b1"), (1, "a2")]
    tree = Tree([Added(parent=parent, step=steps[word]) for parent, word in added])
    said = [text for text in Read(tree._repr_html_()).texts if text in steps]
    assert said == ["a", "a1", "a2", "b", "b1"]


def test_a_deep_tree_is_shown() -> None:
    step = Step(kind="thought", text="on")
    tree = Tree([Added(parent=n, step=step) for n in range(3000)])
    assert Read(tree._repr_html_()).texts.count("on") == 3000


def test_columns_where_nobody_says_anything_are_left_out() -> None:
    rows = [Row(0, "thought", "a", (None, 0.5)), Row(1, "answer", "b", (None, None))]
    texts = Read(tree_table(rows, ("step", "outcome"))).texts
    assert "outcome" in texts
    assert "step" not in texts


def test_markup_is_left_as_it_is_and_text_is_not() -> None:
    assert tag("p", tag("b", "<"), "<", title='"') == '<p title="&quot;"><b>&lt;</b>&lt;</p>'
