"""What an OpenAI-compatible server says about itself: which one it is, and how long its context."""

import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Literal
from urllib.request import Request, urlopen

from ragreason.errors import ConfigError

_CREDENTIALS = re.compile(r"^(\w+://)[^/@]*@")
ServerKind = Literal["vllm", "sglang", "other"]


@dataclass(frozen=True)
class Server:
    """A server. `context` None: it does not say. `answered` False: it was silent when asked."""

    kind: ServerKind = "other"
    context: int | None = None
    answered: bool = True

    @property
    def continues(self) -> bool:
        """Whether it can continue an assistant message that was begun."""
        return self.kind in {"vllm", "sglang"}


def addresses(given: str | Sequence[str] | None) -> tuple[str, ...]:
    """Base URLs from a list or a text with commas or spaces between them, each once, in order.

    Raises ConfigError for one that is no http or https URL.
    """
    listed = given.replace(",", " ").split() if isinstance(given, str) else list(given or ())
    for url in listed:
        if not url.startswith(("http://", "https://")):
            raise ConfigError(
                f"'{shown(url)}' is no server URL; expected http://... or https://..."
            )
    return tuple(dict.fromkeys(url.rstrip("/") for url in listed))


def shown(url: str) -> str:
    """The URL without the name and password that it may hold, for messages."""
    return _CREDENTIALS.sub(r"\1", url)


def ask_all(
    urls: Sequence[str], api_key: str | None, model: str, timeout_s: float
) -> tuple[Server, ...]:
    """Ask them at once: one that is silent costs `timeout_s` once."""
    if not urls:
        return ()
    with ThreadPoolExecutor(len(urls)) as threads:
        return tuple(threads.map(lambda url: ask(url, api_key, model, timeout_s), urls))


def ask(base_url: str, api_key: str | None, model: str, timeout_s: float) -> Server:
    """Read the server's model list. A server that does not answer in time is an unknown one."""
    (url,) = addresses([base_url])
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    request = Request(f"{url}/models", headers=headers)  # noqa: S310 - checked
    try:
        with urlopen(request, timeout=timeout_s) as response:  # noqa: S310 - checked
            return described(json.load(response), model)
    except (HTTPException, ValueError):
        return Server()
    except OSError as error:
        return Server(answered=getattr(error, "code", 500) < 500)  # a refusal is an answer


def described(listing: Any, model: str) -> Server:
    """What a list of models tells. Whatever it can't be read from is an unknown server."""
    try:
        entries = [m for m in listing["data"] if isinstance(m, dict)]
    except (KeyError, TypeError):
        return Server()
    chosen: dict[str, Any] = next((m for m in entries if m.get("id") == model), {})
    owner = str(chosen.get("owned_by", "")).lower()
    kind: ServerKind = "vllm" if owner == "vllm" else "sglang" if owner == "sglang" else "other"
    context = chosen.get("max_model_len")
    return Server(kind, context if isinstance(context, int) else None)


def regex_option(kind: ServerKind, pattern: str) -> dict[str, Any]:
    """The request's extra field that holds a regex on this server."""
    return {"regex": pattern} if kind == "sglang" else {"structured_outputs": {"regex": pattern}}
