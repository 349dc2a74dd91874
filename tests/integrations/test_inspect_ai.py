"""A graph as a solver of Inspect AI, in its real evaluation where it is installed."""

import sys
from pathlib import Path

import pytest

from ragreason import Agent
from ragreason.errors import ConfigError
from ragreason.generation.scripted import Scripted
from ragreason.integrations.inspect_ai import agent_solver

pytestmark = pytest.mark.filterwarnings("default")  # their imports warn, not ours


def test_without_inspect_ai_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    monkeypatch.setitem(sys.modules, "inspect_ai.model", None)
    agent = Agent("direct", model=Scripted(default="x"))
    with agent, pytest.raises(ConfigError, match=r"\.\[inspect\]"):
        agent_solver(agent)


def test_a_task_is_answered_by_the_graph(tmp_path: Path) -> None:
    inspect_ai = pytest.importorskip("inspect_ai", reason="Inspect AI is not installed")
    from inspect_ai.dataset import Sample
    from inspect_ai.scorer import match

    engine = Scripted(rules=[("river", "Nile"), ("hill", "Olympus")])
    samples = [
        Sample(id="a", input="Which river is the longest?", target="Nile"),
        Sample(id="b", input="Which hill do the gods live on?", target="Helicon"),
        Sample(id="c", input="Who is it?", target="Zeus"),  # no reply: the engine fails
    ]
    with Agent("direct", model=engine) as agent:
        task = inspect_ai.Task(
            dataset=samples, solver=agent_solver(agent, seed=4), scorer=match(), epochs=2
        )
        (log,) = inspect_ai.eval(
            task, model="mockllm/model", log_dir=str(tmp_path), display="none", fail_on_error=False
        )
    done = {(s.id, s.epoch): s for s in log.samples}
    assert {key: s.output.completion for key, s in done.items() if not s.error} == {
        ("a", 1): "Nile", ("a", 2): "Nile", ("b", 1): "Olympus", ("b", 2): "Olympus"
    }  # fmt: skip
    assert "no rule fits" in done["c", 1].error.message
    assert done["a", 1].scores["match"].value == "C"
    assert done["b", 1].scores["match"].value == "I"
    assert done["a", 1].output.usage.total_tokens > 0
    assert done["a", 1].metadata["ragreason"]["status"] == "ok"
    assert len(engine.requests) == 6, "the task's own model was not asked"
    assert log.plan.steps[0].params == {"graph": "direct", "seed": 4}
