"""A request's way over several servers on the loopback device that fail in every way."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, cast

import pytest

from ragreason.errors import EngineDiedError, EngineError, RagreasonError
from ragreason.generation import openai_member
from ragreason.generation.metered import Metered
from ragreason.generation.openai import OpenAIEngine
from ragreason.types import Message, Request
from tests.generation.fake_fleet import FakeServer, Sent, refused, said, serving, streamed


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that the client chooses itself are short."""
    monkeypatch.setattr(openai_member, "_FIRST_WAIT_S", 0.01)


def ask(text: str = "Hello?", **fields: Any) -> Request:
    return Request.model_validate({"messages": (Message(role="user", content=text),), **fields})


async def never(body: dict[str, Any]) -> Sent:
    await asyncio.Event().wait()
    return said("too late")


def always(sent: Sent) -> FakeServer:
    return FakeServer(lambda body: sent)


async def engine_of(*servers: FakeServer, **options: Any) -> OpenAIEngine:
    urls = [server.url for server in servers]
    made = lambda: OpenAIEngine("m", base_url=urls, **options)  # noqa: E731
    return await asyncio.get_running_loop().run_in_executor(None, made)


def asks(server: FakeServer, engine: OpenAIEngine) -> Request:
    """A request whose favourite is this server."""
    from ragreason.generation.openai_fleet import Wish

    for number in range(1000):
        chosen = engine._fleet().choice(Wish(f"question {number}"))
        if chosen is not None and chosen.url == server.url:
            return ask(f"question {number}")
    raise AssertionError("no prefix of a thousand has this server as its favourite")


async def texts(engine: OpenAIEngine, request: Request) -> list[str]:
    return [completion.text for completion in await engine.generate(request)]


async def probed(server: FakeServer, times: int) -> None:
    """Wait for so many probes; what came of the last but one is known then."""
    async with asyncio.timeout(10):
        for _ in range(times):
            server.asked_for_models.clear()
            await server.asked_for_models.wait()


async def well_again(engine: OpenAIEngine) -> None:
    """Wait until no server is probed any more."""
    async with asyncio.timeout(10):
        await asyncio.wait(engine._fleet()._probes.values())


cut = Sent(said("cut").body, headers={"Content-Type": "application/json"}, cut=20)


@pytest.mark.parametrize(
    "bad",
    [
        cut,
        refused(500),
        refused(503),
        refused(429),
        refused(429, retry_after="60"),
        Sent(b"<html>a proxy speaks</html>", headers={"Content-Type": "text/html"}),
        Sent(b'{"choices": [{"ind', headers={"Content-Type": "application/json"}),
        Sent(b'{"choices": [7]}', headers={"Content-Type": "application/json"}),
        Sent(b'{"choices": [{"index": 0, "message": {"content": 7}, "finish_reason": "stop"}]}',
             headers={"Content-Type": "application/json"}),
    ],
)  # fmt: skip
async def test_what_one_server_fails_at_another_does_at_once(bad: Sent) -> None:
    broken, good = always(bad), always(said("fine"))
    async with serving(broken, good):
        engine = await engine_of(broken, good, retries=0)
        assert await texts(engine, asks(broken, engine)) == ["fine"]
        assert (len(broken.bodies), len(good.bodies)) == (1, 1)
        await engine.aclose()


async def test_a_server_that_gives_no_answer_is_left_for_another() -> None:
    silent, good = FakeServer(never), always(said("fine"))
    async with serving(silent, good):
        engine = await engine_of(silent, good, timeout_s=0.2, retries=0)
        assert await texts(engine, asks(silent, engine)) == ["fine"]
        assert len(silent.bodies) == 1
        await engine.aclose()


async def test_a_server_that_dies_loses_its_requests_to_the_others() -> None:
    dying, good = FakeServer(never), always(said("fine"))
    async with serving(dying, good):
        engine = await engine_of(dying, good)
        request = asks(dying, engine)
        waiting = asyncio.create_task(texts(engine, request))
        await dying.arrived.wait()
        await dying.stop()
        assert await waiting == ["fine"]
        assert await texts(engine, request) == ["fine"]
        assert len(dying.bodies) == 1
        await engine.aclose()


async def test_a_stream_that_has_given_no_text_begins_again_elsewhere() -> None:
    broken, good = always(streamed(done=False)), always(streamed("fi", "ne"))
    async with serving(broken, good):
        engine = await engine_of(broken, good, retries=0)
        chunks = [chunk.text async for chunk in engine.stream(asks(broken, engine))]
        assert "".join(chunks) == "fine"
        assert len(broken.bodies) == 1
        await engine.aclose()


async def test_a_stream_that_has_given_text_is_never_begun_again() -> None:
    broken, good = always(streamed("Once", done=False)), always(streamed("Another"))
    async with serving(broken, good):
        engine = await engine_of(broken, good)
        stream = engine.stream(asks(broken, engine))
        assert (await anext(stream)).text == "Once"
        with pytest.raises(EngineDiedError, match=r"127.*in the middle of a reply") as caught:
            await anext(stream)
        assert not caught.value.retryable
        assert not good.bodies
        await engine.aclose()


async def test_a_server_that_asks_to_wait_is_left_alone_until_then() -> None:
    limited, good = always(refused(429, retry_after="60")), always(said("fine"))
    async with serving(limited, good):
        engine = await engine_of(limited, good)
        request = asks(limited, engine)
        for _ in range(5):
            assert await texts(engine, request) == ["fine"]
        assert len(limited.bodies) == 1
        await engine.aclose()


async def test_a_wait_that_is_asked_for_is_no_retry() -> None:
    replies = [refused(429, retry_after_ms="20"), refused(503, retry_after="0.02"), said("fine")]
    server = FakeServer(lambda body: replies.pop(0))
    async with serving(server):
        engine = await engine_of(server, retries=0)
        assert await texts(engine, ask()) == ["fine"]
        await engine.aclose()


async def test_a_server_that_always_says_at_once_uses_up_the_retries() -> None:
    busy = always(refused(429, retry_after="0"))
    async with serving(busy):
        engine = await engine_of(busy, retries=1)
        async with asyncio.timeout(30):
            with pytest.raises(EngineError):
                await engine.generate(ask())
        assert len(busy.bodies) == 2
        await engine.aclose()


async def test_waits_beyond_the_time_out_are_an_error_at_once() -> None:
    servers = [always(refused(429, retry_after="900")), always(refused(429, retry_after="800"))]
    async with serving(*servers):
        engine = await engine_of(*servers, timeout_s=5)
        with pytest.raises(EngineError, match=r"no server is left.*for 900 s.*for 800 s"):
            await engine.generate(ask())
        await engine.aclose()


async def test_where_all_refuse_the_error_says_which_and_what_to_do() -> None:
    one, other = always(refused(503)), always(refused(500))
    async with serving(one, other):
        engine = await engine_of(one, other, retries=0)
        with pytest.raises(EngineDiedError) as caught:
            await engine.generate(ask())
        told = str(caught.value)
        assert f"{one.url} is not ready (status 503)" in told
        assert f"{other.url} answers with status 500" in told
        assert "RAGREASON_OPENAI_BASE_URL" in told
        assert "\n" not in told
        assert (len(one.bodies), len(other.bodies)) == (1, 1)
        await engine.aclose()


async def test_absent_servers_are_an_error_with_their_addresses() -> None:
    one, other = always(said("x")), always(said("x"))
    async with serving(one, other):
        engine = await engine_of(one, other, retries=0)
    with pytest.raises(EngineDiedError, match="can't be reached") as caught:
        await engine.generate(ask())
    assert one.url in str(caught.value)
    assert other.url in str(caught.value)
    await engine.aclose()


@pytest.mark.parametrize("status", [400, 401, 404, 422])
async def test_what_the_request_or_the_key_is_to_blame_for_is_sent_once(status: int) -> None:
    one, other = always(refused(status)), always(refused(status))
    async with serving(one, other):
        engine = await engine_of(one, other)
        with pytest.raises(RagreasonError, match=r"at http://127"):
            await engine.generate(ask())
        assert len(one.bodies) + len(other.bodies) == 1
        await engine.aclose()


async def test_a_request_that_breaks_every_server_takes_none_out() -> None:
    def behave(body: dict[str, Any]) -> Sent:
        return refused(500) if "poison" in str(body) else said("fine")

    one, other = FakeServer(behave), FakeServer(behave)
    async with serving(one, other):
        engine = await engine_of(one, other, retries=0)
        with pytest.raises(EngineDiedError):
            await engine.generate(ask("poison"))
        assert not any(member.out for member in engine._fleet().members)
        assert await texts(engine, ask()) == ["fine"]
        await engine.aclose()


@pytest.mark.parametrize("retries", [0, 1])
async def test_retries_do_not_multiply(retries: int) -> None:
    server = always(refused(500))
    async with serving(server):
        engine = await engine_of(server, retries=retries)
        with pytest.raises(EngineError):
            await Metered(engine, attempts=3, backoff_s=0).generate(ask())
        await server.stop()
        with pytest.raises(EngineDiedError) as caught:
            await Metered(engine, attempts=3, backoff_s=0).generate(ask())
        assert not caught.value.retryable
        assert len(server.bodies) == retries + 1
        await engine.aclose()


async def test_a_server_that_is_not_ready_at_the_start_joins_when_it_is() -> None:
    late, good = always(said("late")), always(said("fine"))
    late.models_status = 503
    async with serving(late, good):
        engine = await engine_of(late, good)
        members = {member.url: member for member in engine._fleet().members}
        assert members[late.url].out
        assert await texts(engine, ask()) == ["fine"]
        await probed(late, 2)
        assert members[late.url].out, "a probe that is refused leaves it out"
        late.models_status = 200
        await well_again(engine)
        assert await texts(engine, asks(late, engine)) == ["late"]
        await engine.aclose()


async def test_a_server_that_comes_back_without_what_the_others_can_stays_out() -> None:
    late, good = always(said("late")), always(said("fine"))
    late.models_status, good.owner = 503, "vllm"
    async with serving(late, good):
        engine = await engine_of(late, good)
        assert "prefill" in engine.capabilities, "the silent server has no say in it"
        (member,) = [m for m in engine._fleet().members if m.url == late.url]
        late.models_status = 200
        await probed(late, 2)
        assert member.out
        assert "another kind" in member.problem
        late.owner = "vllm"
        await well_again(engine)
        assert member.server.kind == "vllm"
        await engine.aclose()


@pytest.mark.parametrize("stream", [False, True])
async def test_cancelling_closes_the_connection(stream: bool) -> None:
    server = FakeServer(never)
    async with serving(server):
        engine = await engine_of(server)

        async def consume() -> None:
            if stream:
                async for _ in engine.stream(ask()):
                    pass
            else:
                await engine.generate(ask())

        task = asyncio.create_task(consume())
        await server.arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(10):
            await server.left.wait()
        assert engine._fleet().members[0].in_flight == 0
        await engine.aclose()


async def test_leaving_a_stream_closes_the_connection() -> None:
    whole = streamed("one ", "two ", "three ")
    longer = {**whole.headers, "Content-Length": str(len(whole.body) + 1)}
    held = Sent(whole.body[: whole.body.index(b"two")], headers=longer)
    server = always(held)
    async with serving(server):
        engine = await engine_of(server)
        async with aclosing(cast(Any, engine.stream(ask()))) as chunks:
            assert (await anext(chunks)).text == "one "
        assert engine._fleet().members[0].in_flight == 0
        async with asyncio.timeout(10):
            await server.closed.wait()
        await engine.aclose()


async def test_requests_that_share_a_prefix_share_a_server() -> None:
    servers = [always(said("fine")) for _ in range(3)]
    async with serving(*servers):
        engine = await engine_of(*servers)
        for number in range(12):
            for prefill in ("", "a", "a b"):
                await engine.generate(ask(f"question {number}", stop=(prefill,)))
        by_question = [{body["messages"][0]["content"] for body in s.bodies} for s in servers]
        assert sum(map(len, by_question)) == 12, "no question is on two servers"
        assert all(by_question), "and each server has some"
        await engine.aclose()


async def test_closing_ends_the_probes() -> None:
    one, other = always(said("x")), always(said("x"))
    async with serving(one, other):
        engine = await engine_of(one, other, retries=0)
    with pytest.raises(EngineDiedError):
        await engine.generate(ask())
    before = asyncio.all_tasks()
    assert len(before) == 3
    await engine.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await engine.aclose()


def test_urls_come_as_a_list_or_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    from ragreason.generation.openai_server import addresses
    from ragreason.settings import Settings, load_settings

    urls = ("http://a:1/v1", "http://b:2/v1")
    monkeypatch.setenv("RAGREASON_OPENAI_BASE_URL", "http://a:1/v1, http://b:2/v1")
    given: list[Callable[[], Any]] = [
        lambda: load_settings().openai_base_urls(),
        lambda: Settings.model_validate({"openai_base_url": list(urls)}).openai_base_urls(),
        lambda: addresses("http://a:1/v1/ http://b:2/v1,http://a:1/v1"),
        lambda: addresses(urls),
    ]
    assert [found() for found in given] == [urls] * 4
