"""`/v1/graphs`: what the page draws, and a text that is checked and never run, read or kept."""

from pathlib import Path

import pytest

from ragreason.graph.library import find_graph
from ragreason.serving.page_api import MOST_CHARS
from tests.serving.conftest import Serving


async def test_graphs_are_told_with_their_places(serving: Serving) -> None:
    async with serving(graphs=("rewrite", "follow_up")) as served:
        graphs = (await served.client.get("/v1/graphs")).json()["graphs"]
    assert [(g["name"], g["reads_history"]) for g in graphs] == [
        ("rewrite", False),
        ("follow_up", True),
    ]
    drawing = graphs[0]["drawing"]
    assert graphs[0]["nodes"] == ["rewrite", "retrieve", "answer"]
    assert {node["name"] for node in drawing["nodes"]} == {"START", *graphs[0]["nodes"], "END"}
    for node in drawing["nodes"]:
        assert node["width"] / 2 <= node["x"] <= drawing["width"] - node["width"] / 2
        assert node["height"] / 2 <= node["y"] <= drawing["height"] - node["height"] / 2
    ends = [(arrow["source"], arrow["target"]) for arrow in drawing["arrows"]]
    assert ends[0] == ("START", "rewrite")
    assert all(arrow["path"].startswith("M") for arrow in drawing["arrows"])


async def test_a_served_graphs_file_can_be_begun_from(serving: Serving) -> None:
    async with serving() as served:
        told = (await served.client.get("/v1/graphs/rewrite/text")).json()["text"]
        other = await served.client.get("/v1/graphs/react/text")
    assert told == find_graph("rewrite").read_text(encoding="utf-8")
    assert other.status_code == 404, "only what is served"


async def test_a_text_is_checked_by_line(serving: Serving) -> None:
    text = find_graph("rewrite").read_text(encoding="utf-8")
    async with serving() as served:
        good, bad = [
            (await served.client.post("/v1/graphs/validate", json={"text": given})).json()
            for given in (text, text.replace("use: answer", "use: anwser"))
        ]
    assert good["messages"] == []
    assert good["name"] == "rewrite"
    assert good["drawing"]["nodes"]
    line = next(i for i, given in enumerate(text.split("\n"), 1) if "use: answer" in given)
    assert [message["line"] for message in bad["messages"]] == [line]


@pytest.mark.parametrize(
    "body", [{}, {"text": 1}, {"text": "x" * (MOST_CHARS + 1)}, {"text": "", "path": "/etc/passwd"}]
)
async def test_what_is_no_text_is_refused(serving: Serving, body: dict[str, object]) -> None:
    async with serving() as served:
        reply = await served.client.post("/v1/graphs/validate", json=body)
    assert reply.status_code == 422
    assert reply.json()["error"]["message"]


async def test_nothing_is_written(serving: Serving, tmp_path: Path) -> None:
    async with serving() as served:
        text = find_graph("rewrite").read_text(encoding="utf-8")
        await served.client.post("/v1/graphs/validate", json={"text": text})
        names = [g["name"] for g in (await served.client.get("/v1/graphs")).json()["graphs"]]
    assert names == ["naive_rag", "rewrite"]
    assert {path.name.partition(".")[0] for path in _files(tmp_path)} == {"serving"}


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())
