"""The page in headless Chromium, and what goes wrong in it."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from tests.serving.conftest import Served

ARGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
ASKED = "When was the designer of the Sallow Bridge born?"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Any]:
    """One browser for all tests; they share its event loop."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium; on Debian: apt-get install chromium")
    api = pytest.importorskip("playwright.async_api", reason="pip install playwright")
    async with api.async_playwright() as play:
        started = await play.chromium.launch(executable_path=chromium, args=ARGS)
        yield started
        await started.close()


@dataclass
class Opened:
    """The page in a tab. `wrong` is what the browser complained of, what ran that should not have,
    and what was asked of another server; `expected` are words of complaints that belong to a test.
    """

    tab: Any
    url: str
    wrong: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def complain(self, told: str) -> None:
        """Keep it, unless it is expected."""
        if not any(word in told for word in self.expected):
            self.wrong.append(told)

    async def go(self, place: str = "") -> None:
        """Open a view by its address."""
        await self.tab.goto(f"{self.url}/#/{place}")

    async def ask(self, question: str = ASKED, graph: str = "naive_rag") -> None:
        """Type a question and press Enter."""
        await self.tab.select_option("#graph", graph)
        await self.tab.fill("#question", question)
        await self.tab.keyboard.press("Enter")

    async def until(self, status: str) -> None:
        """Wait for the run to be in this state."""
        await self.tab.wait_for_selector(f'.answer-card .state[data-status="{status}"]')

    async def text(self, selector: str) -> str:
        """What can be read in the first such element."""
        return str(await self.tab.locator(selector).first.inner_text())

    async def texts(self, selector: str) -> list[str]:
        """What can be read in each."""
        return list(await self.tab.locator(selector).all_inner_texts())


OpenPage = Callable[..., Awaitable[Opened]]


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Any) -> AsyncIterator[OpenPage]:
    """`await open_page(served, **context)`; in the end nothing may have gone wrong in any."""
    all_opened: list[tuple[Opened, Any]] = []

    async def opened(served: Served, expected: tuple[str, ...] = (), **context: Any) -> Opened:
        own = await browser.new_context(**context)
        own.set_default_timeout(20_000)
        tab = await own.new_page()
        found = Opened(tab, served.url, expected=expected)
        tab.on("console", lambda message: found.complain(message.text))
        tab.on("pageerror", lambda error: found.complain(str(error)))
        tab.on("dialog", lambda dialog: found.complain(dialog.message))
        tab.on("request", lambda request: _look(found, request.url))
        all_opened.append((found, own))
        await found.go()
        return found

    yield opened
    for _, own in all_opened:
        await own.close()
    assert [told for found, _ in all_opened for told in found.wrong] == []


def _look(found: Opened, url: str) -> None:
    if not url.startswith((found.url, "blob:")):
        found.complain(f"asked for {url}")
