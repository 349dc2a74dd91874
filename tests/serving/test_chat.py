"""The OpenAI interface, by the official client."""

import asyncio
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from ragreason.errors import EngineError
from ragreason.generation.scripted import Scripted
from ragreason.types import Request
from tests.serving.conftest import Served, Serving
from tests.serving.held import Held

ASKED = "When was the designer of the Sallow Bridge born?"


def client(served: Served, key: str = "none") -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{served.url}/v1", api_key=key, max_retries=0)


def said(*texts: str) -> list[dict[str, str]]:
    """A conversation, the user first."""
    roles = ("user", "assistant")
    return [{"role": roles[i % 2], "content": text} for i, text in enumerate(texts)]


async def asked(served: Served, messages: Any, **options: Any) -> Any:
    return await served.openai.chat.completions.create(
        **{"model": "naive_rag", "messages": messages, **options}
    )


async def test_an_answer_has_citations_usage_and_reasoning(serving: Serving) -> None:
    async with serving() as served:
        reply = await asked(served, said(ASKED))
        (choice,) = reply.choices
        assert choice.finish_reason == "stop"
        assert choice.message.content.startswith("1874")
        cited = choice.message.annotations
        assert [a.url_citation.title for a in cited] == ["Edda Quill", "Sallow Bridge"]
        for annotation in cited:
            told = annotation.url_citation
            mark = choice.message.content[told.start_index : told.end_index]
            assert mark.startswith("["), "it points at the mark"
            passage = (await served.client.get(told.url)).json()
            assert passage["title"] == told.title
        assert "Searched for" in choice.message.reasoning_content
        assert reply.usage.prompt_tokens > 0
        assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
        assert reply.model == "naive_rag"


async def test_a_stream_says_the_same_piece_by_piece(serving: Serving) -> None:
    async with serving(Scripted(default="Edda Quill")) as served:
        whole = (await asked(served, said(ASKED))).choices[0].message
        stream = await asked(
            served, said(ASKED), stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
    deltas = [c.choices[0].delta for c in chunks if c.choices]
    assert "".join(d.content or "" for d in deltas) == whole.content
    assert len([d for d in deltas if d.content]) > 1
    assert "".join(getattr(d, "reasoning_content", "") or "" for d in deltas)
    (annotations,) = [d.annotations for d in deltas if getattr(d, "annotations", None)]
    assert [a["url_citation"]["title"] for a in annotations] == ["Edda Quill", "Sallow Bridge"]
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage.total_tokens > 0


async def test_each_graph_is_a_model(serving: Serving) -> None:
    async with serving() as served, client(served) as made:
        assert [m.id async for m in made.models.list()] == ["naive_rag", "rewrite"]
        assert (await made.models.retrieve("rewrite")).owned_by == "ragreason"
        with pytest.raises(openai.NotFoundError, match="did you mean 'naive_rag'"):
            await asked(served, said(ASKED), model="naive_rga")


async def test_earlier_messages_are_the_history(serving: Serving, tmp_path: Path) -> None:
    prompts: list[str] = []

    def note(request: Request) -> str:
        prompts.append("\n".join(m.content for m in request.messages))
        return "1874"

    async with serving(Scripted(default=note), ("follow_up",)) as served:
        messages = [
            {"role": "system", "content": "Be brief."},
            *said("Who designed the Sallow Bridge?", "Edda Quill", "When was she born?"),
        ]
        await asked(served, messages, model="follow_up")
    assert any("Edda Quill" in prompt and "she" in prompt for prompt in prompts)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"n": 2}, "n is 2"),
        ({"messages": said("a", "b")}, "last message"),
        ({"messages": said(" ")}, "empty"),
        ({"messages": said("x" * 501)}, "at most 500"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]},
            "only text",
        ),
    ],
)
async def test_what_can_not_be_asked_is_a_bad_request(
    serving: Serving, fields: dict[str, Any], told: str
) -> None:
    async with serving() as served:
        with pytest.raises(openai.BadRequestError, match=told):
            await asked(served, fields.pop("messages", said(ASKED)), **fields)


class Failing(Scripted):
    """Never answers."""

    async def generate(self, request: Request) -> Any:
        raise EngineError("out of order")

    async def stream(self, request: Request) -> Any:
        raise EngineError("out of order")
        yield


async def test_a_failed_run_is_the_servers_error_and_no_answer(serving: Serving) -> None:
    async with serving(Failing()) as served:
        with pytest.raises(openai.InternalServerError, match="502"):
            await asked(served, said(ASKED))
        stream = await asked(served, said(ASKED), stream=True)
        with pytest.raises(openai.APIError):
            _ = [chunk async for chunk in stream]


async def test_a_client_that_goes_away_frees_its_place(serving: Serving) -> None:
    engine = Held()
    async with serving(engine, most_runs=1) as served:
        stream = await asked(served, said(ASKED), stream=True)
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                break
        with pytest.raises(openai.RateLimitError) as refused:
            await asked(served, said(ASKED))
        assert int(refused.value.response.headers["retry-after"]) > 0
        await stream.close()
        async with asyncio.timeout(30):
            await engine.left.wait()
            while served.desk.at_work:  # noqa: ASYNC110 - a few turns of this loop
                await asyncio.sleep(0)
        engine.go.set()
        assert (await asked(served, said(ASKED))).choices[0].message.content


async def test_a_key_is_asked_for_where_keys_are_set(serving: Serving) -> None:
    key = "a-key-of-some-length"
    async with serving(keys=(key,)) as served:
        async with client(served, "another-key-of-length") as other:
            with pytest.raises(openai.AuthenticationError):
                await other.models.list()
        async with client(served, key) as ours:
            assert (await ours.models.list()).data
        assert (await served.client.get("/healthz")).status_code == 200
        assert (await served.client.get("/metrics")).status_code == 401
