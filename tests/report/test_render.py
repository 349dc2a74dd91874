"""The page: what it holds, that it loads nothing, and that no text of a run becomes markup."""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser

import pytest

from ragreason.evaluation.passages import Text
from ragreason.report.gather import Told
from ragreason.report.page import differences_to_first
from ragreason.report.render import render
from tests.report.conftest import MakeRow, MakeTold

EVIL = '</script></style><script>alert("x")</script><img src=x onerror=alert(1)>{{ 7 * 7 }}&lt;b'


class Page(HTMLParser):
    """The elements of a page with their attributes, the text, and what scripts hold."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: dict[str, str] = {}
        self._inside = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = dict(attrs).get("type") or tag if tag in {"script", "style"} else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag in {"script", "style"} else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[self._inside] = self.scripts.get(self._inside, "") + data
        else:
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def shown(runs: Sequence[Told]) -> Page:
    return Page(render(runs, differences_to_first(runs)))


def test_a_run_has_all_its_sections(row: MakeRow, run: MakeTold) -> None:
    rows = [row(i, right=float(i % 3 == 0), confidence=i / 40) for i in range(40)]
    page = shown([run(rows)])
    ids = {attributes.get("id") for _, attributes in page.elements}
    wanted = "scores tokens groups retrieval calibration failures questions how"
    assert ids >= set(wanted.split())
    assert "differences" not in ids
    assert len(page.all("svg")) >= 6
    text = " ".join(" ".join(page.text).split())
    assert "0.350" in text  # 14 of 40
    assert "12 of 26" in text
    assert "A small sample" in text


def test_a_comparison_has_differences_with_holm(row: MakeRow, run: MakeTold) -> None:
    weak = run([row(i) for i in range(30)], "weak")
    strong = run([row(i, right=1.0) for i in range(30)], "strong")
    text = " ".join(" ".join(shown([weak, strong]).text).split())
    assert "weak and strong on own" in text
    assert "Differences to weak" in text
    assert "+1.000 +1.000 to +1.000" in text


def test_runs_on_other_questions_are_told(row: MakeRow, run: MakeTold) -> None:
    one, two = run([row(0), row(1)], "one"), run([row(1), row(2)], "two")
    assert "The runs share 1 questions" in " ".join(shown([one, two]).text)
    assert "The runs share" not in " ".join(shown([one, one]).text)


@pytest.mark.parametrize("several", [False, True])
def test_no_text_of_a_run_becomes_markup(row: MakeRow, run: MakeTold, several: bool) -> None:
    evil = row(
        0,
        id=EVIL,
        question=EVIL,
        gold=[EVIL],
        answer=EVIL + " x",
        cited=EVIL,
        type=EVIL,
        forced_by=EVIL,
        trace=[
            {
                "kind": EVIL,
                "node": EVIL,
                "query": EVIL,
                "text": EVIL + ".",
                "titles": [EVIL],
                "ids": ["s1"],
                "scores": [1.0],
            },
            {"kind": "verdict", "score": 0.5, "label": EVIL, "missing": [EVIL], "text": EVIL},
        ],
        citations=[{"passage_id": "s1", "title": EVIL}],
    )
    failed = row(1, status="error", error=EVIL)
    texts = {"s1": Text(EVIL, EVIL), "s2": Text(EVIL, f"{EVIL} {EVIL}")}
    told = run([evil, failed, row(2, type="plain")], EVIL, texts)
    page = shown([told, run([evil], "other")] if several else [told])
    assert [script.get("type") for script in page.all("script")] == ["application/json", None]
    assert page.all("img") == []
    assert len(page.all("style")) == 1
    handlers = [a for _, attributes in page.elements for a in attributes if a.startswith("on")]
    assert handlers == []
    assert page.text.count(EVIL) >= 5
    assert "49" not in re.findall(r"\d+", "".join(t for t in page.text if "alert" in t))
    assert json.loads(page.scripts["application/json"])["questions"]["text"][0] == EVIL


def test_the_page_loads_nothing_and_runs_its_own_script_only(row: MakeRow, run: MakeTold) -> None:
    source = render([run([row(0), row(1, right=1.0)])])
    page = Page(source)
    (policy,) = (m["content"] for m in page.all("meta") if m.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    for kind in ("script", "style"):
        digest = hashlib.sha256(page.scripts[kind].encode()).digest()
        assert f"{kind}-src 'sha256-{base64.b64encode(digest).decode()}'" in policy
    assert re.findall(r"(?:https?:)?//[\w.]+", source.replace("http-equiv", "")) == []
    assert all((a.get("href") or "").startswith("#") for a in page.all("a"))
    assert not any("src" in attributes or "style" in attributes for _, attributes in page.elements)


def test_the_script_never_writes_markup(row: MakeRow, run: MakeTold) -> None:
    script = Page(render([run([row()])])).scripts["script"]
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "setHTML",
    ):
        assert way not in script


def test_ids_are_unique_and_links_lead_to_them(row: MakeRow, run: MakeTold) -> None:
    runs = [run([row(i) for i in range(20)], name) for name in "abc"]
    page = shown(runs)
    ids = [a["id"] for _, a in page.elements if a.get("id")]
    assert len(ids) == len(set(ids))
    assert {(a["href"] or "")[1:] for a in page.all("a")} <= set(ids)


def test_a_run_of_errors_and_an_old_run_are_shown(row: MakeRow, run: MakeTold) -> None:
    failed = run([row(i, status="error") for i in range(3)])
    assert "Boom: gone" in " ".join(shown([failed]).text)
    old = row()
    for name in ("cited", "citations", "trace", "hops", "type"):
        del old[name]
    assert "Otto Venn" in " ".join(shown([run([old], texts={})]).text)


def test_a_collection_without_answers_has_no_failures(row: MakeRow, run: MakeTold) -> None:
    rows = [row(i, gold=[], em=None, f1=None, precision=None, recall=None) for i in range(4)]
    text = " ".join(" ".join(shown([run(rows)]).text).split())
    assert "No question failed." in text


def test_the_same_runs_give_the_same_page(row: MakeRow, run: MakeTold) -> None:
    rows = [row(i, right=float(i % 2)) for i in range(12)]
    assert render([run(rows)]) == render([run(rows)])


def test_lone_surrogates_do_not_stop_the_page(row: MakeRow, run: MakeTold) -> None:
    page = render([run([row(answer="bad \ud800 letter")])])
    assert page.encode()
    assert "bad \ufffd letter" in page
