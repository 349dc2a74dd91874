"""One plain call of the model from a node."""

from ragreason.prompts import prompt
from ragreason.protocols import Generator
from ragreason.types import Message, Request


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
    """The model's reply to the prompt `purpose`, white space stripped.

    Small models keep to a form far better when their reply is begun for them: `opening` is, on
    engines that can continue it, and is cut off replies that begin with it anyway.
    Raises ContextOverflowError and EngineError as the engine does.
    """
    request = Request(
        messages=(Message(role="user", content=prompt(purpose, question, **parts)),),
        prefill=opening if "prefill" in engine.capabilities else "",
        max_tokens=max_tokens,
        temperature=temperature,
        stop=stop,
        seed=seed,
    )
    reply = (await engine.generate(request))[0].text.strip()
    return reply.removeprefix(opening.strip()).strip() if opening else reply
