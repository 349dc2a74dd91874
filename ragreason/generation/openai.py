"""Any OpenAI-compatible server, or several of them, through the official client."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

from ragreason.errors import CapabilityError, ConfigError
from ragreason.generation.openai_capabilities import BEST, capabilities_of, check
from ragreason.generation.openai_course import Course
from ragreason.generation.openai_errors import Names
from ragreason.generation.openai_fleet import Fleet, Lease
from ragreason.generation.openai_member import Member
from ragreason.generation.openai_reply import GrowingReply, completions_of
from ragreason.generation.openai_request import Dialect, estimated_tokens, neutral, prefix_of
from ragreason.generation.openai_score import scores
from ragreason.generation.openai_server import Server, addresses, ask_all
from ragreason.generation.openai_thinking import thinks
from ragreason.protocols import Capability, Chunk
from ragreason.types import Completion, Request

__all__ = ["OpenAIEngine", "neutral"]

_UNKNOWN_CONTEXT = 32_768
_CONNECT_S = 10.0
T = TypeVar("T")


class OpenAIEngine:
    """A model behind the chat completions interface of vLLM, SGLang, llama.cpp or a hosted service.

    Without `base_url` and `api_key`, OPENAI_BASE_URL and OPENAI_API_KEY count, as for the client.
    With a `base_url` the server's model list is read once: vLLM and SGLang continue a prefill and
    take a regex, and say how long their context is; vLLM scores given texts. `prefill` True or
    False overrides what was found. Text that looks like a special token gets a space behind its
    first character, because such servers would read it as one. A server's chat template may add a
    system message of its own.
    Models that think, which `thinking` says or else their name, are told a request's effort; where
    a server does not count thinking apart, its share of the characters does. Tools are called
    natively but on vLLM and SGLang, which need a parser for the model's calls: `tools` says that
    there is one, or overrides the rest. `count_tokens` estimates (3 bytes a token).

    Several base URLs, a list or with commas between them, are a fleet of servers of the same model:
    `openai_fleet` says where a request goes, `openai_course` when it is tried again, `retries`
    rounds over all servers at most, and `openai_limit` how many a server has at once. The fleet can
    do what all its servers can that answered at the start.
    """

    capabilities: frozenset[Capability] = BEST
    """What the best of such servers offer; an engine's own are in the instance."""

    def __init__(
        self,
        model: str,
        *,
        base_url: str | Sequence[str] | None = None,
        api_key: str | None = None,
        prefill: bool | None = None,
        thinking: bool | None = None,
        tools: bool | None = None,
        context: int | None = None,
        timeout_s: float = 600.0,
        retries: int = 2,
        probe_timeout_s: float = 3.0,
    ) -> None:
        """Raises ConfigError if there is neither a key nor a server that may need none."""
        urls = addresses(base_url)
        if not urls:  # the official client would read them by itself, and nobody know its server
            urls = addresses(os.environ.get("OPENAI_BASE_URL"))
            api_key = api_key or os.environ.get("OPENAI_API_KEY")
        self.name = f"openai:{model}"
        self.identity = ",".join(sorted(urls)) or "hosted"
        self._servers = dict(
            zip(urls, ask_all(urls, api_key, model, probe_timeout_s), strict=True)
        ) or {"": Server()}
        known = [server for server in self._servers.values() if server.answered] or [Server()]
        contexts = [server.context for server in known if server.context]
        self.context = context or min(contexts, default=_UNKNOWN_CONTEXT)
        self._asks = Dialect(
            model,
            self.context,
            hosted=not urls,
            thinks=thinks(model, hosted=not urls) if thinking is None else thinking,
        )
        self.capabilities = capabilities_of(known, self._asks, prefill=prefill, tools=tools)
        self._timeout_s = timeout_s
        self._probe_timeout_s = probe_timeout_s
        self._retries = retries
        self._names = Names(self.name, self.context, timeout_s, api_key, several=len(urls) > 1)
        self._options: dict[str, Any] = {"api_key": api_key or ("none" if urls else None)}
        self._fleets: dict[asyncio.AbstractEventLoop, Fleet] = {}
        if not urls and api_key is None:
            self._need_key_from_environment()

    def __repr__(self) -> str:
        return f"OpenAIEngine({self._asks.model!r})"

    async def generate(self, request: Request) -> list[Completion]:
        """`request.n` completions from one request to a server."""
        check(request, self.capabilities, self.name)

        async def completions(lease: Lease) -> list[Completion]:
            body = self._asks.body(request, lease.member.server.kind)
            reply = await lease.member.client.chat.completions.create(**body)
            found = completions_of(reply, request, cuts=self._asks.cuts)
            lease.came(found)
            return found

        return await self._tried(request, completions)

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """Chunks as the server sends them; leaving early closes the connection.

        A stream that breaks is begun again elsewhere as long as no text of it was passed on.
        """
        if request.n != 1:
            raise ConfigError(f"a stream has one sample, the request asks for n={request.n}")
        check(request, self.capabilities, self.name)
        course = self._course(request)
        while True:
            growing = GrowingReply(request, cuts=self._asks.cuts)
            async with course.place() as lease:
                body = self._asks.body(request, lease.member.server.kind)
                body |= {"stream": True, "stream_options": {"include_usage": True}}
                try:
                    async with await lease.member.client.chat.completions.create(**body) as events:
                        async for event in events:
                            if new := growing.add(event):
                                yield Chunk(new)
                    whole = growing.completion()
                except Exception as error:
                    wait_s = course.failed(lease, error, begun=bool(growing.shown))
                else:
                    lease.came([whole])
                    yield Chunk(whole.text[len(growing.shown) :], whole)
                    return
            await asyncio.sleep(wait_s)

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """Log-likelihoods from a vLLM server. Raises CapabilityError for others."""
        if "score" not in self.capabilities:
            raise CapabilityError(
                f"{self.name}: this server can't score given texts; vLLM servers and the engines "
                "openvino and scripted can"
            )

        async def scored(lease: Lease) -> list[float]:
            found = await scores(lease.member.client, self._asks, request, continuations)
            lease.tokens = 0
            return found

        return await self._tried(request, scored)

    async def count_tokens(self, request: Request) -> int:
        """An estimate, rather too high than too low for English."""
        return estimated_tokens(request)

    async def aclose(self) -> None:
        """Close the connections of this event loop."""
        fleet = self._fleets.pop(asyncio.get_running_loop(), None)
        if fleet is not None:
            await fleet.aclose()
            await fleet.members[0].client.close()

    async def _tried(self, request: Request, call: Callable[[Lease], Awaitable[T]]) -> T:
        """What `call` gives on one server or another."""
        course = self._course(request)
        while True:
            async with course.place() as lease:
                try:
                    async with asyncio.timeout(self._timeout_s):
                        return await call(lease)
                except Exception as error:
                    wait_s = course.failed(lease, error)
            await asyncio.sleep(wait_s)

    def _course(self, request: Request) -> Course:
        return Course(
            self._fleet(),
            prefix_of(request),
            self._names,
            retries=self._retries,
            timeout_s=self._timeout_s,
        )

    def _fleet(self) -> Fleet:
        """One fleet an event loop: connections don't outlive theirs."""
        loop = asyncio.get_running_loop()
        if loop not in self._fleets:
            for over in [at for at in list(self._fleets) if at.is_closed()]:
                self._fleets.pop(over, None)
            client = self._client()
            silent = any(server.answered for server in self._servers.values())
            members = [
                Member(
                    url,
                    client.with_options(base_url=url) if url else client,
                    server,
                    out=silent and not server.answered,
                    problem="" if server.answered else "did not answer when it was asked first",
                )
                for url, server in self._servers.items()
            ]
            self._fleets[loop] = Fleet(
                members,
                model=self._asks.model,
                probe_timeout_s=self._probe_timeout_s,
                fits=self._lacks,
            )
        return self._fleets[loop]

    def _client(self) -> Any:
        from openai import AsyncOpenAI, Timeout

        timeout = Timeout(self._timeout_s, connect=min(_CONNECT_S, self._timeout_s))
        return AsyncOpenAI(**self._options, timeout=timeout, max_retries=0)

    def _lacks(self, server: Server) -> str:
        """What a server that comes back lacks of what the engine has said it can, or ""."""
        known = [s for s in self._servers.values() if s.answered]
        if any(s.continues for s in known) and not server.continues:
            return "runs another kind of server than the rest of the fleet"
        if server.context is not None and server.context < self.context:
            return f"has a context of {server.context} tokens, the fleet has {self.context}"
        return ""

    def _need_key_from_environment(self) -> None:
        from openai import OpenAIError

        try:
            self._client()
        except OpenAIError as error:
            raise ConfigError(
                f"{self.name} needs a key or a server: set RAGREASON_OPENAI_API_KEY or "
                "RAGREASON_OPENAI_BASE_URL"
            ) from error
