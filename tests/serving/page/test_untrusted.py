"""Whatever a document, a question or a model says stays text: nothing of it runs or is fetched."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from ragreason.embedding.hashing import HashingEmbedder
from ragreason.generation.scripted import Scripted
from ragreason.retrieval.build import build_index
from tests.serving.conftest import Serving
from tests.serving.page.conftest import OpenPage

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="session")]
EVIL = (
    "<img src=x onerror=alert(1)><script>alert(2)</script>"
    '"><svg onload=alert(3)></svg><a href="javascript:alert(4)">bridge</a>'
)
TITLE = "Bridge <img src=x onerror=alert(5)>"

PLANTED = """() => {
  const image = document.createElement("div");
  image.innerHTML = "<img src='https://example.invalid/x' onerror='document.title = 1'>";
  const script = document.createElement("script");
  script.textContent = "document.title = 'in'";
  document.body.append(image, script);
}"""


@pytest.fixture(scope="module")
def index_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One document, hostile in title and text."""
    folder = tmp_path_factory.mktemp("evil")
    text = f"The bridge was built in 1874. {EVIL}"
    (folder / "evil.jsonl").write_text(json.dumps({"title": TITLE, "text": text}), "utf-8")
    out = tmp_path_factory.mktemp("evil_index") / "index"
    asyncio.run(build_index([folder], out, embedder=HashingEmbedder()))
    return out


async def harmless(page: Any) -> None:
    """Nothing of it became an element (dialogs and requests are looked for in all tests)."""
    found = (
        "main img, main script, dialog img, main [onerror], main svg[onload], a[href^=javascript]"
    )
    assert await page.tab.locator(found).count() == 0


@pytest.mark.parametrize("graph", ["naive_rag", "react"])
async def test_no_text_of_a_run_becomes_markup(
    serving: Serving, open_page: OpenPage, graph: str
) -> None:
    engine = Scripted(default=f"1874 {EVIL}\nSearch: bridge {EVIL}")
    async with serving(engine, ("naive_rag", "react")) as served:
        page = await open_page(served)
        await page.ask(f"When was the bridge built? {EVIL}", graph=graph)
        await page.until("finished")
        assert EVIL in await page.text(".answer > span"), "it is shown as it is written"
        assert TITLE in await page.text(".passages .title")
        await page.tab.evaluate(
            "for (const d of document.querySelectorAll('details')) d.open = true"
        )
        assert "<script>alert(2)</script>" in " ".join(await page.texts(".passages details"))
        await harmless(page)
        await page.tab.click(".steps .hits button >> nth=0")
        assert TITLE in await page.text("#passage h2")
        assert EVIL in await page.text("#passage .body")
        await harmless(page)
        await page.tab.keyboard.press("Escape")
        await page.go("runs")
        await page.tab.wait_for_selector(".runs .q")
        assert "<img" in await page.text(".runs .q")
        await harmless(page)


async def test_an_error_and_a_graph_file_stay_text_too(
    serving: Serving, open_page: OpenPage
) -> None:
    async with serving(Scripted()) as served:
        page = await open_page(served)
        await page.ask(f"When was the bridge built? {EVIL}")
        await page.until("failed")
        assert "no rule fits" in await page.text(".note.bad")
        await harmless(page)
        await page.go("editor")
        await page.tab.wait_for_selector("text=It is valid")
        text = await page.tab.input_value("#yaml")
        evil = text.replace("use: answer", f"use: '{EVIL}'")
        await page.tab.fill("#yaml", evil)
        await page.tab.wait_for_selector(".messages li:has-text('<script>')")
        await page.tab.wait_for_selector(".drawing svg text:has-text('<script>')")
        await harmless(page)


async def test_the_policy_would_keep_out_what_slipped_in(
    serving: Serving, open_page: OpenPage
) -> None:
    """Were the page to make a mistake, the browser would still run and fetch nothing."""
    async with serving() as served:
        expected = ("Content Security Policy", "violates", "example.invalid")
        page = await open_page(served, expected=expected)
        await page.tab.wait_for_selector("#question")
        await page.tab.evaluate(PLANTED)
        assert await page.tab.title() == "Ask – ragreason"
