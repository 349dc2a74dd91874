"""A simulated reasoner and simulated verifiers of known strength, and what theory says of them."""

from ragreason.simulation.drive import Simulated, simulate
from ragreason.simulation.known_tree import KnownTree, KnownTreeVerifier
from ragreason.simulation.measured import Measured, measure
from ragreason.simulation.reasoner import RIGHT, SimulatedReasoner, on_track, simulated_questions
from ragreason.simulation.theory import (
    beam_accuracy,
    best_of_n_accuracy,
    binary_weighted_accuracy,
    dvts_accuracy,
    majority_accuracy,
    right_probability,
    weighted_best_of_n_accuracy,
)
from ragreason.simulation.thinker import SimulatedThinker, capped_accuracy, exit_accuracy
from ragreason.simulation.thinking import measure_thinking
from ragreason.simulation.verifier import (
    SimulatedBinaryVerifier,
    SimulatedOutcomeVerifier,
    SimulatedProcessVerifier,
    SimulatedVerifier,
    auc_of,
    d_prime_of,
)

__all__ = [
    "RIGHT",
    "KnownTree",
    "KnownTreeVerifier",
    "Measured",
    "Simulated",
    "SimulatedBinaryVerifier",
    "SimulatedOutcomeVerifier",
    "SimulatedProcessVerifier",
    "SimulatedReasoner",
    "SimulatedThinker",
    "SimulatedVerifier",
    "auc_of",
    "beam_accuracy",
    "best_of_n_accuracy",
    "binary_weighted_accuracy",
    "capped_accuracy",
    "d_prime_of",
    "dvts_accuracy",
    "exit_accuracy",
    "majority_accuracy",
    "measure",
    "measure_thinking",
    "on_track",
    "right_probability",
    "simulate",
    "simulated_questions",
    "weighted_best_of_n_accuracy",
]
