"""Asking in the page: a run is watched, read, cancelled, paused, gone on with, and found again."""

from collections.abc import Iterator
from typing import Any

import pytest

from ragreason.generation.scripted import Scripted
from tests.serving.conftest import Serving
from tests.serving.held import Held
from tests.serving.page.conftest import ASKED, OpenPage

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="session")]


async def test_a_citation_opens_its_passage_at_the_sentence_that_was_used(
    serving: Serving, open_page: OpenPage
) -> None:
    async with serving() as served:
        page = await open_page(served)
        await page.ask()
        await page.until("finished")
        assert await page.text(".answer > span") == "1874"
        assert await page.text(".sources .title") == "Edda Quill"
        await page.tab.click(".answer-card .citation >> nth=0")
        assert await page.text("#passage h2") == "Edda Quill"
        assert "born in Harrowby in 1874" in await page.text("#passage mark")
        assert "bm25" in await page.text("#passage table")
        await page.tab.keyboard.press("Escape")
        assert not await page.tab.is_visible("#passage")
        focused = await page.tab.evaluate("document.activeElement.className")
        assert focused == "citation", "the focus is back where it was"


async def test_what_was_found_read_and_spent_is_shown(
    serving: Serving, open_page: OpenPage
) -> None:
    async with serving() as served:
        page = await open_page(served)
        await page.ask()
        await page.until("finished")
        assert await page.text(".steps .query") == ASKED
        ranks = [int(text) for text in await page.texts(".steps .hits .rank")]
        assert ranks == list(range(1, len(ranks) + 1))
        scores = [float(text) for text in await page.texts(".steps .hits .score")]
        assert scores == sorted(scores, reverse=True)
        assert (await page.texts(".passages details.cited .title"))[0] == "Edda Quill"
        assert "1874" in await page.text(".passages mark")
        record = (await served.client.get("/v1/runs")).json()["runs"][0]
        usage = record["answer"]["usage"]
        figures = " ".join(await page.texts(".cost dd"))
        assert f"{usage['prompt_tokens'] + usage['completion_tokens']}" in figures
        assert await page.texts(".kinds .n") == [
            str(usage["prompt_tokens"]),
            str(usage["completion_tokens"]),
        ]


async def test_nodes_light_up_and_the_answer_grows_while_it_works(
    serving: Serving, open_page: OpenPage
) -> None:
    engine = Held()
    async with serving(engine) as served:
        page = await open_page(served)
        await page.ask()
        await page.tab.wait_for_selector('[data-node="answer"][data-state="running"]')
        assert await state(page, "retrieve") == "done"
        assert await state(page, "END") == ""
        assert await page.tab.locator(".arrow.taken").count() == 2
        assert "answer at work" in await page.tab.get_attribute("svg.graph", "aria-label")
        await page.tab.wait_for_selector(".answer:has(.caret):has-text('1874')")
        assert await page.tab.locator(".passages details").count() > 0, "before the answer is there"
        engine.go.set()
        await page.until("finished")
        await page.tab.wait_for_selector('[data-node="END"][data-state="done"]')
        assert await page.tab.locator(".arrow.taken").count() == 3
        assert await page.tab.locator(".caret").count() == 0


async def state(page: Any, node: str) -> str:
    return str(await page.tab.get_attribute(f'[data-node="{node}"]', "data-state"))


async def test_cancel_frees_the_engine(serving: Serving, open_page: OpenPage) -> None:
    engine = Held()
    async with serving(engine) as served:
        page = await open_page(served)
        await page.ask()
        await engine.begun.wait()
        await page.tab.click("text=Cancel")
        await page.until("cancelled")
        assert engine.left.is_set()
        assert "You ended this run" in await page.text(".notes")
        assert await page.tab.is_visible("button:text-is('Ask')")


def rewriting() -> Scripted:
    replies: Iterator[str] = iter(["Sallow Bridge designer", "1874"])
    return Scripted(default=lambda _: next(replies))


async def test_a_query_is_read_and_changed_before_it_is_searched_for(
    serving: Serving, open_page: OpenPage
) -> None:
    async with serving(rewriting()) as served:
        page = await open_page(served)
        await page.tab.select_option("#graph", "rewrite")
        await page.tab.click("text=Options")
        await page.tab.check('input[value="retrieve"]')
        await page.tab.fill("#question", ASKED)
        await page.tab.click("button:text-is('Ask')")
        field = page.tab.locator(".pause textarea")
        assert await field.input_value() == "Sallow Bridge designer"
        assert await page.text(".pause h2") == "Paused before retrieve"
        assert await state(page, "retrieve") == "paused"
        await field.fill("Edda Quill")
        await page.tab.click("button:text-is('Go on')")
        await page.until("finished")
        assert await page.texts(".steps .query") == ["Edda Quill"]
        assert not await page.tab.is_visible(".pause")


async def test_a_conversation_goes_on_and_shows_what_was_said(
    serving: Serving, open_page: OpenPage
) -> None:
    async with serving(graphs=("follow_up",)) as served:
        page = await open_page(served)
        await page.tab.click("text=Options")
        await page.tab.check("#talk")
        await page.ask(graph="follow_up")
        await page.until("finished")
        first = page.tab.url
        await page.ask("And where?", graph="follow_up")
        await page.tab.wait_for_selector(".talk li")
        await page.until("finished")
        assert page.tab.url != first
        assert await page.texts(".talk a") == [ASKED]
        record = (await served.client.get("/v1/runs")).json()["runs"][0]
        assert record["question"]["history"] == [{"question": ASKED, "answer": "1874"}]


async def test_a_lost_connection_is_taken_up_again(serving: Serving, open_page: OpenPage) -> None:
    engine = Held()
    async with serving(engine) as served:
        page = await open_page(served, expected=("ERR_FAILED",))
        lost: list[str] = []

        async def once(route: Any) -> None:
            lost.append(route.request.url)
            await (route.abort() if len(lost) < 3 else route.continue_())

        await page.tab.route("**/events", once)
        await page.ask()
        await page.tab.wait_for_selector(".notice:has-text('connection was lost')")
        engine.go.set()
        await page.until("finished")
        assert len(lost) == 3
        assert len(await page.texts(".steps .query")) == 1, "each step once"
        assert not await page.tab.is_visible(".notice")


async def test_a_past_run_is_found_and_opened_as_it_was(
    serving: Serving, open_page: OpenPage
) -> None:
    async with serving() as served:
        page = await open_page(served)
        await page.ask()
        await page.until("finished")
        await page.ask("What crosses the Morn?", graph="rewrite")
        await page.tab.wait_for_selector("svg.graph[aria-label*='rewrite']")
        await page.until("finished")
        await page.go("runs")
        await page.tab.wait_for_selector(".runs .q")
        assert await page.texts(".runs .q") == ["What crosses the Morn?", ASKED]
        await page.tab.fill("#filter", "designer")
        assert await page.texts(".runs .q") == [ASKED]
        await page.tab.click(".runs .q a")
        await page.until("finished")
        assert await page.tab.input_value("#question") == ASKED
        assert await page.tab.input_value("#graph") == "naive_rag"
        assert await page.texts(".steps .query") == [ASKED]
        assert "1874" in await page.text(".passages mark")
        await page.tab.reload()
        await page.until("finished")
        assert await page.text(".answer > span") == "1874"


async def test_the_keyboard_does_it_all(serving: Serving, open_page: OpenPage) -> None:
    async with serving() as served:
        page = await open_page(served)
        await page.tab.wait_for_selector("#question")
        await page.tab.keyboard.press("Tab")
        assert await page.tab.evaluate("document.activeElement.textContent") == "To the content"
        await page.tab.keyboard.press("/")
        assert await focused(page) == "question"
        await page.tab.keyboard.type("Sallow/who?")
        await page.tab.keyboard.press("Shift+Enter")
        assert await page.tab.input_value("#question") == "Sallow/who?\n"
        await page.tab.keyboard.press("Tab")
        assert await focused(page) == "graph"
        await page.tab.keyboard.press("Escape")
        assert await focused(page) == ""
        await page.tab.keyboard.press("/")
        await page.tab.keyboard.press("Enter")
        await page.until("finished")
        await page.tab.focus(".steps .hits button")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert await page.tab.evaluate(outline) == "solid", "the focus can be seen"
        await page.tab.keyboard.press("Enter")
        assert await page.tab.is_visible("#passage")


async def focused(page: Any) -> str:
    return str(await page.tab.evaluate("document.activeElement.id"))


async def test_a_graph_inside_lights_nothing_up_that_has_its_nodes_names(
    serving: Serving, open_page: OpenPage
) -> None:
    """In `decompose` a node runs `naive_rag`, which has a `retrieve` and an `answer` of its own."""
    parts = '{"questions": ["Who designed the Sallow Bridge?", "When was Edda Quill born?"]}'
    engine = Scripted(rules=[(lambda r: r.json_schema is not None, parts)], default="1874")
    async with serving(engine, ("decompose",)) as served:
        page = await open_page(served)
        await page.ask(graph="decompose")
        await page.until("finished")
        record = (await served.client.get("/v1/runs")).json()["runs"][0]
        told = [e for _, e in await served.desk.store.events(record["id"]) if e.kind == "answer"]
        assert len(told) > 1, "answers inside are steps"
        times = {}
        for node in ("retrieve", "decompose", "solve", "pool", "answer"):
            assert await state(page, node) == "done"
            times[node] = await page.tab.text_content(f'[data-node="{node}"] .times')
        assert times["retrieve"] == times["answer"] == "", "each was at work once"
        taken = await page.tab.locator(".arrow.taken").count()
        assert taken == await page.tab.locator(".arrow").count(), "it is one way through"
        assert (await page.texts(".passages details.cited .title"))[0] == "Edda Quill"
