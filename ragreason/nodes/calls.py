"""Runs the tools that steps call."""

import re
from collections.abc import Sequence

from ragreason.concurrency import all_or_none
from ragreason.errors import BudgetReachedError, ToolError
from ragreason.protocols import Tool
from ragreason.spans import around
from ragreason.tools.arguments import read_arguments
from ragreason.types import Hit, Step, Trajectory

MOST_CHARS = 2000
"""The longest text of a tool's result that a prompt shows."""

MOST_HITS = 20


async def run_calls(tools: Sequence[Tool], steps: Sequence[tuple[Step, Trajectory]]) -> list[Step]:
    """The steps, given with what came before each; calls with their results, all run side by side.

    A call that can't be run, as there is no such tool or its arguments are wrong, or that its tool
    refuses, has `failed` and a result that says why. One that a budget stopped has no result.
    """
    return await all_or_none(_ran(tools, step, before.shown) for step, before in steps)


async def _ran(tools: Sequence[Tool], step: Step, shown: Sequence[Hit]) -> Step:
    if step.kind != "call":
        return step
    try:
        tool = _tool(tools, step.tool)
        with around("execute_tool", step.tool, gen_ai__tool__name=step.tool) as told:
            told.quote(gen_ai__tool__call__arguments=step.arguments)
            result = await tool.run(read_arguments(step.arguments, tool.parameters), shown)
    except ToolError as error:
        return step.model_copy(update={"result": _cut(str(error)), "failed": True})
    except BudgetReachedError:
        return step
    left = len(result.hits) - MOST_HITS
    text = f"{result.text} ({left} more passages are left out)" if left > 0 else result.text
    return step.model_copy(update={"result": _cut(text), "hits": tuple(result.hits[:MOST_HITS])})


def _tool(tools: Sequence[Tool], name: str) -> Tool:
    for tool in tools:
        if tool.name == name:
            return tool
    known = ", ".join(tool.name for tool in tools) or "none"
    if not name:
        raise ToolError(f"this is no call of a tool; tools: {known}")
    raise ToolError(f"there is no tool '{name[:40]}'; tools: {known}")


def _cut(text: str) -> str:
    """On one line, so that a result can't pass for lines of the transcript, and not too long."""
    line = re.sub(r"\s+", " ", text).strip()
    left = len(line) - MOST_CHARS
    return line if left <= 0 else f"{line[:MOST_CHARS]}… ({left} more characters are left out)"
