"""Reward models behind a vLLM server, by its pooling interfaces."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ragreason.concurrency import all_or_none
from ragreason.errors import (
    ConfigError,
    ContextOverflowError,
    EngineDiedError,
    EngineError,
    EngineTimeoutError,
    RagreasonError,
    VerifierError,
)
from ragreason.settings import Settings, settings
from ragreason.verification.calibration import log_odds
from ragreason.verification.metered import model_call
from ragreason.verification.reward_text import BETWEEN, Reading

By = Literal["sequence", "token", "pair"]
BACKOFF_S = 0.5
ATTEMPTS = 3
_PATHS: Mapping[By, str] = {"sequence": "/classify", "token": "/pooling", "pair": "/score"}
_TOO_LONG = re.compile(r"context.length|maximum context|max_model_len|too long", re.IGNORECASE)
_NUMBER = re.compile(r"\d{2,}")


@dataclass(frozen=True)
class ServedReward:
    """A reward model that vLLM serves: `/classify` by sequence, `/pooling` by token (which needs
    the server's STEP pooling, so that a row comes for each step), `/score` by pair.

    Logits are asked for, no probabilities. The server's address and key are the settings'
    `reward_base_url` and `reward_api_key`, or else `openai_base_url` and its key; neither stands in
    a graph file, so that no file can send a key elsewhere. What the server says it has read is
    charged.
    """

    model: str
    by: By
    right: int = -1
    separator: str = ""
    chat: bool = False
    system: str = ""

    async def log_odds(self, readings: Sequence[Reading]) -> list[float]:
        """One for each reading, in order: in one request, or with `chat` in one each at once."""
        bodies = self._bodies(readings)
        async with _client(settings()) as client:
            replies = await all_or_none([self._ask(client, body) for body in bodies])
        data = [entry for reply in replies for entry in _data(reply)]
        if len(data) != len(readings):
            raise VerifierError(f"{self}: {len(data)} scores came for {len(readings)} trajectories")
        tables = [self._table(entry) for entry in data]
        _refuse_probabilities([row for table in tables for row in table])
        return [self._odds(table, r) for table, r in zip(tables, readings, strict=True)]

    def __str__(self) -> str:
        return f"reward model '{self.model}'"

    def _bodies(self, readings: Sequence[Reading]) -> list[dict[str, Any]]:
        head: dict[str, Any] = {"model": self.model, "use_activation": False}
        if self.by == "token":
            head["task"] = "token_classify"
        inner = self.separator or BETWEEN
        if self.by == "pair":
            texts = {
                "text_1": [reading.question for reading in readings],
                "text_2": [reading.joined(BETWEEN) for reading in readings],
            }
            return [{**head, **texts}]
        if self.chat:
            chats = [r.chat(inner, self.separator, self.system) for r in readings]
            return [{**head, "messages": messages} for messages in chats]
        plain = [f"{r.question}\n{r.joined(inner, self.separator)}" for r in readings]
        return [{**head, "input": plain}]

    def _table(self, entry: Mapping[str, Any]) -> list[list[float]]:
        """The logits of one trajectory: a row of classes, by token a row for each step."""
        try:
            if self.by == "pair":
                return [[float(entry["score"])]]
            rows = entry["data"] if self.by == "token" else [entry["probs"]]
            return [[float(z) for z in row] for row in rows]
        except (KeyError, TypeError, ValueError) as error:
            raise VerifierError(
                f"{self}: the reply has another form ({type(error).__name__}); is it a model that "
                f"scores by {self.by}?"
            ) from error

    def _odds(self, table: Sequence[Sequence[float]], reading: Reading) -> float:
        if self.by == "token" and len(table) != len(reading.steps):
            raise VerifierError(
                f"{self}: {len(table)} scores came for {len(reading.steps)} steps; serve it with "
                '--pooler-config \'{"pooling_type": "STEP", "step_tag_id": ...}\' and give its '
                "separator"
            )
        try:
            return log_odds(table[-1], self.right)
        except IndexError:
            raise VerifierError(
                f"{self}: it has {len(table[-1])} classes; right: {self.right} is none of them"
            ) from None

    async def _ask(self, client: Any, body: Mapping[str, Any]) -> dict[str, Any]:
        """The server's reply. Raises EngineError, ConfigError, ContextOverflowError."""
        with model_call() as read:
            response = await self._posted(client, body)
            if response.status_code != 200:
                raise self._refused(response.status_code, _message(response.text))
            try:
                reply = response.json()
            except ValueError:
                reply = None
            if not isinstance(reply, dict):
                raise EngineError(f"{self}: the reply is no JSON object; is this a vLLM server?")
            usage = reply.get("usage") or {}
            read(int(usage.get("prompt_tokens") or 0))
        return reply

    async def _posted(self, client: Any, body: Mapping[str, Any]) -> Any:
        """The server's response; what a broken connection or a busy server lost is tried again."""
        import httpx

        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = await client.post(_PATHS[self.by], json=body)
            except httpx.TimeoutException:
                message = f"{self}: no answer in time; raise request_timeout_s"
                raise EngineTimeoutError(message) from None
            except httpx.HTTPError as error:
                lost: EngineError = EngineDiedError(
                    f"{self}: the server can't be reached ({type(error).__name__}); is it up, is "
                    "its URL right?"
                )
            else:
                if response.status_code != 429 and response.status_code < 500:
                    return response
                again = f"status {response.status_code} again and again"
                lost = EngineError(f"{self}: {again}; try later")
            if attempt < ATTEMPTS:
                await asyncio.sleep(BACKOFF_S * 2 ** (attempt - 1))
        raise lost

    def _refused(self, status: int, said: str) -> RagreasonError:
        if status in {401, 403}:
            return ConfigError(f"{self}: the server refused the key; set RAGREASON_REWARD_API_KEY")
        if status == 404:
            return ConfigError(
                f"{self}: the server does not know this model or {_PATHS[self.by]}; "
                "check the name, and that it runs with --runner pooling"
            )
        if status == 400 and _TOO_LONG.search(said):
            numbers = sorted(int(number) for number in _NUMBER.findall(said))
            return ContextOverflowError(*(numbers[-1], numbers[0]) if numbers else (0, 0))
        line = " ".join(said.replace(_key(settings()) or "\0", "***").split())[:300]
        return EngineError(f"{self}: the server refused the request: {line}")


def server(configured: Settings) -> str | None:
    """The address of reward models, without a path such as /v1; None where none is set."""
    url = configured.reward_base_url or next(iter(configured.openai_base_urls()), None)
    return url.rstrip("/").removesuffix("/v1") if url else None


def _key(configured: Settings) -> str | None:
    """A key goes only to the server that it was set for."""
    if configured.reward_base_url:
        return configured.reward_api_key
    return configured.openai_api_key


def _client(configured: Settings) -> Any:
    import httpx

    key = _key(configured)
    return httpx.AsyncClient(
        base_url=server(configured) or "",
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=configured.request_timeout_s,
    )


def _data(reply: Mapping[str, Any]) -> list[Any]:
    """The reply's entries by their index."""
    data = reply.get("data")
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise VerifierError("the reward model's server sent no list of scores ('data')")
    return sorted(data, key=lambda entry: int(entry.get("index", 0)))


def _message(text: str) -> str:
    """What the server says is wrong: the message in its JSON, else all of its text."""
    try:
        loaded = json.loads(text)
        return str(loaded.get("error", loaded)["message"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return text


def _refuse_probabilities(rows: Sequence[Sequence[float]]) -> None:
    """Raises VerifierError for rows that all add up to 1, as no logits do."""
    like = [min(row) > 0 and abs(sum(row) - 1) < 1e-4 for row in rows if len(row) > 1]
    if len(like) > 1 and all(like):
        raise VerifierError(
            "the reward model's server sent probabilities where logits were asked for "
            "(use_activation: false); a newer vLLM knows that option"
        )
