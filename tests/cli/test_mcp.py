"""`ragreason mcp` as a process of its own, over standard input and output."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from ragreason.cli.main import invoke

QUESTION = "When was the designer of the Sallow Bridge born?"
NOISY = """
import os

print("printed when imported")
os.write(1, b"written to the descriptor\\n")


class Noisy:
    reads = ("question",)
    writes = ()

    async def __call__(self, state):
        print("printed while answering")
        os.write(1, b"written while answering\\n")
        os.system("echo printed by a child")
        return {}
"""
GRAPH = """
version: 1
name: noisy
paradigm: baseline
nodes: {noise: {use: "noisy:Noisy"}, retrieve: {use: retrieve, k: 2}, answer: {use: answer}}
edges: [[START, noise], [noise, retrieve], [retrieve, answer], [answer, END]]
"""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "noisy.py").write_text(NOISY, encoding="utf-8")
    (tmp_path / "noisy.yaml").write_text(GRAPH, encoding="utf-8")
    (tmp_path / "s.yaml").write_text('default: "1874"\n', encoding="utf-8")
    return tmp_path


def parameters(work: Path, index: Path, *graphs: str) -> tuple[list[str], Mapping[str, str]]:
    """Command and environment."""
    args = ["-m", "ragreason", "mcp", *graphs, "--index", str(index), "--model", "scripted:s.yaml"]
    environment = {
        "HOME": str(work),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(work), str(Path(__file__).parents[2])]),
        "RAGREASON_HOME": str(work),
        "RAGREASON_EMBEDDER": "hashing",
        "RAGREASON_RETRIEVER": "bm25",
    }
    return [*args, "--allow-import", "noisy"], environment


async def test_the_official_client_starts_it_and_is_answered(work: Path, index_dir: Path) -> None:
    args, environment = parameters(work, index_dir, "naive_rag")
    server = StdioServerParameters(
        command=sys.executable, args=args, env=dict(environment), cwd=work
    )
    async with Client(server) as client:
        done = await client.call_tool("answer", {"question": QUESTION})
        assert done.structured_content["answer"] == "1874"
        uri = done.structured_content["citations"][0]["uri"]
        (contents,) = (await client.read_resource(uri)).contents
        assert "Edda Quill" in contents.text  # type: ignore[union-attr]


def test_nothing_but_the_protocol_is_on_standard_output(work: Path, index_dir: Path) -> None:
    args, environment = parameters(work, index_dir, "noisy.yaml")
    said = [
        _asked(1, "initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=CLIENT),
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        _asked(2, "tools/call", name="answer", arguments={"question": QUESTION}),
    ]
    with subprocess.Popen(
        [sys.executable, *args],
        cwd=work,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("".join(json.dumps(message) + "\n" for message in said))
        process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(2)]
        rest, errors = process.communicate(timeout=60)
    assert rest == ""
    assert process.returncode == 0, errors
    assert [answer["id"] for answer in answers] == [1, 2]
    assert answers[1]["result"]["structuredContent"]["answer"] == "1874"
    for told in ("when imported", "to the descriptor", "while answering", "by a child"):
        assert told in errors


CLIENT = {"name": "test", "version": "1"}


def _asked(number: int, method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["nope"], "unknown graph"),
        (["direct", "--http", "--host", "0.0.0.0"], "no keys are set"),
        (["--demo", "--index", "x"], "leave --index out"),
        (["noisy.yaml"], "allow it with --allow-import noisy"),
    ],
)
def test_what_can_not_be_served_is_one_line(
    work: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    args: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(work)
    assert invoke(["mcp", *args, "--model", "scripted:s.yaml"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert told in err
    assert err.count("\n") == 1
