"""Log-likelihoods of given texts from a vLLM server.

Chat completions can't score, so the server makes token ids of prompt and continuations (its
`/tokenize`, which applies the chat template), and its completions endpoint tells the
log-probabilities of the ids (`prompt_logprobs`). Ids are joined, not texts: no token spans the
seam.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from ragreason.generation.openai_reply import UnreadableReplyError
from ragreason.generation.openai_request import Dialect, neutral, prompt_fields
from ragreason.types import Request


async def scores(
    client: Any, dialect: Dialect, request: Request, continuations: Sequence[str]
) -> list[float]:
    """One sum of log-probabilities a continuation, in nats; 0 for an empty one."""
    texts = list(dict.fromkeys(text for text in continuations if text))
    if not texts:
        return [0.0] * len(continuations)
    prompt, *tails = await asyncio.gather(
        _tokens(client, dialect.model, _chat(dialect, request)),
        *(_tokens(client, dialect.model, _plain(text)) for text in texts),
    )
    reply = await client.completions.create(
        model=dialect.model,
        prompt=[[*prompt, *tail] for tail in tails],
        max_tokens=1,
        temperature=0,
        extra_body={"prompt_logprobs": 0},
    )
    choices = sorted(getattr(reply, "choices", None) or [], key=lambda choice: choice.index)
    if len(choices) != len(tails):
        raise UnreadableReplyError
    summed = {
        text: _sum(getattr(choice, "prompt_logprobs", None), tail)
        for text, choice, tail in zip(texts, choices, tails, strict=True)
    }
    return [summed[text] if text else 0.0 for text in continuations]


def _chat(dialect: Dialect, request: Request) -> dict[str, Any]:
    messages, extra = prompt_fields(request)
    body: dict[str, Any] = {"messages": messages, "add_generation_prompt": True, **extra}
    if dialect.thinks:  # the scored text is a reply, no thought
        body["chat_template_kwargs"] = {"enable_thinking": False}
    return body


def _plain(text: str) -> dict[str, Any]:
    return {"prompt": neutral(text), "add_special_tokens": False}


async def _tokens(client: Any, model: str, body: dict[str, Any]) -> list[int]:
    root = str(client.base_url).rstrip("/").removesuffix("/v1")
    told = await client.post(f"{root}/tokenize", body={"model": model, **body}, cast_to=object)
    try:
        return [int(token) for token in told["tokens"]]
    except (KeyError, TypeError) as error:
        raise UnreadableReplyError from error


def _sum(places: Sequence[Mapping[str, Any] | None] | None, tail: Sequence[int]) -> float:
    """The sum over the last places, each a map of ids to what is known of them."""
    told = (places or [])[-len(tail) :]
    if len(told) != len(tail):
        raise UnreadableReplyError
    try:
        return sum(
            float((place or {})[str(token)]["logprob"])
            for place, token in zip(told, tail, strict=True)
        )
    except (KeyError, TypeError) as error:
        raise UnreadableReplyError from error
