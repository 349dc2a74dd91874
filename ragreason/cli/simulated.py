"""What `ragreason scale simulated` sweeps: reasoners and verifiers of known strength."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ragreason import registry
from ragreason.cli.scale import SIMULATED
from ragreason.evaluation.calibration import Probed, probing
from ragreason.evaluation.candidates import Setting
from ragreason.evaluation.graphs import Listener
from ragreason.evaluation.points import TOKENS, Point, Sweep, default_folder
from ragreason.graph.definition import Origin
from ragreason.graph.resolve import resolve_part
from ragreason.protocols import Strategy
from ragreason.search.compute_optimal import ComputeOptimal
from ragreason.settings import load_settings
from ragreason.simulation import (
    Simulated,
    SimulatedReasoner,
    SimulatedVerifier,
    auc_of,
    d_prime_of,
    measure,
    simulate,
)
from ragreason.simulation.reasoner import simulated_questions
from ragreason.types import Question


@dataclass(frozen=True)
class Laboratory:
    """What is the same for all points of a simulated sweep."""

    reasoner: SimulatedReasoner
    verifier: SimulatedVerifier
    questions: int
    seed: int = 0

    def identity(self) -> dict[str, Any]:
        """What determines the figures."""
        return {
            "graph": SIMULATED,
            "questions": self.questions,
            "step_accuracy": list(self.reasoner.levels),
            "recovery": self.reasoner.recovery,
            "depth": self.reasoner.depth,
            "step_tokens": self.reasoner.step_tokens,
            "verifier_auc": auc_of(self.verifier.d_prime),
            "verifier_step_tokens": self.verifier.step_tokens,
            "seed": self.seed,
        }


def laboratory(
    questions: int,
    step_accuracies: Sequence[float],
    recovery: float,
    depth: int,
    auc: float,
    verifier_tokens: int,
    seed: int,
) -> Laboratory:
    """The parts with these strengths. Raises ConfigError for values that are out of range."""
    return Laboratory(
        SimulatedReasoner(p=tuple(step_accuracies), recovery=recovery, depth=depth),
        SimulatedVerifier(d_prime=d_prime_of(auc), step_tokens=verifier_tokens),
        questions,
        seed,
    )


def scale_simulated(
    settings: Sequence[Setting],
    laboratory: Laboratory,
    out: Path | None = None,
    allow_imports: Sequence[str] = (),
    listener: Listener | None = None,
) -> Sweep:
    """Each setting on the same simulated questions. Raises ConfigError before the first."""
    strategies = [_strategy(setting, laboratory, allow_imports) for setting in settings]
    listener = listener or Listener()
    listener.on_start(SIMULATED, len(settings), 0)
    points = []
    for setting, strategy in zip(settings, strategies, strict=True):
        points.append(_measured(setting, strategy, laboratory, allow_imports))
        listener.on_row(SIMULATED, {"status": "ok"})
    identity = laboratory.identity()
    home = load_settings().resolved_home()
    return Sweep(points, identity, out or default_folder(identity, home))


def _strategy(setting: Setting, laboratory: Laboratory, allow_imports: Sequence[str]) -> Any:
    candidate = setting.candidate
    origin = Origin(f"--strategy {candidate.label}")
    given = _parameters(setting, laboratory, allow_imports)
    found = resolve_part("strategies", candidate.name, given, (), origin, allow_imports)
    return found.cls(**found.parameters)


def _parameters(
    setting: Setting, laboratory: Laboratory, allow_imports: Sequence[str] = ()
) -> dict[str, Any]:
    """The setting's, and the reasoner's depth for strategies that would stop before."""
    cls = registry.load("strategies", setting.candidate.name, allow_imports)
    longest = registry.parameters(cls).model_fields.get("max_depth")
    depth = laboratory.reasoner.depth
    own = {"max_depth": depth} if longest is not None and longest.default < depth else {}
    return {**own, **setting.parameters}


def _measured(
    setting: Setting, strategy: Any, laboratory: Laboratory, allow_imports: Sequence[str]
) -> Point:
    questions = simulated_questions(laboratory.questions)
    found = measure(
        questions,
        policy=laboratory.reasoner,
        strategy=strategy,
        verifier=laboratory.verifier,
        seed=laboratory.seed,
    )
    costs: Mapping[str, Any] = {TOKENS: found.tokens, "waves": found.waves}
    return Point(
        strategy=setting.candidate.label,
        scales=setting.scales,
        budget=setting.budget,
        scores={"accuracy": found.right.astype(float)},
        costs={name: values.astype(float) for name, values in costs.items()},
        ids=[question.id for question in questions],
        forced=int(found.unanswered.sum()),
        unanswered=int(found.unanswered.sum()),
        use=setting.candidate.name,
        parameters=_parameters(setting, laboratory, allow_imports),
    )


def probe_simulated(laboratory: Laboratory, probes: int) -> Probed:
    """How hard a compute-optimal search would find each simulated question, with the same seed."""
    depth = laboratory.reasoner.depth
    strategy = cast(ComputeOptimal, _strategy(probing(probes, max_depth=depth), laboratory, ()))
    questions = simulated_questions(laboratory.questions)
    trees = (_simulated(question, strategy, laboratory).tree for question in questions)
    difficulties = map(strategy.difficulty, trees)
    return Probed(dict(zip([q.id for q in questions], difficulties, strict=True)), probes, depth)


def _simulated(question: Question, strategy: Strategy, laboratory: Laboratory) -> Simulated:
    return simulate(
        question,
        policy=laboratory.reasoner,
        strategy=strategy,
        verifier=laboratory.verifier,
        seed=laboratory.seed,
    )
