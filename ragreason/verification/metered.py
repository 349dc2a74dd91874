"""Charges what a verifier's own model reads, as engines' calls are charged."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ragreason.ledger import Meter, as_verifier, current
from ragreason.types import Usage


@contextmanager
def model_call() -> Iterator[Callable[[int], None]]:
    """One call of a verifier's own model: checks the budget first, and gives a function to tell how
    many tokens the model read; they count as `verifier_tokens`. Raises BudgetReachedError.
    """
    meter = current() or Meter()
    with as_verifier(), meter.calling():
        yield lambda tokens: meter.charge(Usage(prompt_tokens=tokens, calls=1))
