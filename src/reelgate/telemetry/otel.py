"""The one module that knows OpenTelemetry's SDK; loaded when traces are on and not before.

Spans say which task, model and channel, never a prompt, a key or an address's query.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from reelgate.telemetry.traces import Asgi

STOP_S: Final = 3.0
"""How long a stopping process waits for a collector that does not answer."""
_SEND_S: Final = 5.0
_carry: Final = TraceContextTextMapPropagator()


def to_collector(endpoint: str, share: float, version: str) -> Otel:
    """Make spans that are sent to an OTLP collector by a thread beside the loop."""
    exporter = OTLPSpanExporter(endpoint=endpoint, timeout=_SEND_S)
    return Otel(BatchSpanProcessor(exporter, schedule_delay_millis=1_000), share, version)


class Otel:
    """Spans of OpenTelemetry. A caller's choice to keep or drop its trace is kept; `share` is for those who say nothing."""

    def __init__(self, processor: SpanProcessor, share: float, version: str) -> None:
        resource = Resource.create(
            {"service.name": "reelgate", "service.version": version, "process.pid": os.getpid()}
        )
        self._provider = TracerProvider(
            resource=resource, sampler=ParentBased(TraceIdRatioBased(share)), shutdown_on_exit=False
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("reelgate", version)

    def span(self, name: str, parent: str | None, said: Mapping[str, str]) -> AbstractContextManager[None]:
        """Open a span under a stored place, or under the span that is open here."""
        return self._span(name, None if parent is None else _place_of(parent), said)

    @contextmanager
    def _span(self, name: str, under: Context | None, said: Mapping[str, str]) -> Generator[None]:
        with (
            self._tracer.start_as_current_span(
                name,
                context=under,
                attributes=dict(said),
                record_exception=False,
                set_status_on_exception=False,
            ) as span,
            _named_faults(span),
        ):
            yield

    def place(self) -> str | None:
        """Give the place of the open span, as `traceparent` has it."""
        carrier: dict[str, str] = {}
        _carry.inject(carrier)
        return carrier.get("traceparent")

    def around(self, app: Asgi) -> Asgi:
        """Give an application whose requests are spans, in the trace their caller names."""

        async def spanned(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            with (
                self._tracer.start_as_current_span(
                    scope["method"],
                    context=_caller(scope),
                    kind=SpanKind.SERVER,
                    attributes={"http.request.method": scope["method"]},
                    record_exception=False,
                    set_status_on_exception=False,
                ) as span,
                _named_faults(span),
            ):
                await app(scope, receive, _noting(span, scope, send))

        return spanned

    def stop(self) -> None:
        """Send what is still to be sent, for a few seconds at most."""
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        sending.join(STOP_S)


def _place_of(traceparent: str) -> Context:
    return _carry.extract({"traceparent": traceparent}, context=Context())


def _caller(scope: Any) -> Context:
    wanted = (b"traceparent", b"tracestate")
    given = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in wanted}
    return _carry.extract(given, context=Context())


def _noting(span: Span, scope: Any, send: Any) -> Any:
    async def noted(message: Any) -> None:
        if message["type"] == "http.response.start":
            route = getattr(scope.get("route"), "path", None)
            if route is not None:
                span.update_name(f"{scope['method']} {route}")
                span.set_attribute("http.route", route)
            span.set_attribute("http.response.status_code", message["status"])
            if message["status"] >= 500:
                span.set_status(Status(StatusCode.ERROR))
        await send(message)

    return noted


@contextmanager
def _named_faults(span: Span) -> Generator[None]:
    """Say of a fault only its name: its words may hold a key or a prompt."""
    try:
        yield
    except BaseException as fault:
        span.set_status(Status(StatusCode.ERROR, type(fault).__name__))
        span.set_attribute("error.type", type(fault).__name__)
        raise
