"""Who may ask a server, from where, and how much at once."""

import pytest

from ragreason.errors import ConfigError
from ragreason.serving.options import Options
from tests.serving.conftest import Serving

KEY = "a-key-of-some-length"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_an_address_for_others_needs_keys(host: str) -> None:
    with pytest.raises(ConfigError, match="RAGREASON_SERVE_KEYS"):
        Options(host=host)
    assert Options(host=host, keys=(KEY,)).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "localhost", "::1"])
def test_this_machine_needs_none(host: str) -> None:
    assert Options(host=host).local


def test_keys_are_not_shown_and_not_short() -> None:
    assert KEY not in repr(Options(keys=(KEY,)))
    with pytest.raises(ConfigError, match="shorter than 16") as told:
        Options(keys=("short",))
    assert "'short'" not in str(told.value)


async def test_pages_from_elsewhere_are_refused_where_there_are_no_keys(serving: Serving) -> None:
    async with serving() as served:
        get = served.client.get
        assert (await get("/v1/models")).status_code == 200
        own = served.url
        assert (await get("/v1/models", headers={"Origin": own})).status_code == 200
        for headers in (
            {"Host": "evil.example"},
            {"Host": "evil.example:8000"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
        ):
            assert (await get("/v1/models", headers=headers)).status_code == 403, headers
        assert (await get("/healthz", headers={"Host": "probe"})).status_code == 200


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer wrong-key-of-length", f"Basic {KEY}", f"Bearer {KEY}x", KEY]
)
async def test_a_wrong_key_is_refused(serving: Serving, sent: str) -> None:
    async with serving(keys=(KEY, "another-key-of-length")) as served:
        headers = {"Authorization": sent} if sent else {}
        reply = await served.client.get("/v1/models", headers=headers)
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"] == "Bearer"
        for key in (KEY, "another-key-of-length"):
            right = {"Authorization": f"Bearer {key}"}
            assert (await served.client.get("/v1/models", headers=right)).status_code == 200


async def test_a_large_body_is_refused_with_and_without_its_length(serving: Serving) -> None:
    async with serving(most_body_bytes=1000) as served:
        told = await served.client.post("/v1/runs", content=b"x" * 1001)
        assert told.status_code == 413

        async def parts() -> object:
            for _ in range(20):
                yield b"x" * 100

        untold = await served.client.post("/v1/runs", content=parts())  # type: ignore[arg-type]
        assert untold.status_code == 413
        assert (await served.client.post("/v1/runs", content=b"x" * 999)).status_code == 422


async def test_a_server_that_ends_says_that_it_is_not_ready(serving: Serving) -> None:
    async with serving() as served:
        assert (await served.client.get("/readyz")).json() == {"status": "ready"}
        await served.desk.aclose()
        assert (await served.client.get("/readyz")).status_code == 503
        refused = await served.client.post(
            "/v1/runs", json={"graph": "naive_rag", "question": "Who?"}
        )
        assert refused.status_code == 429
