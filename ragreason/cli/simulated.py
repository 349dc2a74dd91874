"""What `ragreason scale simulated` sweeps: reasoners and verifiers of known strength."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragreason.cli.scale import SIMULATED
from ragreason.evaluation.graphs import Listener
from ragreason.evaluation.points import TOKENS, Point
from ragreason.evaluation.scale import Setting, Sweep, default_folder
from ragreason.graph.definition import Origin
from ragreason.graph.resolve import resolve_part
from ragreason.settings import load_settings
from ragreason.simulation import SimulatedReasoner, SimulatedVerifier, auc_of, d_prime_of, measure
from ragreason.simulation.reasoner import simulated_questions


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
        points.append(_measured(setting, strategy, laboratory))
        listener.on_row(SIMULATED, {"status": "ok"})
    identity = laboratory.identity()
    home = load_settings().resolved_home()
    return Sweep(points, identity, out or default_folder(identity, home))


def _strategy(setting: Setting, laboratory: Laboratory, allow_imports: Sequence[str]) -> Any:
    """The strategy with its parameters; long enough for the reasoner unless it says how long."""
    choice = setting.choice
    given = setting.parameters
    origin = Origin(f"--strategy {choice.label}")
    found = resolve_part("strategies", choice.name, given, (), origin, allow_imports)
    strategy = found.cls(**found.parameters)
    depth = laboratory.reasoner.depth
    if "max_depth" in given or getattr(strategy, "max_depth", depth) >= depth:
        return strategy
    return found.cls(**{**found.parameters, "max_depth": depth})


def _measured(setting: Setting, strategy: Any, laboratory: Laboratory) -> Point:
    found = measure(
        simulated_questions(laboratory.questions),
        policy=laboratory.reasoner,
        strategy=strategy,
        verifier=laboratory.verifier,
        seed=laboratory.seed,
    )
    costs: Mapping[str, Any] = {TOKENS: found.tokens, "waves": found.waves}
    return Point(
        strategy=setting.choice.label,
        scales=setting.scales,
        budget=setting.budget,
        scores={"accuracy": found.right.astype(float)},
        costs={name: values.astype(float) for name, values in costs.items()},
        parameters=setting.parameters,
    )
