"""Records another engine's completions to a file and replays them without it.

The file is JSON Lines: the first says which engine it was, each other one holds an answer under the
hash of the engine's name and the request.
"""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from ragreason.errors import ConfigError, EngineError
from ragreason.generation.text import prompt_text
from ragreason.protocols import Capability, Chunk, Generator
from ragreason.types import Completion, Request

_PIECE = re.compile(r"\s*\S+|\s+$")


class Replay:
    """Answers from the recording at `path`; with an `engine`, asks it first for what is missing.

    `name`, `context` and `capabilities` are the recorded engine's, so that runs with either have
    the same identity. The same request always gives the same answer. Without an engine, a request
    that was not recorded raises EngineError.
    """

    def __init__(self, path: str | Path, engine: Generator | None = None) -> None:
        """Raises ConfigError if there is neither a recording nor an engine, or they don't fit."""
        self._path = Path(path)
        self._engine = engine
        self._answers: dict[str, Any] = {}
        header = self._load()
        if header is None:
            if engine is None:
                raise ConfigError(f"no recording at '{path}'; make one with Replay(path, engine)")
            header = _header(engine)
            self._append(header)
        if engine is not None and engine.name != header["engine"]:
            raise ConfigError(
                f"'{path}' is a recording of {header['engine']}, not of {engine.name}; "
                "give another path"
            )
        self.name: str = header["engine"]
        self.context: int = header["context"]
        self.capabilities: frozenset[Capability] = frozenset(header["capabilities"])

    async def generate(self, request: Request) -> list[Completion]:
        """The recorded completions."""
        key = self._key("generate", request)
        if key not in self._answers:
            completions = await self._recording(request).generate(request)
            self._keep(key, [c.model_dump(mode="json") for c in completions])
        return [Completion.model_validate(c) for c in self._answers[key]]

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """The recorded completion, word by word. Streaming is not recorded apart."""
        if request.n != 1:
            raise ConfigError(f"a stream has one sample, the request asks for n={request.n}")
        (completion,) = await self.generate(request)
        for piece in _PIECE.findall(completion.text):
            yield Chunk(piece)
        yield Chunk("", completion)

    async def score(self, request: Request, continuations: Sequence[str]) -> list[float]:
        """The recorded scores."""
        key = self._key("score", request, *continuations)
        if key not in self._answers:
            self._keep(key, await self._recording(request).score(request, continuations))
        return [float(value) for value in self._answers[key]]

    async def count_tokens(self, request: Request) -> int:
        """The recorded count."""
        key = self._key("count", request)
        if key not in self._answers:
            self._keep(key, await self._recording(request).count_tokens(request))
        return int(self._answers[key])

    async def aclose(self) -> None:
        """Close the engine, if there is one."""
        if self._engine is not None:
            await self._engine.aclose()

    def _recording(self, request: Request) -> Generator:
        if self._engine is None:
            raise EngineError(
                f"'{self._path}' has no recording for the prompt that ends with "
                f"{prompt_text(request)[-80:]!r}; record it with the engine {self.name}"
            )
        return self._engine

    def _key(self, kind: str, request: Request, *more: str) -> str:
        asked = request.model_dump(mode="json")
        for younger in ("top_logprobs", "effort", "thinking_tokens", "tools"):
            if not asked[younger]:  # recordings made before there was one stay valid
                del asked[younger]
        asked["messages"] = [
            {key: value for key, value in message.items() if value or key in {"role", "content"}}
            for message in asked["messages"]
        ]
        parts = [self.name, kind, asked, *more]
        text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def _keep(self, key: str, answer: Any) -> None:
        """The first answer stays, where the same request was made twice at once."""
        if key in self._answers:
            return
        self._answers[key] = answer
        self._append({"key": key, "answer": answer})

    def _append(self, row: dict[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def _load(self) -> dict[str, Any] | None:
        """The header, None without a file. A last line that was cut short is left out."""
        try:
            with self._path.open(encoding="utf-8") as file:
                lines = list(file)  # not `splitlines`: answers may hold U+2028
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(f"'{self._path}' can't be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"'{self._path}' is no recording; it is not UTF-8 text") from error
        rows = []
        for number, line in enumerate(lines, start=1):
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                if number < len(lines):
                    raise ConfigError(f"{self._path}:{number}: not a recording's line") from error
        if not rows or not isinstance(rows[0], dict) or "engine" not in rows[0]:
            raise ConfigError(f"'{self._path}' is no recording; its first line names no engine")
        if self._engine is not None and not lines[-1].endswith("\n"):
            self._mend(lines[: len(rows)])
        self._answers = {row["key"]: row["answer"] for row in rows[1:]}
        header: dict[str, Any] = rows[0]
        return header

    def _mend(self, lines: list[str]) -> None:
        """End the file with a line break, so that the next answer does not continue a line."""
        self._path.write_text("".join(lines).rstrip("\n") + "\n", encoding="utf-8")


def _header(engine: Generator) -> dict[str, Any]:
    capabilities = sorted(engine.capabilities)
    return {"engine": engine.name, "context": engine.context, "capabilities": capabilities}
