"""The page in a real browser: its list, its keys, its colours, and what it lets in or out."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ragreason.report.gather import Told
from ragreason.report.page import differences_to_first
from ragreason.report.render import render
from tests.report.conftest import MakeRow, MakeTold
from tests.report.test_render import EVIL

pytestmark = pytest.mark.system
ARGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium; on Debian: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=chromium, args=ARGS)
        yield started
        started.close()


class Opened:
    """A page that was opened, and what went wrong in it."""

    def __init__(self, browser: Any, path: Path, **context: Any) -> None:
        self.wrong: list[str] = []
        self.tab = browser.new_context(**context).new_page()
        self.tab.on("console", lambda message: self.wrong.append(message.text))
        self.tab.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.tab.on("dialog", lambda dialog: self.wrong.append(dialog.message))
        self.tab.on("requestfinished", self._asked)
        self.path = path
        self.tab.goto(path.as_uri())

    def _asked(self, request: Any) -> None:
        if request.url != self.path.as_uri():
            self.wrong.append(request.url)

    def questions(self) -> list[str]:
        found: list[str] = self.tab.locator("#rows .open").all_text_contents()
        return found


def page_of(folder: Path, *runs: Told) -> Path:
    path = folder / "report.html"
    path.write_text(render(runs, differences_to_first(runs)), encoding="utf-8")
    return path


@pytest.fixture
def runs(row: MakeRow, run: MakeTold) -> list[Told]:
    """120 questions: every third right in both runs, and q1 right in the second one only."""
    rows = [
        row(i, right=float(i % 3 == 0), retrieved=["s1"] if i > 60 else ["s1", "s2"])
        for i in range(120)
    ]
    other = [row(i, right=float(i % 3 == 0 or i == 1)) for i in range(120)]
    return [run(rows, "one"), run(other, "two")]


def test_the_list_is_filtered_sorted_and_turned(
    browser: Any, runs: list[Told], tmp_path: Path
) -> None:
    opened = Opened(browser, page_of(tmp_path, runs[0]))
    tab = opened.tab
    assert len(opened.questions()) == 50
    tab.click("#next")
    assert opened.questions()[0] == "Who built tower 50?"
    tab.click("#last")
    assert tab.text_content("#range") == "101–120 of 120"
    tab.keyboard.press("/")
    tab.keyboard.type("TOWER 11")
    tab.wait_for_selector("#range:has-text('of 11 (120 in all)')")
    assert opened.questions()[:2] == ["Who built tower 11?", "Who built tower 110?"]
    tab.fill("#text", "")
    tab.wait_for_selector("#range:text-is('1–50 of 120')")
    tab.click("text=not retrieved >> nth=0")  # in the table of causes
    assert tab.text_content("#range") == "1–40 of 40 (120 in all)"
    assert tab.get_attribute('#causes button:has-text("not retrieved")', "aria-pressed") == "true"
    tab.click('#causes button:has-text("any")')
    tab.click("[data-sort=tokens]")
    assert opened.questions()[0] == "Who built tower 119?"
    assert opened.wrong == []


def test_runs_that_differ_are_found_and_opened(
    browser: Any, runs: list[Told], tmp_path: Path
) -> None:
    opened = Opened(browser, page_of(tmp_path, *runs))
    opened.tab.click("text=runs differ")
    assert opened.questions() == ["Who built tower 1?"]
    opened.tab.focus("#rows .open")
    opened.tab.keyboard.press("Enter")
    told = opened.tab.text_content("#rows tr.more")
    assert "Otto Venn · read, but wrong" in told
    assert "Ilse Brand · right" in told
    opened.tab.keyboard.press("Enter")
    assert opened.tab.locator("#rows tr.more").count() == 0
    assert opened.wrong == []


def test_a_link_opens_the_example_it_leads_to(
    browser: Any, runs: list[Told], tmp_path: Path
) -> None:
    path = page_of(tmp_path, runs[0])
    place = re.findall(r'id="(x0-\d+)"', path.read_text(encoding="utf-8"))[0]
    opened = Opened(browser, path)
    opened.tab.evaluate(f"location.hash = '{place}'")
    opened.tab.wait_for_selector(f"#{place} .passage >> nth=0", state="visible")
    assert opened.wrong == []


def test_what_a_run_wrote_is_never_run(
    browser: Any, row: MakeRow, run: MakeTold, tmp_path: Path
) -> None:
    evil = row(0, question=EVIL, gold=[EVIL], answer=EVIL + " x", type=EVIL)
    opened = Opened(browser, page_of(tmp_path, run([evil, row(1)], EVIL), run([evil], "b")))
    opened.tab.click("#rows .open >> nth=0")
    assert opened.tab.text_content("#rows .open >> nth=0") == EVIL
    assert opened.tab.locator("img").count() == 0
    assert opened.wrong == []


def test_the_policy_keeps_out_what_would_get_in(
    browser: Any, runs: list[Told], tmp_path: Path
) -> None:
    """Were escaping to fail, no script would run and nothing would be fetched all the same."""
    path = page_of(tmp_path, runs[0])
    planted = '<script>document.title = "in"</script><img src="https://example.invalid/x.png">'
    text = path.read_text(encoding="utf-8").replace("</header>", f"{planted}</header>", 1)
    path.write_text(text, encoding="utf-8")
    opened = Opened(browser, path)
    assert opened.tab.title() == "one on own"
    assert len(opened.questions()) == 50
    assert not [told for told in opened.wrong if told.startswith("https:")]
    assert sum("Content Security Policy" in told for told in opened.wrong) == 2


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_no_width_makes_the_page_scroll_sideways(
    browser: Any, runs: list[Told], tmp_path: Path, width: int
) -> None:
    viewport = {"width": width, "height": 800}
    opened = Opened(browser, page_of(tmp_path, *runs), viewport=viewport)
    opened.tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert opened.tab.evaluate("document.documentElement.scrollWidth") <= width


CONTRASTS = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const linear = (v) => (v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    const [r, g, b] = parts(colour).map((v) => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      const [r, g, b, a] = parts(colour);
      if (a === undefined || a > .99) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  for (const node of document.querySelectorAll("details")) node.open = true;
  const low = new Set();
  for (const node of document.querySelectorAll("body *")) {
    const texts = [...node.childNodes].filter((child) => child.nodeType === 3);
    const read = texts.some((child) => child.textContent.trim()) && !node.closest("script");
    if (!read || node.disabled || !node.getClientRects().length) continue;
    const style = getComputedStyle(node);
    const ink = node.closest("svg") ? style.fill : style.color;
    const [a, b] = [light(ink), light(ground(node))].sort((x, y) => y - x);
    const name = `${node.tagName}.${node.className.baseVal ?? node.className}`;
    if ((a + .05) / (b + .05) < 4.5) low.add(`${name} ${ink} on ${ground(node)}`);
  }
  return [...low];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_its_ground(
    browser: Any, runs: list[Told], tmp_path: Path, scheme: str
) -> None:
    """By 4.5 to 1, as WCAG's level AA asks."""
    opened = Opened(browser, page_of(tmp_path, *runs), color_scheme=scheme)
    opened.tab.click("#rows .open >> nth=0")
    assert opened.tab.evaluate(CONTRASTS) == []
