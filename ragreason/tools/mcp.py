"""Tools of a server of the Model Context Protocol, for an agent."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ragreason.errors import ConfigError, ToolError
from ragreason.prompts import neutralise
from ragreason.protocols import Tool, ToolResult
from ragreason.text.passages import passage_id
from ragreason.tools.mcp_link import Link, Server
from ragreason.types import Hit, Passage

_FOREIGN = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_DESCRIPTION = 300


class Provided(NamedTuple):
    """Several tools, and what ends that which they share."""

    tools: tuple[Tool, ...]
    close: Callable[[], None]


@dataclass(frozen=True)
class McpTools:
    """The tools of one server: at a `url` (streamable HTTP), or of a program that a `command`
    starts and that speaks over its standard input and output; it sees of this program's environment
    the usual and what `environment` names.

    `only` names those that the agent gets; all by default. `prefix` goes before their names, where
    two servers have the same. With `passages`, the texts that they give count as passages, which
    answers can cite. A call that takes longer than `timeout_s` is told to the model as failed.

    The server is asked for its tools when the graph is opened. All that it says is untrusted:
    results are made inert like retrieved text, descriptions too, and cut. What a graph file names
    must be allowed (`consent`), as a program is code and a server is told what the model writes.
    """

    command: tuple[str, ...] = ()
    url: str = ""
    environment: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,20}$")] = ""
    passages: bool = False
    timeout_s: Annotated[float, Field(gt=0, le=3600)] = 30.0

    def __post_init__(self) -> None:
        """Raises ConfigError unless it names one server."""
        if bool(self.command) == bool(self.url):
            raise ConfigError("'mcp' needs a command (a list of words) or a url, one of them")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ConfigError(f"'mcp': expected an http or https url; given '{self.url[:100]}'")

    @property
    def consent(self) -> str:
        """What `--allow-import` has to name before a graph file may use it: the whole command as a
        shell takes it, or the URL.
        """
        return self._server.place

    def provide(self) -> Provided:
        """The tools, in the server's order. Raises ConfigError where it can't be reached, or lacks
        one that `only` names.
        """
        opened = Link(self._server)
        listed = {tool.name: tool for tool in opened.tools}
        names = list(listed) if self.only is None else list(self.only)
        for name in names:
            if name not in listed:
                opened.close()
                known = ", ".join(sorted(listed)) or "none"
                raise ConfigError(f"'{self.consent}' has no tool '{name}'; it has: {known}")
        return Provided(tuple(self._tool(opened, listed[name]) for name in names), opened.close)

    @property
    def _server(self) -> Server:
        return Server(self.command, self.url, self.environment, self.timeout_s)

    def _tool(self, opened: Link, told: Any) -> Tool:
        name = f"{self.prefix}{_FOREIGN.sub('_', told.name)}"[:64]
        description = line_of(told.description or told.title or told.name)[:_LONGEST_DESCRIPTION]
        return McpTool(
            name=name,
            description=description,
            parameters=_parameters(told.input_schema),
            remote=told.name,
            link=opened,
            passages=self.passages,
        )


@dataclass(frozen=True)
class McpTool:
    """One tool of a server, which knows it as `remote`."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    remote: str
    link: Link
    passages: bool = False

    async def run(self, arguments: Mapping[str, Any], shown: Sequence[Hit]) -> ToolResult:
        """What the server gives. Raises ToolError for what it refuses, or where it does not answer
        in time.
        """
        del shown
        done = await self.link.call(self.remote, dict(arguments))
        text = text_of(done)
        if done.is_error:
            raise ToolError(line_of(text)[:500] or "the tool failed and does not say why")
        if not self.passages or not text.strip():
            return ToolResult(text)
        passage = Passage(
            id=passage_id(self.name, text),
            title=self.name,
            text=text,
            document=f"{self.link.server.place}#{self.remote}",
            end=len(text),
        )
        query = json.dumps(dict(arguments), ensure_ascii=False)
        return ToolResult(
            hits=(Hit(passage=passage, score=1.0, rank=1, source="mcp", query=query),)
        )


def text_of(done: Any) -> str:
    """The texts of a result, structured data where there are none; of other content only that it
    is there.
    """
    texts = []
    for content in done.content:
        if content.type == "text":
            texts.append(content.text)
        elif content.type == "resource" and hasattr(content.resource, "text"):
            texts.append(content.resource.text)
        else:
            texts.append(f"({content.type} left out: only text is read)")
    if not texts and done.structured_content is not None:
        texts.append(json.dumps(done.structured_content, ensure_ascii=False))
    return "\n".join(texts)


def line_of(text: str) -> str:
    """Untrusted text, inert and on one line."""
    return neutralise(" ".join(text.split()))


def _parameters(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema with its own descriptions inert; one of another form takes any object."""
    if schema.get("type") != "object" or not isinstance(schema.get("properties", {}), dict):
        return {"type": "object", "properties": {}}
    inert: dict[str, Any] = _inert(schema)
    return inert


def _inert(value: Any) -> Any:
    if isinstance(value, str):
        return neutralise(value)
    if isinstance(value, list):
        return [_inert(one) for one in value]
    return {k: _inert(v) for k, v in value.items()} if isinstance(value, dict) else value
