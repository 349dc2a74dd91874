"""Graph and parts to answers: one question or many, with events, from synchronous code or not."""

from ragreason.runner.agent import Agent
from ragreason.runner.open import open_runner
from ragreason.runner.run import EDITABLE, Run, RunPaused
from ragreason.runner.runner import MAIN, Runner

__all__ = ["EDITABLE", "MAIN", "Agent", "Run", "RunPaused", "Runner", "open_runner"]
