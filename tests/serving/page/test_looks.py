"""The page fits every width, in both colours, and stands out from its ground."""

import pytest

from tests.report.test_browser import CONTRASTS
from tests.serving.conftest import Served, Serving
from tests.serving.page.conftest import ASKED, Opened, OpenPage
from tests.serving.page.engines import searching

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="session")]
LONG = f"{ASKED} {'Sallowbridgesallowbridge' * 9}"


async def every_view(served: Served, page: Opened) -> list[str]:
    """The addresses of all views, with something in each."""
    ids = []
    for graph in ("mcts_rag", "self_rag"):
        live = await served.desk.begin(graph, LONG, thread="t")
        await live.ended.wait()
        ids.append(live.record.id)
    return ["", f"runs/{ids[1]}", "runs", f"compare/{'/'.join(ids)}", "editor"]


async def shown(page: Opened, view: str) -> None:
    await page.go(view)
    inside = {"runs": ".runs .q", "editor": "text=It is valid"}
    await page.tab.wait_for_selector(inside.get(view, "svg.graph"))
    if "/" in view:
        await page.tab.wait_for_selector(".cost .kinds")
    await page.tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")


@pytest.mark.parametrize("width", [360, 1280])
async def test_no_view_scrolls_sideways(serving: Serving, open_page: OpenPage, width: int) -> None:
    async with serving(searching(), ("mcts_rag", "self_rag")) as served:
        page = await open_page(served, viewport={"width": width, "height": 800})
        for view in await every_view(served, page):
            await shown(page, view)
            assert await page.tab.evaluate("document.documentElement.scrollWidth") <= width, view


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_all_text_stands_out_from_its_ground(
    serving: Serving, open_page: OpenPage, scheme: str
) -> None:
    """By 4.5 to 1, as WCAG's level AA asks."""
    async with serving(searching(), ("mcts_rag", "self_rag")) as served:
        page = await open_page(served, color_scheme=scheme)
        for view in await every_view(served, page):
            await shown(page, view)
            assert await page.tab.evaluate(CONTRASTS) == [], view


async def test_the_colours_are_the_systems_until_you_choose(
    serving: Serving, open_page: OpenPage
) -> None:
    async with serving() as served:
        page = await open_page(served, color_scheme="dark")
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = await page.tab.evaluate(ground)
        await page.tab.click("#theme")
        light = await page.tab.evaluate(ground)
        assert dark != light
        await page.tab.reload()
        assert await page.tab.evaluate(ground) == light
        await page.tab.click("#theme")
        assert await page.tab.evaluate(ground) == dark
