"""OpenTelemetry spans of runs, nodes, calls, searches and tools, where tracing is on.

Names and attributes are those of the semantic conventions for generative AI
(open-telemetry/semantic-conventions-genai, v0.1.0): `invoke_agent`, `chat`, `retrieval`,
`execute_tool`; a graph's nodes have spans of their own besides. What was asked and answered is
left out unless `content` is on. Off, it costs a comparison a span, and nothing is imported.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from ragreason.errors import ConfigError, install_extra

OPERATION = "gen_ai.operation.name"
NODE = "node"
"""What a graph's node does is no operation of the conventions."""


@dataclass
class _Tracing:
    """What this process makes spans with."""

    tracer: Any = None
    provider: Any = None
    content: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


_tracing = _Tracing()


class Told:
    """A span that is open. Without tracing it takes everything and keeps nothing."""

    def __init__(self, span: Any = None) -> None:
        self._span = span

    def say(self, **attributes: Any) -> None:
        """Set attributes; `__` in a name stands for a dot. None is left out."""
        if self._span is None:
            return
        for name, value in attributes.items():
            if value is not None:
                self._span.set_attribute(name.replace("__", "."), _plain(value))

    def quote(self, **attributes: Any) -> None:
        """The same for what was asked and answered: only where content is on."""
        if self._span is not None and _tracing.content:
            self.say(**attributes)


_NOTHING = Told()


def on() -> bool:
    """Whether spans are made."""
    return _tracing.tracer is not None


def turn_on(provider: Any = None, *, content: bool = False) -> None:
    """Make spans from now on, with OpenTelemetry's `provider`; by default one that sends them by
    OTLP over HTTP to where OTEL_EXPORTER_OTLP_ENDPOINT says. Twice is once. `content`: say what was
    asked and answered too. Raises ConfigError where OpenTelemetry is not installed.
    """
    with _tracing.lock:
        if on():
            return
        _tracing.provider = provider or _sending()
        _tracing.content = content
        _tracing.tracer = _tracing.provider.get_tracer("ragreason")


def turn_off() -> None:
    """Send what is left, and make none any more."""
    with _tracing.lock:
        provider = _tracing.provider
        _tracing.tracer, _tracing.provider, _tracing.content = None, None, False
    if provider is not None:
        provider.shutdown()


@contextmanager
def around(operation: str, of: str, **attributes: Any) -> Iterator[Told]:
    """A span that others made inside belong to, named after its operation and what it is of."""
    if not on():
        yield _NOTHING
        return
    trace: Any = import_module("opentelemetry.trace")
    inside: Any = {"record_exception": False, "set_status_on_exception": False}
    with (
        _ending(operation, of, "INTERNAL", attributes) as (span, told),
        trace.use_span(span, end_on_exit=False, **inside),
    ):
        yield told


@contextmanager
def leaf(operation: str, of: str, **attributes: Any) -> Iterator[Told]:
    """A span of a call to something else. Safe around a generator's yields."""
    if not on():
        yield _NOTHING
        return
    with _ending(operation, of, "CLIENT", attributes) as (_, told):
        yield told


@contextmanager
def _ending(
    operation: str, of: str, kind: str, attributes: Mapping[str, Any]
) -> Iterator[tuple[Any, Told]]:
    trace: Any = import_module("opentelemetry.trace")
    span = _tracing.tracer.start_span(f"{operation} {of}".strip(), kind=trace.SpanKind[kind])
    told = Told(span)
    if operation != NODE:
        span.set_attribute(OPERATION, operation)
    told.say(**attributes)
    try:
        yield span, told
    except GeneratorExit:
        raise
    except BaseException as error:
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(trace.StatusCode.ERROR)
        raise
    finally:
        span.end()


def _plain(value: Any) -> Any:
    """What an attribute can hold: mappings and lists of them are JSON."""
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Sequence) and all(isinstance(v, str) for v in value):
        return list(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _sending() -> Any:
    try:
        sdk: Any = import_module("opentelemetry.sdk.trace")
        export: Any = import_module("opentelemetry.sdk.trace.export")
        resources: Any = import_module("opentelemetry.sdk.resources")
        otlp: Any = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError as error:
        raise ConfigError(f"tracing needs OpenTelemetry: {install_extra('otel')}") from error
    named = resources.Resource.create({"service.name": "ragreason"})
    provider = sdk.TracerProvider(resource=named)
    provider.add_span_processor(export.BatchSpanProcessor(otlp.OTLPSpanExporter()))
    return provider
