"""A collector of spans on loopback: takes OTLP over HTTP as a real one does, and keeps what came."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class Seen:
    """One span as it arrived."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    said: dict[str, str]
    process: str


@dataclass
class Collector:
    """What was received, and where to send more."""

    address: str = ""
    spans: list[Seen] = field(default_factory=list[Seen])
    raw: bytes = b""

    def named(self, name: str) -> list[Seen]:
        return [span for span in self.spans if span.name == name]


@contextmanager
def collector() -> Iterator[Collector]:
    """Listen on a free port until the block ends."""
    kept = Collector()
    lock = threading.Lock()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with lock:
                kept.raw += body
                kept.spans += list(_spans(body))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    kept.address = f"http://127.0.0.1:{server.server_address[1]}/v1/traces"
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _spans(body: bytes) -> Iterator[Seen]:
    request: Any = ExportTraceServiceRequest.FromString(body)
    for of_resource in request.resource_spans:
        who = {pair.key: _text(pair.value) for pair in of_resource.resource.attributes}
        for scope in of_resource.scope_spans:
            for span in scope.spans:
                said = {pair.key: _text(pair.value) for pair in span.attributes}
                yield Seen(
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    said,
                    who.get("process.pid", ""),
                )


def _text(value: Any) -> str:
    return str(getattr(value, value.WhichOneof("value")))
