"""What OpenAI-compatible servers can do, and which requests they are therefore spared."""

from collections.abc import Sequence

from ragreason.errors import CapabilityError
from ragreason.generation import constraints
from ragreason.generation.openai_request import Dialect
from ragreason.generation.openai_server import Server
from ragreason.protocols import Capability
from ragreason.types import Request

BEST: frozenset[Capability] = frozenset(
    {
        "prefill",
        "seed",
        "json_schema",
        "regex",
        "logprobs",
        "top_logprobs",
        "first_tokens",
        "score",
        "stream",
        "cached",
        "thinking",
        "think_tags",
        "tools",
    }
)
"""Those of a vLLM server with a parser for its model's tool calls."""


def capabilities_of(
    servers: Sequence[Server], asks: Dialect, *, prefill: bool | None, tools: bool | None
) -> frozenset[Capability]:
    """What all of the servers can. `prefill` and `tools` override what is known of them."""
    continues = all(server.continues for server in servers)
    lacking: set[Capability] = set() if asks.thinks else {"thinking", "think_tags"}
    if not (continues if prefill is None else prefill):
        lacking.add("prefill")
    if not continues:
        lacking |= {"regex", "think_tags"}
    if continues if tools is None else not tools:
        lacking.add("tools")
    if not all(server.kind == "vllm" for server in servers):
        lacking.add("score")
    if asks.cuts:
        lacking |= {"logprobs", "top_logprobs", "first_tokens"}
    return BEST - lacking


def check(request: Request, capabilities: frozenset[Capability], name: str) -> None:
    """Raises ConfigError for a malformed constraint, CapabilityError for what is not offered."""
    constraints.check(request)
    if request.tools and "tools" not in capabilities:
        raise CapabilityError(
            f"{name}: native tool calling is off for this server; turn it on with "
            "OpenAIEngine(..., tools=True) where it has a parser for this model's calls"
        )
    wanted = {"prefill": bool(request.prefill), "regex": request.regex is not None}
    for capability, needed in wanted.items():
        if needed and capability not in capabilities:
            raise CapabilityError(
                f"{name}: this server offers no {capability}; vLLM and SGLang servers "
                "and the openvino engine do"
            )
