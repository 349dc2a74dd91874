"""Usage and budget: every call of a model or a retriever passes here.

A `Meter` belongs to one run of one node. The node's wrapper opens it; engines, retrievers and
verifiers wrapped by `generation.metered` and `retrieval.metered` charge the one that is open in
their context, so parallel questions never mix.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Literal, cast

from ragreason.errors import BudgetReachedError
from ragreason.types import Budget, Usage

_open: ContextVar["Meter | None"] = ContextVar("ragreason_meter", default=None)
_role: ContextVar[str] = ContextVar("ragreason_role", default="policy")


class Meter:
    """Counts what one node run spends, on top of what its question has spent before."""

    def __init__(
        self,
        budget: Budget | None = None,
        *,
        before: Usage | None = None,
        steps: int = 0,
        elapsed_s: float = 0.0,
        outer: "Meter | None" = None,
        final: bool = False,
        binding: bool = False,
    ) -> None:
        """`outer` is charged too and its bounds count; a `final` meter has no bounds, but those of
        a `binding` one around it.
        """
        self.budget = budget or Budget()
        self.before = before or Usage()
        self.steps = steps
        self.spent = Usage()
        self.stepped = 0
        self.under_way = 0
        self.outer = outer
        self.final = final
        self.binding = binding
        self._elapsed_before_s = elapsed_s
        self._started_s = monotonic()

    @property
    def around(self) -> "Meter | None":
        """The meter whose bounds hold here too; for a final one only a binding one."""
        meter = self.outer
        while self.final and meter is not None and not meter.binding:
            meter = meter.outer
        return meter

    @property
    def elapsed_s(self) -> float:
        """Seconds of this question up to now, along its longest path."""
        return self._elapsed_before_s + monotonic() - self._started_s

    @property
    def question_s(self) -> float:
        """The same since the start of the whole question: a graph inside has a time of its own."""
        around = 0.0 if self.outer is None else self.outer.question_s
        return max(self.elapsed_s, around)  # the first is longer after a resume

    def charge(self, usage: Usage) -> None:
        """Add usage; tokens of verifier calls go to `verifier_tokens`, and nothing is told of their
        prefixes.
        """
        if self.outer is not None:
            self.outer.charge(usage)
        if _role.get() == "verifier":
            usage = Usage(
                verifier_tokens=usage.tokens,
                calls=usage.calls,
                retrievals=usage.retrievals,
                cache_hits=usage.cache_hits,
                cache_hit_tokens=usage.cache_hit_tokens,
            )
        self.spent += usage

    def step(self, count: int) -> None:
        """Count steps taken, here and in the meters around."""
        self.stepped += count
        if self.outer is not None:
            self.outer.step(count)

    def reached(self) -> str | None:
        """The name of the first bound that is reached, or None."""
        around = self.around
        limit = None if self.final else self._own_limit()
        return limit or (around.reached() if around is not None else None)

    def _own_limit(self) -> str | None:
        before, spent = self.before, self.spent
        amounts = (
            ("steps", self.budget.steps, self.steps + self.stepped),
            ("tokens", self.budget.tokens, before.tokens + spent.tokens),
            ("retrievals", self.budget.retrievals, before.retrievals + spent.retrievals),
            ("calls", self.budget.calls, before.calls + spent.calls + self.under_way),
            ("seconds", self.budget.seconds, self.elapsed_s),
        )
        return next(
            (n for n, bound, amount in amounts if bound is not None and amount >= bound), None
        )

    def left(self, name: Literal["calls", "tokens"]) -> int | None:
        """What is left of a bound, here and in the meters around, of bounds that final meters know
        and do not hold, too: for what is only done where there is room. None without a bound.
        """
        bounds, meter = [], cast("Meter | None", self)
        while meter is not None:
            bound = getattr(meter.budget, name)
            if bound is not None:
                total = meter.before + meter.spent
                under_way = meter.under_way if name == "calls" else 0
                bounds.append(bound - getattr(total, name) - under_way)
            meter = meter.outer
        return min(bounds, default=None)

    def check(self) -> None:
        """Raise BudgetReachedError if a bound is reached. Called before each call."""
        limit = self.reached()
        if limit is not None:
            raise BudgetReachedError(limit)

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Check, then count one call more while it is under way, so that calls made at once keep
        the budget together. Whoever calls charges the usage inside.
        """
        self.check()
        self._begin(1)
        try:
            yield
        finally:
            self._begin(-1)

    def _begin(self, calls: int) -> None:
        self.under_way += calls
        if self.outer is not None:
            self.outer._begin(calls)


def current() -> Meter | None:
    """The meter that is open here, or None outside of a run."""
    return _open.get()


def role() -> str:
    """For whom calls are made here: "policy" or "verifier"."""
    return _role.get()


def left(name: Literal["calls", "tokens"]) -> int | None:
    """What the meter that is open here has left; None without a bound."""
    meter = current()
    return None if meter is None else meter.left(name)


@contextmanager
def metering(meter: Meter) -> Iterator[Meter]:
    """Open a meter for all calls made inside, tasks started inside too."""
    token = _open.set(meter)
    try:
        yield meter
    finally:
        _open.reset(token)


@contextmanager
def as_verifier() -> Iterator[None]:
    """Charge the calls made inside as a verifier's."""
    token = _role.set("verifier")
    try:
        yield
    finally:
        _role.reset(token)
