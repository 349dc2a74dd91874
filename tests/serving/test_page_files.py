"""The page's files: which are served, with which headers, and what none of them does."""

import re
from pathlib import Path

import pytest

from ragreason.serving.page_files import FOLDER
from tests.serving.conftest import Serving

FILES = sorted(FOLDER.iterdir())


async def test_the_page_lets_in_nothing_but_its_own_files(serving: Serving) -> None:
    async with serving() as served:
        for path in ("/", *(f"/page/{file.name}" for file in FILES)):
            reply = await served.client.get(path)
            assert reply.status_code == 200, path
            policy = reply.headers["content-security-policy"].split("; ")
            assert "default-src 'none'" in policy
            assert "script-src 'self'" in policy
            assert not [part for part in policy if "unsafe" in part or "http" in part]
            assert reply.headers["x-content-type-options"] == "nosniff"
            assert reply.headers["referrer-policy"] == "no-referrer"
        script = await served.client.get("/page/main.js")
        assert script.headers["content-type"].startswith("text/javascript")
        assert (await served.client.get("/")).headers["content-type"].startswith("text/html")


async def test_nothing_else_is_served(serving: Serving) -> None:
    async with serving() as served:
        for path in ("", "none.js", "..%2Fapp.py", "../app.py", "page_api.py", "%2Fetc%2Fpasswd"):
            assert (await served.client.get(f"/page/{path}")).status_code == 404, path


async def test_the_page_needs_no_key_and_what_it_asks_does(serving: Serving) -> None:
    async with serving(keys=("k" * 20,)) as served:
        assert (await served.client.get("/")).status_code == 200
        assert (await served.client.get("/page/api.js")).status_code == 200
        assert (await served.client.get("/v1/graphs")).status_code == 401
        validate = await served.client.post("/v1/graphs/validate", json={"text": "a"})
        assert validate.status_code == 401


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_no_file_speaks_to_another_server_or_makes_markup_of_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^\"'\s]+", text)) <= {"http://www.w3.org/2000/svg"}
    wrong = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|DOMParser|srcdoc"
    assert not re.findall(wrong, text)
    if path.suffix == ".html":
        assert not re.findall(r"<style|<script(?![^>]*src=)|\son\w+=|\sstyle=", text)


def test_every_script_is_loaded_by_another() -> None:
    """What nobody imports is dead; what is imported and not there breaks the page."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in FILES if file.suffix == ".js"}
    named = {name for text in texts.values() for name in re.findall(r'from "\./([\w.]+)"', text)}
    assert named | {"main.js"} == set(texts)
