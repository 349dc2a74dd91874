"""Thinking on OpenAI-compatible servers: which models think, how they are told, what comes back.

Hosted models take `reasoning_effort`. vLLM and SGLang take it too and hand it to the chat template,
with `enable_thinking`, which switches off the thinking of Qwen3, GLM and others; templates that
don't know these pass them over. vLLM's `thinking_token_budget` and SGLang's `thinking_budget` cap
the thinking.
"""

import re
from typing import Any

from ragreason.generation.openai_server import ServerKind
from ragreason.generation.thinking_effort import THINKER_CAPS
from ragreason.types import Effort, Request, Usage

_HOSTED = re.compile(r"^(o\d|gpt-[5-9])(?!.*-chat)", re.IGNORECASE)
_OPEN = re.compile(
    r"qwen-?3(?!.*(instruct|coder|base))|qwq|deepseek-?(r\d|v3\.[1-9]|reasoner)|gpt-oss|glm-4\.[5-9]"
    r"|glm-z1|magistral|minimax-m|kimi.*thinking|seed-oss|nemotron.*(reason|nano)|smollm3"
    r"|phi-4.*reasoning|\br1\b|thinking|reasoning|reasoner",
    re.IGNORECASE,
)


def thinks(model: str, *, hosted: bool) -> bool:
    """Whether a model of this name thinks before it answers, as far as names tell."""
    return bool(_HOSTED.search(model) if hosted else _OPEN.search(model))


def thinking_fields(request: Request, kind: ServerKind, model: str, *, hosted: bool) -> Any:
    """The body's fields, and its further ones, that tell the server how hard to think."""
    effort = request.effort
    if effort is None:
        return {}, {}
    if hosted:
        return {"reasoning_effort": _least(model) if effort == "none" else effort}, {}
    further: dict[str, Any] = {"chat_template_kwargs": {"enable_thinking": effort != "none"}}
    cap = request.thinking_tokens
    if cap is not None and kind == "vllm":
        further["thinking_token_budget"] = cap
    elif cap is not None:
        further["chat_template_kwargs"]["thinking_budget"] = cap
    return ({} if effort == "none" else {"reasoning_effort": effort}), further


def with_room(request: Request, model: str, *, hosted: bool, room: int) -> int:
    """The most tokens of the reply, of `room` beside the prompt: servers count thinking among them.

    A model that is told nothing thinks as it likes, unless its reply is begun for it, or only the
    likeliest tokens are asked for.
    """
    thought = _most_thought(request, model, hosted=hosted)
    return request.max_tokens + max(0, min(thought, room - request.max_tokens))


def _most_thought(request: Request, model: str, *, hosted: bool) -> int:
    at_once = request.prefill or request.top_logprobs
    effort = request.effort or ("none" if at_once else "medium")
    if effort == "none" and hosted and _least(model) != "none":
        effort = "low"
    return 0 if effort == "none" else request.thinking_tokens or THINKER_CAPS[effort]


def reasoning_of(message: Any) -> str:
    """The thinking that a server has taken out of the text: vLLM's `reasoning`, which it called
    `reasoning_content` before, as SGLang, llama.cpp and DeepSeek do.
    """
    for name in ("reasoning_content", "reasoning"):
        found = getattr(message, name, None)
        if isinstance(found, str) and found:
            return found
    return ""


def counted_apart(usage: Usage, told: int | None, reasoning: str, text: str) -> Usage:
    """The usage with its thinking: as the server `told`, else by its share of the characters."""
    size = len(reasoning) + len(text)
    if not told:
        told = round(usage.completion_tokens * len(reasoning) / size) if size else 0
    return usage.model_copy(update={"reasoning_tokens": min(told, usage.completion_tokens)})


def _least(model: str) -> Effort | str:
    """The least effort that a hosted model takes."""
    if re.match(r"o\d", model):
        return "low"
    return "minimal" if re.match(r"gpt-5(?![.\d])", model) else "none"
