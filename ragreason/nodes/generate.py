"""One plain call of the model from a node."""

from collections.abc import Mapping

from ragreason.prompts import prompt
from ragreason.protocols import Generator
from ragreason.types import Completion, Message, Request


async def ask(
    engine: Generator,
    purpose: str,
    question: str,
    *,
    seed: int,
    max_tokens: int,
    stop: tuple[str, ...] = (),
    temperature: float = 0.0,
    opening: str = "",
    **parts: str,
) -> str:
    """The model's reply to the prompt `purpose`, white space stripped; see `sampled`."""
    (reply,) = await sampled(
        engine,
        purpose,
        question,
        seed=seed,
        max_tokens=max_tokens,
        stop=stop,
        temperature=temperature,
        opening=opening,
        parts=parts,
    )
    return reply.text


async def sampled(
    engine: Generator,
    purpose: str,
    question: str,
    *,
    seed: int,
    max_tokens: int,
    stop: tuple[str, ...] = (),
    temperature: float = 0.0,
    opening: str = "",
    n: int = 1,
    logprobs: bool = False,
    parts: Mapping[str, str],
) -> list[Completion]:
    """`n` replies to the prompt `purpose` as one request, white space stripped from their texts.

    Small models keep to a form far better when their reply is begun for them: `opening` is, on
    engines that can continue it, and is cut off replies that begin with it anyway. `logprobs` is
    for engines that can tell them. Raises ContextOverflowError and EngineError as the engine does.
    """
    request = Request(
        messages=(Message(role="user", content=prompt(purpose, question, **parts)),),
        prefill=opening if "prefill" in engine.capabilities else "",
        n=n,
        max_tokens=max_tokens,
        temperature=temperature,
        stop=stop,
        seed=seed,
        logprobs=logprobs and "logprobs" in engine.capabilities,
    )
    begun = opening.strip()
    return [
        reply.model_copy(update={"text": reply.text.strip().removeprefix(begun).strip()})
        for reply in await engine.generate(request)
    ]
