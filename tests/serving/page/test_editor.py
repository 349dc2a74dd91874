"""The graph editor: messages by line, a picture that follows, and a file to take away."""

from pathlib import Path

import pytest

from ragreason.graph.library import find_graph
from tests.serving.conftest import Serving
from tests.serving.page.conftest import Opened, OpenPage

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="session")]
REWRITE = find_graph("rewrite").read_text(encoding="utf-8")


async def edit(page: Opened, text: str, told: str) -> None:
    await page.tab.fill("#yaml", text)
    await page.tab.wait_for_selector(f".editor .state:has-text('{told}')")


async def test_mistakes_are_told_by_line_while_the_picture_follows(
    serving: Serving, open_page: OpenPage
) -> None:
    async with serving() as served:
        page = await open_page(served)
        await page.go("editor/rewrite")
        await page.tab.wait_for_selector("text=It is valid")
        assert await page.tab.input_value("#yaml") == REWRITE
        wrong = REWRITE.replace("use: answer", "use: anwser").replace("  retrieve:", "  found:")
        await edit(page, wrong, "3 messages")
        lines = [line for line, text in enumerate(wrong.split("\n"), 1) if "anwser" in text]
        assert await page.texts(".numbers .wrong") == sorted(
            {n.removeprefix("Line ") for n in await page.texts(".messages strong")}, key=int
        )
        (message,) = [t for t in await page.texts(".messages li") if "anwser" in t]
        assert f"Line {lines[0]}" in message
        assert "did you mean 'answer'?" in message
        assert await page.tab.locator(".drawing.stale").count() == 1, "an edge leads nowhere"
        await page.tab.click(f".messages button:has-text('Line {lines[0]} ')")
        chosen = "document.activeElement.value.slice(yaml.selectionStart, yaml.selectionEnd)"
        assert "anwser" in await page.tab.evaluate(chosen)
        renamed = REWRITE.replace("rewrite:", "reworded:").replace("rewrite]", "reworded]")
        await edit(page, renamed.replace("[rewrite,", "[reworded,"), "It is valid")
        await page.tab.wait_for_selector('.drawing [data-node="reworded"]')
        assert await page.tab.locator('.drawing [data-node="rewrite"]').count() == 0


async def test_what_is_no_yaml_is_told_where(serving: Serving, open_page: OpenPage) -> None:
    async with serving() as served:
        page = await open_page(served)
        await page.go("editor")
        await page.tab.wait_for_selector("text=It is valid")
        await edit(page, "version: 1\nname: [\n", "1 message")
        assert "not YAML" in await page.text(".messages li")


async def test_the_file_is_downloaded_and_kept_in_the_tab_only(
    serving: Serving, open_page: OpenPage, tmp_path: Path
) -> None:
    async with serving() as served:
        page = await open_page(served)
        await page.go("editor/rewrite")
        await page.tab.wait_for_selector("text=It is valid")
        mine = REWRITE.replace("name: rewrite", "name: mine")
        await edit(page, mine, "It is valid")
        async with page.tab.expect_download() as coming:
            await page.tab.click("text=Download")
        download = await coming.value
        assert download.suggested_filename == "mine.yaml"
        await download.save_as(tmp_path / "mine.yaml")
        assert (tmp_path / "mine.yaml").read_text(encoding="utf-8") == mine
        await page.go("runs")
        await page.go("editor")
        assert await page.tab.input_value("#yaml") == mine
        names = [g["name"] for g in (await served.client.get("/v1/graphs")).json()["graphs"]]
        assert names == ["naive_rag", "rewrite"], "nothing reached the server's graphs"
