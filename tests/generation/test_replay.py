import asyncio
from pathlib import Path

import pytest

from ragreason.errors import ConfigError, EngineError
from ragreason.generation.replay import Replay
from ragreason.generation.scripted import Scripted
from ragreason.types import Message, Request


def ask(text: str = "hello there", **fields: object) -> Request:
    return Request.model_validate({"messages": (Message(role="user", content=text),), **fields})


async def record(path: Path) -> Scripted:
    inner = Scripted(default=["a b", "c"], context=99)
    recorder = Replay(path, inner)
    await recorder.generate(ask(n=2, temperature=1.0, seed=3, logprobs=True))
    await recorder.generate(ask())
    await recorder.score(ask(), ["hello", "x"])
    await recorder.count_tokens(ask())
    return inner


async def test_a_recording_gives_equal_answers_without_the_engine(tmp_path: Path) -> None:
    inner = await record(tmp_path / "r.jsonl")
    replay = Replay(tmp_path / "r.jsonl")
    assert (replay.name, replay.context) == (inner.name, 99)
    assert replay.capabilities == inner.capabilities
    request = ask(n=2, temperature=1.0, seed=3, logprobs=True)
    assert await replay.generate(request) == await inner.generate(request)
    assert await replay.score(ask(), ["hello", "x"]) == await inner.score(ask(), ["hello", "x"])
    assert await replay.count_tokens(ask()) == 2


async def test_a_missing_recording_names_the_prompt_and_the_engine(tmp_path: Path) -> None:
    await record(tmp_path / "r.jsonl")
    replay = Replay(tmp_path / "r.jsonl")
    with pytest.raises(EngineError, match=r"ends with 'something new.*scripted:script"):
        await replay.generate(ask("something new"))
    with pytest.raises(EngineError, match="no recording"):
        await replay.generate(ask(seed=4))


async def test_recording_again_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    await record(tmp_path / "r.jsonl")
    inner = Scripted(default=["a b", "c"], context=99)
    recorder = Replay(tmp_path / "r.jsonl", inner)
    await recorder.generate(ask())
    await recorder.generate(ask("new"))
    assert [r.messages[0].content for r in inner.requests] == ["new"]


async def test_streams_replay_generations(tmp_path: Path) -> None:
    await record(tmp_path / "r.jsonl")
    chunks = [c async for c in Replay(tmp_path / "r.jsonl").stream(ask())]
    assert "".join(c.text for c in chunks) == "a b"
    assert chunks[-1].completion is not None


async def test_another_engines_recording_is_refused(tmp_path: Path) -> None:
    await record(tmp_path / "r.jsonl")
    with pytest.raises(ConfigError, match="recording of scripted:script, not of scripted:other"):
        Replay(tmp_path / "r.jsonl", Scripted(default="x", model="other"))


async def test_a_line_cut_short_by_a_crash_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    await record(path)
    path.write_text(path.read_text()[:-10])
    inner = Scripted(default=["a b", "c"], context=99)
    await Replay(path, inner).generate(ask("after the crash"))
    replay = Replay(path)
    assert (await replay.generate(ask()))[0].text == "a b"
    assert (await replay.generate(ask("after the crash")))[0].text == "a b"


def test_no_recording_and_no_engine_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no recording at"):
        Replay(tmp_path / "none.jsonl")


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"id": 1}\n')
    with pytest.raises(ConfigError, match="is no recording"):
        Replay(tmp_path / "x.jsonl")


async def test_line_separators_in_answers_come_back(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    await Replay(path, Scripted(default="a\u2028b\x85c\n")).generate(ask())
    assert (await Replay(path).generate(ask()))[0].text == "a\u2028b\x85c\n"


async def test_a_crash_before_the_line_break_spoils_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    await record(path)
    path.write_text(path.read_text()[:-1])
    await Replay(path, Scripted(default="a b", context=99)).generate(ask("after the crash"))
    replay = Replay(path)
    assert await replay.count_tokens(ask()) == 2
    assert (await replay.generate(ask("after the crash")))[0].text == "a b"


async def test_the_same_request_made_twice_at_once_has_one_answer(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    recorder = Replay(path, Scripted(["first", "second"], latency_s=0.01))
    one, other = await asyncio.gather(recorder.generate(ask()), recorder.generate(ask()))
    assert one == other == await Replay(path).generate(ask())


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        Replay(tmp_path / "x.jsonl")
