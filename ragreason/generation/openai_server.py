"""What an OpenAI-compatible server says about itself: which one it is, and how long its context."""

import json
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Literal
from urllib.request import Request, urlopen

from ragreason.errors import ConfigError

ServerKind = Literal["vllm", "sglang", "other"]


@dataclass(frozen=True)
class Server:
    """A server. `context` None: it does not say."""

    kind: ServerKind = "other"
    context: int | None = None

    @property
    def continues(self) -> bool:
        """Whether it can continue an assistant message that was begun."""
        return self.kind in {"vllm", "sglang"}


def ask(base_url: str, api_key: str | None, model: str, timeout_s: float) -> Server:
    """Read the server's model list. A server that does not answer in time is an unknown one."""
    if not base_url.startswith(("http://", "https://")):
        raise ConfigError(f"'{base_url}' is no server URL; expected http://... or https://...")
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    request = Request(f"{base_url.rstrip('/')}/models", headers=headers)  # noqa: S310 - checked
    try:
        with urlopen(request, timeout=timeout_s) as response:  # noqa: S310 - checked
            listed = json.load(response)["data"]
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return Server()
    entries = [m for m in listed if isinstance(m, dict)]
    chosen: dict[str, Any] = next((m for m in entries if m.get("id") == model), {})
    owner = str(chosen.get("owned_by", "")).lower()
    kind: ServerKind = "vllm" if owner == "vllm" else "sglang" if owner == "sglang" else "other"
    context = chosen.get("max_model_len")
    return Server(kind, context if isinstance(context, int) else None)


def regex_option(kind: ServerKind, pattern: str) -> dict[str, Any]:
    """The request's extra field that holds a regex on this server."""
    return {"regex": pattern} if kind == "sglang" else {"structured_outputs": {"regex": pattern}}
