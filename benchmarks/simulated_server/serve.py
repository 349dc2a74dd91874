"""The model in real time behind the chat completions interface.

A step begins when the one before it has ended by the model, not when this process has noticed: its
own work and late timers slow nothing down as long as it keeps up (`late_s` says whether it did). A
request takes part from the first step on that begins after it was read.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from benchmarks.simulated_server.gpu import Gpu, Work
from benchmarks.simulated_server.replies import prompt_of, reply_to
from benchmarks.simulated_server.wire import Connection, Respond

CONTEXT = 32_768
_HEAD = {"id": "simulated", "created": 0, "model": "simulated"}


@dataclass(eq=False)
class _Request:
    """One request's sequences and where what becomes of them goes."""

    respond: Respond
    works: list[Work]
    texts: list[str]
    whole: list[bool]
    stream: bool
    logprobs: bool
    sent: int = 0


@dataclass
class Simulated:
    """The server's state. `start` it in a running event loop; it serves until it is closed."""

    gpu: Gpu = field(default_factory=Gpu)
    late_s: float = 0.0
    _requests: dict[Work, _Request] = field(default_factory=dict)
    _something: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None
    _driver: asyncio.Task[None] | None = None

    async def start(self, port: int = 0) -> str:
        """Serve on the loopback device; gives the base URL."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self._answer), "127.0.0.1", port)
        self._driver = asyncio.create_task(self._drive())
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def close(self) -> None:
        """Stop serving."""
        assert self._server is not None
        assert self._driver is not None
        self._server.close()
        self._driver.cancel()
        await asyncio.gather(self._driver, return_exceptions=True)

    def _answer(self, method: str, path: str, body: bytes, respond: Respond) -> None:
        if path == "/v1/models":
            entry = {"id": "simulated", "owned_by": "vllm", "max_model_len": CONTEXT}
            respond.json({"object": "list", "data": [entry]})
        elif path == "/v1/stats":
            respond.json(self.stats())
        elif method == "POST" and path == "/v1/chat/completions":
            self._begin(json.loads(body), respond)
        else:
            respond.json({"error": {"message": f"no {method} {path} here"}}, status=404)

    def stats(self) -> dict[str, float]:
        """What the GPU has done, and how late its steps were noticed at worst."""
        gpu = self.gpu
        return {
            "steps": gpu.steps,
            "busy_s": gpu.busy_s,
            "prefilled": gpu.prefilled,
            "cached": gpu.cached,
            "generated": gpu.generated,
            "late_s": self.late_s,
        }

    def _begin(self, body: dict[str, Any], respond: Respond) -> None:
        text, tokens = prompt_of(
            body["messages"], continued=body.get("continue_final_message", False)
        )
        most = body.get("max_tokens") or body.get("max_completion_tokens") or 16
        if len(tokens) + most > CONTEXT:
            told = f"maximum context length is {CONTEXT} tokens, you sent {len(tokens) + most}"
            respond.json({"error": {"message": told}}, status=400)
            return
        replies = [
            reply_to(text, most, index)
            for index in range(1 if body.get("stream") else body.get("n") or 1)
        ]
        now_s = asyncio.get_running_loop().time()
        works = [Work(tokens, said.split() or [""], now_s) for said, _ in replies]
        texts, whole = [said for said, _ in replies], [ended for _, ended in replies]
        stream, logprobs = bool(body.get("stream")), bool(body.get("logprobs"))
        request = _Request(respond, works, texts, whole, stream, logprobs)
        respond.left = lambda: self._leave(request)
        for work in works:
            self._requests[work] = request
            self.gpu.submit(work)
        self._something.set()

    def _leave(self, request: _Request) -> None:
        for work in request.works:
            if self._requests.pop(work, None) is not None:
                self.gpu.cancel(work)

    async def _drive(self) -> None:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        while True:
            ends_s = self.gpu.begin(now_s)
            if ends_s is None:
                if not self.gpu.waiting:
                    self._something.clear()
                    await self._something.wait()
                now_s = max(now_s, self.gpu.waiting[0].arrived_s if self.gpu.waiting else 0.0)
                continue
            await asyncio.sleep(max(0.0, ends_s - loop.time()))
            self.late_s = max(self.late_s, loop.time() - ends_s)
            now_s = ends_s
            done = self.gpu.finish()
            for work in [w for w in self.gpu.running if self._requests[w].stream]:
                self._send_token(self._requests[work], work)
            for work in done:
                self._end(self._requests.pop(work))

    def _send_token(self, request: _Request, work: Work) -> None:
        word = work.reply[work.given - 1]
        begin = request.texts[0].find(word, request.sent)
        end = begin + len(word)
        piece, request.sent = request.texts[0][request.sent : end], end
        request.respond.event(_chunk({"content": piece}))

    def _end(self, request: _Request) -> None:
        if request.stream:
            request.respond.event(_chunk({"content": request.texts[0][request.sent :]}))
            request.respond.event(_chunk({}, finish=_finish(request.whole[0])))
            request.respond.event({**_chunk(None), "usage": _usage(request.works)})
            request.respond.end_events()
        elif not any(other in self._requests for other in request.works):  # the last of them
            request.respond.json(
                {
                    **_HEAD,
                    "object": "chat.completion",
                    "choices": [_choice(request, index) for index in range(len(request.works))],
                    "usage": _usage(request.works),
                }
            )


def _choice(request: _Request, index: int) -> dict[str, Any]:
    tokens = [{"token": w, "logprob": -1.0, "top_logprobs": []} for w in request.works[index].reply]
    return {
        "index": index,
        "message": {"role": "assistant", "content": request.texts[index]},
        "finish_reason": _finish(request.whole[index]),
        "logprobs": {"content": tokens} if request.logprobs else None,
    }


def _chunk(delta: dict[str, Any] | None, finish: str | None = None) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {**_HEAD, "object": "chat.completion.chunk", "choices": choices}


def _usage(works: list[Work]) -> dict[str, Any]:
    prompt, written = len(works[0].prompt), sum(len(work.reply) for work in works)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": written,
        "total_tokens": prompt + written,
        "prompt_tokens_details": {"cached_tokens": works[0].cached},
    }


def _finish(whole: bool) -> str:
    return "stop" if whole else "length"
