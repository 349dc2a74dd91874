"""Search trees in the page: they tell values, visits, what was pruned and what was best."""

from typing import Any

import pytest

from tests.serving.conftest import Served, Serving
from tests.serving.held import Held
from tests.serving.page.conftest import Opened, OpenPage
from tests.serving.page.engines import searching

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="session")]
STEPS = "svg.tree .step"


async def events(served: Served) -> list[dict[str, Any]]:
    run = (await served.client.get("/v1/runs")).json()["runs"][0]["id"]
    told = await served.desk.store.events(run)
    return [event.model_dump() for _, event in told]


async def searched(served: Served, page: Opened, graph: str) -> list[dict[str, Any]]:
    await page.ask(graph=graph)
    await page.until("finished")
    await page.tab.wait_for_selector(f"{STEPS}.best")
    return await events(served)


@pytest.mark.parametrize("graph", ["mcts_rag", "beam_rag"])
async def test_every_step_has_its_place_value_and_visits(
    serving: Serving, open_page: OpenPage, graph: str
) -> None:
    async with serving(searching(), ("mcts_rag", "beam_rag")) as served:
        page = await open_page(served)
        told = await searched(served, page, graph)
        grown = [e for e in told if e["kind"] in {"step", "failed"}]
        places = await page.tab.eval_on_selector_all(
            STEPS, "found => found.map(s => s.dataset.step)"
        )
        assert sorted(map(int, places)) == [e["tree_node"] for e in grown]
        assert await page.tab.locator("svg.tree .branch").count() == len(grown)
        marks = {e["tree_node"]: e["mark"] for e in told if e["kind"] == "mark" and e["mark"]}
        if marks.get(0, {}).get("visits"):
            begun = await page.tab.text_content("svg.tree .begun")
            assert begun == f"×{marks[0]['visits']}"
        for node, mark in marks.items():
            if node == 0:
                continue
            label = await page.tab.get_attribute(f'[data-step="{node}"]', "aria-label")
            assert (f"{mark['visits']} visits" in label) == (mark["visits"] > 0)
            assert ("pruned" in label) == mark["pruned"]
            if mark["value"] is not None:
                assert f"value {mark['value']:.2f}" in label
        assert any(mark["pruned"] for mark in marks.values())
        assert graph == "beam_rag" or any(mark["visits"] > 1 for mark in marks.values())


async def test_the_best_path_leads_from_the_root_to_the_heaviest_leaf(
    serving: Serving, open_page: OpenPage
) -> None:
    async with serving(searching(), ("mcts_rag",)) as served:
        page = await open_page(served)
        told = await searched(served, page, "mcts_rag")
        leaves = {e["tree_node"]: e["weight"] for e in told if e["kind"] == "mark" and e["weight"]}
        parents = {e["tree_node"]: e["parent"] for e in told if e["kind"] in {"step", "failed"}}
        path, node = set(), max(leaves, key=lambda leaf: leaves[leaf])
        while node:
            path.add(str(node))
            node = parents[node]
        best = await page.tab.eval_on_selector_all(
            f"{STEPS}.best", "found => found.map(s => s.dataset.step)"
        )
        assert set(best) == path


async def test_steps_are_read_and_walked_by_keys(serving: Serving, open_page: OpenPage) -> None:
    async with serving(searching(), ("mcts_rag",)) as served:
        page = await open_page(served)
        await searched(served, page, "mcts_rag")
        assert await page.tab.locator(f'{STEPS}[tabindex="0"]').count() == 1, (
            "one stop of the tab key"
        )
        await page.tab.focus(f'{STEPS}[tabindex="0"]')
        await page.tab.keyboard.press("Enter")
        assert "Sallow Bridge" in await page.text(".tree-detail .facts")
        assert await page.tab.locator(".tree-detail .hits li").count() > 0
        await page.tab.keyboard.press("ArrowRight")
        chosen = await page.tab.get_attribute(f"{STEPS}.chosen", "data-step")
        focused = await page.tab.evaluate("document.activeElement.dataset.step")
        assert chosen == focused != "1"
        await page.tab.keyboard.press("ArrowLeft")
        assert await page.tab.get_attribute(f"{STEPS}.chosen", "data-step") == "1"
        await page.tab.keyboard.press("ArrowDown")
        assert await page.tab.get_attribute(f"{STEPS}.chosen", "data-step") == "2"


async def test_a_chain_of_steps_is_no_tree(serving: Serving, open_page: OpenPage) -> None:
    async with serving(searching(), ("react",)) as served:
        page = await open_page(served)
        await page.ask(graph="react")
        await page.until("finished")
        assert await page.tab.locator(".steps > li").count() > 1
        assert await page.tab.locator("svg.tree").count() == 0


async def test_a_step_is_read_while_the_search_goes_on(
    serving: Serving, open_page: OpenPage
) -> None:
    """Its card stays what it is between pressing and letting go, whatever is drawn meanwhile."""
    engine = Held()
    async with serving(engine, ("mcts_rag",)) as served:
        page = await open_page(served)
        await page.ask(graph="mcts_rag")
        card = await page.tab.wait_for_selector(STEPS)
        clock = ".answer-card .state .faint"
        for _ in range(2):
            now = await page.text(clock)
            await page.tab.wait_for_selector(f"{clock}:not(:text-is('{now}'))")
        assert await card.evaluate("node => node.isConnected")
        await page.tab.click(STEPS)
        assert "Sallow Bridge" in await page.text(".tree-detail .facts")
        engine.go.set()
        await page.until("finished")
        assert "Sallow Bridge" in await page.text(".tree-detail .facts"), "it stays open"
