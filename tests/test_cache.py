"""The response cache: keys that miss nothing, many processes, kills, damage, its bound."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ragreason.cache import ResponseCache, clear, response_key
from ragreason.errors import ConfigError
from ragreason.types import Message, Request, ToolCall, ToolSpec

REQUEST = Request(
    messages=(
        Message(
            role="assistant",
            content="calls",
            tool_calls=(ToolCall(name="search", arguments="{}", id="1"),),
        ),
        Message(role="tool", content="found", answers="1"),
    ),
    tools=(ToolSpec(name="search", description="finds", parameters="{}"),),
)
OTHER: Mapping[str, Any] = {
    "messages": REQUEST.messages[:1],
    "prefill": "So",
    "n": 2,
    "max_tokens": 257,
    "temperature": 0.5,
    "top_p": 0.9,
    "stop": ("\n",),
    "seed": 0,
    "json_schema": "{}",
    "regex": "a",
    "logprobs": True,
    "top_logprobs": 1,
    "effort": "low",
    "thinking_tokens": 9,
    "tools": (),
}
"""Another value for each field of a request."""


def key(
    request: Request = REQUEST,
    engine: Sequence[str] = ("e", "weights"),
    kind: str = "generate",
    continuations: Sequence[str] = (),
) -> str:
    return response_key(engine, kind, request, continuations)


@pytest.mark.parametrize("field", Request.model_fields)
def test_a_request_that_differs_in_any_field_has_another_key(field: str) -> None:
    assert key(REQUEST.model_copy(update={field: OTHER[field]})) != key()


@pytest.mark.parametrize(
    "field", [*Message.model_fields, "tool_calls.name", "tool_calls.arguments"]
)
def test_messages_that_differ_anywhere_have_another_key(field: str) -> None:
    first, second = REQUEST.messages
    name, _, inner = field.partition(".")
    value: Any = {"role": "user", "content": "x", "tool_calls": (), "answers": "2"}[name]
    if inner:
        value = tuple(call.model_copy(update={inner: "x"}) for call in first.tool_calls)
    changed = first.model_copy(update={name: value})
    assert key(REQUEST.model_copy(update={"messages": (changed, second)})) != key()


@pytest.mark.parametrize("field", ToolSpec.model_fields)
def test_tools_that_differ_anywhere_have_another_key(field: str) -> None:
    tools = tuple(tool.model_copy(update={field: "x"}) for tool in REQUEST.tools)
    assert key(REQUEST.model_copy(update={"tools": tools})) != key()


def test_texts_that_meet_at_another_place_have_another_key() -> None:
    one = Request(messages=(Message(role="user", content="ab"),), prefill="c")
    two = Request(messages=(Message(role="user", content="a"),), prefill="bc")
    assert key(one) != key(two)
    assert key(continuations=["ab", "c"]) != key(continuations=["a", "bc"])


def test_engine_kind_continuations_and_version_are_in_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = {key(), key(engine=("e", "other")), key(kind="score"), key(continuations=["a"])}
    monkeypatch.setattr("ragreason.cache._ours", lambda: "99")
    keys.add(key())
    monkeypatch.setattr("ragreason.cache.FORMAT", 99)
    keys.add(key())
    assert len(keys) == 6
    assert key() == key()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "responses.sqlite"


def test_what_is_put_comes_back_also_in_another_process(path: Path) -> None:
    value = [{"text": "ja \u2028 \U0001f600", "logprobs": [-0.1, float("-inf")]}]
    ours = ResponseCache(path)
    ours.put("k", value, "engine")
    ours.put("k", ["a later one"], "engine")
    theirs = ResponseCache(path)
    assert theirs.get("k") == ours.get("k") == value
    assert theirs.get("other") is None
    info = theirs.info()
    assert (info.replies, dict(info.engines)) == (1, {"engine": 1})
    assert info.size_bytes > 0
    ours.close()
    theirs.close()
    theirs.close()
    assert ours.get("k") is None


WRITER = """
import sys
from pathlib import Path
from ragreason.cache import ResponseCache
cache = ResponseCache(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.readline()
number = 0
while number < int(sys.argv[3]):
    cache.put(f"own-{sys.argv[2]}-{number}", {"number": number, "pad": "x" * 500}, "e")
    cache.put(f"shared-{number}", {"by": sys.argv[2]}, "e")
    number += 1
    if number == 20:
        print("wrote", flush=True)
"""


def writer(path: Path, name: str, count: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_processes_that_write_at_once_lose_nothing_and_agree(path: Path) -> None:
    writers = [writer(path, str(i), 100) for i in range(4)]
    assert [said(w) for w in writers] == ["open"] * 4
    for process in writers:
        go(process)
    for process in writers:
        process.communicate(timeout=60)
    assert [w.returncode for w in writers] == [0] * 4
    cache = ResponseCache(path)
    assert cache.info().replies == 500
    for i in range(4):
        assert all(cache.get(f"own-{i}-{n}")["number"] == n for n in range(100))  # type: ignore[index]
    cache.close()


def test_a_killed_writer_leaves_whole_replies_and_no_lock(path: Path) -> None:
    process = writer(path, "dying", 10**9)
    assert said(process) == "open"
    go(process)
    assert said(process) == "wrote"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    cache = ResponseCache(path)
    cache.put("after", 1, "e")
    assert cache.get("after") == 1
    rows = sqlite3.connect(path).execute("SELECT value FROM responses").fetchall()
    assert len(rows) > 20
    assert all(json.loads(value) for (value,) in rows)
    cache.close()


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_a_damaged_file_is_refused_with_what_to_do_and_clear_mends_it(
    path: Path, content: bytes
) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"responses\.sqlite can't be used.*cache clear"):
        ResponseCache(path)
    assert clear(path) == 0
    ResponseCache(path).close()


def test_another_applications_database_is_refused(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE responses (id INTEGER)")
    theirs.close()
    with pytest.raises(ConfigError, match="can't be used"):
        ResponseCache(path)


def test_a_folder_that_can_not_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(ConfigError, match="--no-cache"):
        ResponseCache(tmp_path / "file" / "responses.sqlite")


def test_a_reply_that_is_no_json_is_forgotten(path: Path) -> None:
    cache = ResponseCache(path)
    cache.put("k", 1, "e")
    with sqlite3.connect(path) as other:
        other.execute("UPDATE responses SET value = '[1, '")
    other.close()
    assert cache.get("k") is None
    cache.put("k", 2, "e")
    assert cache.get("k") == 2
    cache.close()


def test_damage_during_a_run_only_turns_the_cache_off(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = ResponseCache(path)
    with sqlite3.connect(path) as other:
        other.execute("DROP TABLE responses")
    other.close()
    assert cache.get("k") is None
    cache.put("k", 1, "e")
    assert "responses.sqlite" in caplog.text
    cache.close()


def test_the_replies_used_longest_ago_go_first(path: Path) -> None:
    now = 0.0
    cache = ResponseCache(path, max_bytes=200_000, clock=lambda: now)
    for number in range(400):
        now = number * 100_000.0
        cache.put(str(number), "x" * 1000, "e")
        assert cache.get("0") is not None, "used all the time"
    assert cache.get("1") is None
    assert cache.get("399") is not None
    assert 50 < cache.info().replies < 200
    assert path.stat().st_size < 300_000
    cache.close()


def test_a_cache_that_another_one_writes_is_not_taken_for_damaged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragreason.cache._PATIENCE_S", 0.05)
    cache = ResponseCache(path)
    cache.put("k", 1, "e")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ConfigError, match="is in use"):
            clear(path)
    assert cache.get("k") is not None
    cache.close()


def test_clear_forgets_all(path: Path) -> None:
    assert clear(path) == 0
    cache = ResponseCache(path)
    cache.put("k", 1, "e")
    assert clear(path) == 1
    assert cache.get("k") is None
    cache.close()


async def test_asked_after_it_was_closed_it_is_passed_over(tmp_path: Path) -> None:
    cache = ResponseCache(tmp_path / "responses.sqlite")
    cache.put("k", 1, "e")
    cache.close()
    assert await cache.look_up("k") is None
    await cache.keep("k", 2, "e")
