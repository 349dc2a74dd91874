"""An engine as a model of the lm-evaluation-harness, whose tasks then run on it."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ragreason.errors import CapabilityError, ConfigError, install_extra
from ragreason.graph.door import Door
from ragreason.protocols import Generator
from ragreason.types import Message, Request

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance
    from lm_eval.api.model import LM

T = TypeVar("T")
_CHAT = "ragreason-chat:"
"""Begins a context that `apply_chat_template` made, which the harness passes on as a text."""


def harness_model(engine: Generator, *, concurrency: int = 64) -> "LM":
    """The engine as an `LM`: give it to `lm_eval.simple_evaluate(model=...)`.

    A context is a user's message, or, with `apply_chat_template=True`, the messages that the task
    has; replies and continuations are the assistant's, so that a continuation's leading space is
    left out. Texts alone, as perplexity tasks want them, are not scored: CapabilityError. The
    engine stays open. Raises ConfigError where the harness is not installed.
    """
    try:
        from lm_eval.api.model import LM
    except ImportError as error:
        raise ConfigError(f"the model needs lm-eval: {install_extra('lm-eval')}") from error

    asking = _Asking(engine, concurrency)

    class HarnessModel(LM):  # type: ignore[misc]
        tokenizer_name = engine.name

        def generate_until(self, requests: "Sequence[Instance]") -> list[str]:
            return asking.all([asking.reply(*one.args) for one in requests])

        def loglikelihood(self, requests: "Sequence[Instance]") -> list[tuple[float, bool]]:
            return asking.likelihoods([one.args for one in requests])

        def loglikelihood_rolling(self, requests: "Sequence[Instance]") -> list[float]:  # noqa: ARG002
            raise CapabilityError(
                f"{engine.name} scores replies to a prompt, not texts alone; "
                "leave out perplexity tasks"
            )

        def apply_chat_template(
            self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
        ) -> str:
            return _CHAT + json.dumps([chat_history, add_generation_prompt])

    return HarnessModel()


class _Asking:
    """Asks the engine from code that awaits nothing."""

    def __init__(self, engine: Generator, concurrency: int) -> None:
        self.engine = engine
        self.free = asyncio.Semaphore(concurrency)
        self.door = Door()

    def all(self, asked: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
        """The results, in order."""

        async def gathered() -> list[T]:
            return await asyncio.gather(*asked)

        return self.door.run(gathered())

    async def reply(self, context: str, options: Mapping[str, Any]) -> str:
        """The reply to a context, up to the first of the texts that end it."""
        until = options.get("until") or ()
        sampled = options.get("do_sample", True)
        request = _request(context).model_copy(
            update={
                "stop": (until,) if isinstance(until, str) else tuple(until),
                "max_tokens": options.get("max_gen_toks", 256),
                "temperature": float(options.get("temperature", 0.0)) if sampled else 0.0,
                "top_p": float(options.get("top_p", 1.0)),
            }
        )
        async with self.free:
            (completion,) = await self.engine.generate(request)
        return completion.text

    def likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, bool]]:
        """Of each continuation: its log-likelihood, and whether the greedy reply begins with it."""
        by_context: dict[str, list[str]] = defaultdict(list)
        for context, continuation in pairs:
            by_context[context].append(continuation.lstrip())
        scored = self.all([self._scored(c, list(dict.fromkeys(t))) for c, t in by_context.items()])
        known = dict(zip(by_context, scored, strict=True))
        return [known[context][continuation.lstrip()] for context, continuation in pairs]

    async def _scored(
        self, context: str, continuations: Sequence[str]
    ) -> dict[str, tuple[float, bool]]:
        request = _request(context)
        async with self.free:
            scores = await self.engine.score(request, continuations)
            bare = await self.engine.count_tokens(request)
            longest = max(continuations, key=len)
            whole = request.model_copy(update={"prefill": request.prefill + longest})
            tokens = max(1, await self.engine.count_tokens(whole) - bare)
            greedy = request.model_copy(update={"max_tokens": tokens})
            (completion,) = await self.engine.generate(greedy)
        return {
            text: (score, completion.text.startswith(text))
            for text, score in zip(continuations, scores, strict=True)
        }


def _request(context: str) -> Request:
    if not context.startswith(_CHAT):
        return Request(messages=(Message(role="user", content=context),))
    history, open_turn = json.loads(context.removeprefix(_CHAT))
    messages = [Message(role=m["role"], content=m["content"]) for m in history]
    prefill = "" if open_turn or messages[-1].role != "assistant" else messages.pop().content
    return Request(messages=tuple(messages), prefill=prefill)
