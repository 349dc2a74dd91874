"""What a server counts, in Prometheus' form."""

from ragreason.serving.store import RunRecord

_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300, 600)


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self.registry = CollectorRegistry()
        self._runs = Counter(
            "ragreason_runs", "Runs that are over.", ["graph", "status"], registry=self.registry
        )
        self._tokens = Counter(
            "ragreason_tokens", "Tokens spent.", ["graph", "kind"], registry=self.registry
        )
        self._searches = Counter(
            "ragreason_retrievals", "Queries searched for.", ["graph"], registry=self.registry
        )
        self._seconds = Histogram(
            "ragreason_run_seconds",
            "Seconds from a question to its answer.",
            ["graph"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._first = Histogram(
            "ragreason_first_token_seconds",
            "Seconds from a question to the first text of its answer.",
            ["graph"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.refused = Counter(
            "ragreason_refused", "Requests told to come again.", registry=self.registry
        )
        self.at_work = Gauge("ragreason_runs_at_work", "Runs at work.", registry=self.registry)

    def ended(self, record: RunRecord) -> None:
        """Count a run that is over."""
        self._runs.labels(record.graph, record.status).inc()
        answer = record.answer
        if answer is None:
            return
        for kind in ("prompt", "completion", "verifier"):
            tokens = getattr(answer.usage, f"{kind}_tokens")
            self._tokens.labels(record.graph, kind).inc(tokens)
        self._tokens.labels(record.graph, "cached").inc(answer.usage.cached_tokens or 0)
        self._searches.labels(record.graph).inc(answer.usage.retrievals)
        self._seconds.labels(record.graph).observe(answer.elapsed_s)
        if answer.first_token_s is not None:
            self._first.labels(record.graph).observe(answer.first_token_s)

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        from prometheus_client import generate_latest

        return bytes(generate_latest(self.registry))
