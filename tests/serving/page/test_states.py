"""What the page says when something is not as it should be, and that it goes on afterwards."""

import pytest

from ragreason.errors import EngineDiedError
from ragreason.generation.scripted import Scripted
from ragreason.types import Request
from tests.serving.conftest import Serving
from tests.serving.held import Held
from tests.serving.page.conftest import OpenPage

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="session")]
KEY = "a-key-of-twenty-letters"


async def test_a_wrong_key_is_asked_for_again_and_the_right_one_kept_for_the_tab(
    serving: Serving, open_page: OpenPage
) -> None:
    async with serving(keys=(KEY,)) as served:
        page = await open_page(served, expected=("401",))
        await page.tab.fill("#key-field", "not the key")
        await page.tab.keyboard.press("Enter")
        await page.tab.wait_for_selector("#key-wrong:visible")
        await page.tab.fill("#key-field", KEY)
        await page.tab.keyboard.press("Enter")
        await page.ask()
        await page.until("finished")
        await page.tab.reload()
        await page.until("finished")
        assert KEY not in page.tab.url
        assert await page.tab.evaluate("JSON.stringify(localStorage)") == "{}"


async def test_a_key_that_is_not_given_is_asked_for_later(
    serving: Serving, open_page: OpenPage
) -> None:
    async with serving(keys=(KEY,)) as served:
        page = await open_page(served, expected=("401",))
        await page.tab.wait_for_selector("#key-field")
        await page.tab.keyboard.press("Escape")
        assert "A key is needed" in await page.text(".notice")
        await page.tab.click("#give-key")
        await page.tab.fill("#key-field", KEY)
        await page.tab.keyboard.press("Enter")
        await page.tab.wait_for_selector("svg.graph")


async def test_a_busy_server_is_asked_again_when_it_said(
    serving: Serving, open_page: OpenPage
) -> None:
    engine = Held()
    async with serving(engine, most_runs=1) as served:
        run = await served.desk.begin("naive_rag", "When?")
        page = await open_page(served, expected=("429",))
        await page.ask()
        await page.tab.wait_for_selector(".notice:has-text('The server is busy.')")
        assert "Try again in" in await page.text(".notice button")
        engine.go.set()
        await run.ended.wait()
        await page.tab.click(".notice button:text-is('Try again')")
        await page.until("finished")
        assert not await page.tab.is_visible(".notice")


def died(request: Request) -> str:
    raise EngineDiedError("the engine at http://127.0.0.1:9 is gone")


async def test_an_engine_that_is_gone_is_told_with_what_to_do(
    serving: Serving, open_page: OpenPage
) -> None:
    async with serving(Scripted(default=died)) as served:
        page = await open_page(served)
        await page.ask()
        await page.until("failed")
        told = await page.text(".note.bad")
        assert "the engine at http://127.0.0.1:9 is gone" in told
        assert "try again when it is back" in told
        failed = '[data-node="answer"][data-state="failed"]'
        await page.tab.wait_for_selector(failed)


async def test_a_server_that_is_gone_is_told_and_tried_again(
    serving: Serving, open_page: OpenPage
) -> None:
    async with serving() as served:
        page = await open_page(served, expected=("ERR_FAILED",))
        await page.tab.wait_for_selector("svg.graph")
        await page.tab.route("**/v1/runs", lambda route: route.abort())
        await page.ask()
        assert "can't be reached" in await page.text(".notice")
        await page.tab.unroute("**/v1/runs")
        await page.tab.click("text=Try again")
        await page.until("finished")


async def test_what_is_not_there_is_told(serving: Serving, open_page: OpenPage) -> None:
    async with serving() as served:
        page = await open_page(served, expected=("404",))
        await page.go("runs/0123")
        assert "no run '0123'" in await page.text(".notice")
        await page.go("runs")
        await page.tab.wait_for_selector("text=Nothing was asked yet.")
        await page.go("")
        await page.ask("")
        assert await page.tab.evaluate("document.activeElement.id") == "question"
        assert (await served.client.get("/v1/runs")).json()["runs"] == []


async def test_an_answer_that_is_not_there_is_told(serving: Serving, open_page: OpenPage) -> None:
    engine = Scripted(default="I don't know")
    async with serving(engine, ("abstain",)) as served:
        page = await open_page(served)
        await page.ask("Who painted the moon?", graph="abstain")
        await page.until("finished")
        assert await page.text(".answer > span") == "The documents don't answer this."
