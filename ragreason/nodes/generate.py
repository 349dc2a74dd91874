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
    prefill: str = "",
    **parts: str,
) -> str:
    """The model's reply to the prompt `purpose`, white space stripped.

    Raises ContextOverflowError and EngineError as the engine does.
    """
    request = Request(
        messages=(Message(role="user", content=prompt(purpose, question, **parts)),),
        prefill=prefill,
        max_tokens=max_tokens,
        temperature=temperature,
        stop=stop,
        seed=seed,
    )
    return (await engine.generate(request))[0].text.strip()
