"""A graph as a solver of Inspect AI: its tasks, scorers and logs, our answers."""

from typing import TYPE_CHECKING, Any

from ragreason.errors import ConfigError, RunError, install_extra
from ragreason.runner import Agent
from ragreason.types import Answer, Question

if TYPE_CHECKING:
    from inspect_ai.solver import Generate, Solver, TaskState


def agent_solver(agent: Agent, *, seed: int = 0) -> "Solver":
    """Answers each sample's input by the agent, and by nothing else: the task's model is not asked.

    The completion is the short answer; `metadata["ragreason"]` has the cited text, the ids of what
    was retrieved, and what it cost. Epoch k is asked with the seed `seed` + k - 1. What fails is an
    error of the sample, no answer. The agent stays open: close it after `inspect_ai.eval`. Raises
    ConfigError where Inspect AI is not installed.
    """
    try:
        from inspect_ai.model import ChatMessageAssistant, ModelOutput
        from inspect_ai.solver import solver
    except ImportError as error:
        raise ConfigError(f"the solver needs Inspect AI: {install_extra('inspect')}") from error

    @solver(name="ragreason")  # type: ignore[untyped-decorator]
    def ragreason(graph: str, seed: int) -> "Solver":  # noqa: ARG001 - the log names it
        async def solve(state: "TaskState", generate: "Generate") -> "TaskState":  # noqa: ARG001
            question = Question(id=str(state.sample_id), text=state.input_text)
            answer = await agent.aask(question, seed=seed + state.epoch - 1)
            if answer.status == "error":
                raise RunError(answer.error or "the answer has status 'error'")
            output = ModelOutput.from_content("ragreason", answer.text)
            output.usage = _usage(answer)
            state.output = output
            state.messages.append(ChatMessageAssistant(content=answer.text, source="generate"))
            state.metadata["ragreason"] = _told(answer)
            return state

        return solve

    return ragreason(graph=agent.runner.describe()["graph"], seed=seed)


def _usage(answer: Answer) -> Any:
    from inspect_ai.model import ModelUsage

    usage = answer.usage
    cached = usage.cached_tokens or 0
    return ModelUsage(
        input_tokens=usage.prompt_tokens - cached + usage.verifier_tokens,
        input_tokens_cache_read=usage.cached_tokens,
        output_tokens=usage.completion_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        total_tokens=usage.tokens,
    )


def _told(answer: Answer) -> dict[str, Any]:
    return {
        "cited": answer.cited,
        "citations": [citation.model_dump() for citation in answer.citations],
        "retrieved": list(answer.retrieved),
        "abstained": answer.abstained,
        "status": answer.status,
        "usage": answer.usage.model_dump(),
    }
