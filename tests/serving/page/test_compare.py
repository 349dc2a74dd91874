"""Two graphs on one question, side by side."""

import pytest

from tests.serving.conftest import Serving
from tests.serving.held import Held
from tests.serving.page.conftest import ASKED, OpenPage
from tests.serving.page.engines import searching

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="session")]


async def test_both_answer_and_what_they_cost_is_told_as_a_ratio(
    serving: Serving, open_page: OpenPage
) -> None:
    async with serving(searching(), ("naive_rag", "react")) as served:
        page = await open_page(served)
        await page.tab.fill("#question", ASKED)
        await page.tab.click("text=Compare two graphs")
        assert await page.tab.input_value("#compare-question") == ASKED, "it is taken along"
        await page.tab.click("text=Ask both")
        for side in (0, 1):
            done = f'[data-side="{side}"] .state[data-status="finished"]'
            await page.tab.wait_for_selector(done)
            assert await page.text(f'[data-side="{side}"] .answer > span') == "1874"
        drawn = await page.texts(".side .graph-card h2")
        assert drawn == ["naive_rag", "react"]
        runs = (await served.client.get("/v1/runs")).json()["runs"]
        spent = {run["graph"]: run["answer"]["usage"] for run in runs}
        tokens = [
            spent[graph]["prompt_tokens"] + spent[graph]["completion_tokens"] for graph in drawn
        ]
        ratio = f"{tokens[1] / tokens[0]:.2f}×"
        row = await page.text(".ratios tr:has-text('Tokens')")
        assert row.split() == ["Tokens", f"{tokens[0]:,}", f"{tokens[1]:,}", ratio]
        await page.tab.reload()
        await page.tab.wait_for_selector(f".ratios:has-text('{ratio}')")


async def test_two_past_runs_are_compared(serving: Serving, open_page: OpenPage) -> None:
    async with serving() as served:
        page = await open_page(served)
        for graph in ("naive_rag", "rewrite"):
            await page.ask(graph=graph)
            await page.tab.wait_for_selector(f"svg.graph[aria-label*='{graph}']")
            await page.until("finished")
        await page.go("runs")
        await page.tab.wait_for_selector(".runs .q")
        assert await page.tab.is_disabled("text=Compare two")
        for box in await page.tab.locator(".runs input").all():
            await box.check()
        await page.tab.click("text=Compare two")
        await page.tab.wait_for_selector('[data-side="1"] .state[data-status="finished"]')
        assert await page.texts(".side .graph-card h2") == ["naive_rag", "rewrite"]


async def test_cancel_ends_both(serving: Serving, open_page: OpenPage) -> None:
    async with serving(Held()) as served:
        page = await open_page(served)
        await page.go("compare")
        await page.tab.fill("#compare-question", ASKED)
        await page.tab.keyboard.press("Enter")
        await page.tab.click("text=Cancel")
        for side in (0, 1):
            await page.tab.wait_for_selector(
                f'[data-side="{side}"] .state[data-status="cancelled"]'
            )
        assert served.desk.at_work == 0
