"""Traces: off they are not there at all; on they follow a task from its caller to whoever works on it."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from reelgate.core.lifecycle import Status
from reelgate.telemetry import traces
from reelgate.telemetry.otel import Otel
from reelgate.testing.clock import FakeClock
from reelgate.testing.scripted import Scripted, finished
from reelgate.testing.upstream.clip import clip as tiny_clip
from tests.engine.conftest import Bench, open_bench
from tests.telemetry.collector import collector

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Kept:
    """Spans kept in memory, as one process makes them."""

    def __init__(self, share: float = 1.0) -> None:
        self.exporter = InMemorySpanExporter()
        self.otel = Otel(SimpleSpanProcessor(self.exporter), share, "0")

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self.exporter.get_finished_spans()}


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, Scripted(), FakeClock()) as opened:
        path = tmp_path / "tiny.mp4"
        path.write_bytes(tiny_clip())
        opened.renders.put("clip", path)
        for number in (1, 2, 3):
            opened.upstream.sights[f"job-{number}"].append(finished())
        yield opened


def test_off_nothing_of_it_is_loaded_and_nothing_is_made() -> None:
    program = (
        "import sys, reelgate.app, reelgate.server, reelgate.api;"
        "from reelgate.telemetry.traces import around, place, traced;"
        "app = object();"
        "manager = traced(None, 1.0, '0'); manager.__enter__();"
        "assert around(app) is app and place() is None;"
        "print([m for m in sys.modules if m.startswith(('opentelemetry.sdk', 'opentelemetry.exporter', 'reelgate.telemetry.otel'))])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "[]"


async def test_off_a_verb_is_the_verb_itself() -> None:
    async def verb(ctx: object, subject: object) -> object:
        return subject

    coroutine = traces.step("verb")(verb)(None, 7)

    assert coroutine.cr_code is verb.__code__  # pyright: ignore[reportAttributeAccessIssue]
    assert await coroutine == 7


async def test_one_trace_holds_create_submit_watch_and_archive_though_another_process_works_on_it(
    bench: Bench,
) -> None:
    api, worker = Kept(), Kept()
    # Nothing else runs before the create has returned: the verbs below are the other process's.
    with traces.using(api.otel):
        task = await bench.create()

    with traces.using(worker.otel):
        await bench.until(task.id)

    created = api.spans["reelgate.create"]
    made = worker.spans
    assert set(made) == {"reelgate.submit", "reelgate.watch", "reelgate.archive"}
    assert task.traceparent is not None
    assert task.traceparent.split("-")[2] == f"{created.context.span_id:016x}"  # pyright: ignore[reportOptionalMemberAccess]
    for span in made.values():
        assert span.context is not None
        assert created.context is not None
        assert span.context.trace_id == created.context.trace_id
        assert dict(span.attributes or {})["reelgate.task"] == task.id
    for name in ("reelgate.submit", "reelgate.watch", "reelgate.archive"):
        assert made[name].parent is not None


async def test_tasks_that_share_a_worker_stay_in_their_own_traces(bench: Bench) -> None:
    kept = Kept()
    with traces.using(kept.otel):
        tasks = [await bench.create() for _ in range(3)]
        for task in tasks:
            await bench.until(task.id)

    by_task: dict[str, set[int]] = {}
    for span in kept.exporter.get_finished_spans():
        of = dict(span.attributes or {}).get("reelgate.task")
        if of is not None and span.context is not None:
            by_task.setdefault(str(of), set()).add(span.context.trace_id)
    assert set(by_task) == {task.id for task in tasks}
    assert all(len(found) == 1 for found in by_task.values())
    assert len(set.union(*by_task.values())) == 3


async def request(app: Any, headers: list[tuple[bytes, bytes]], status: int = 200) -> None:
    class Route:
        path = "/v1/videos/{video_id}"

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        scope["route"] = Route()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def nothing(_: Any = None) -> Any:
        return None

    scope = {"type": "http", "method": "GET", "path": "/v1/videos/video_1", "headers": headers}
    await app(inner)(scope, nothing, nothing)


async def test_a_request_is_a_span_of_the_trace_its_caller_names() -> None:
    kept = Kept()

    with traces.using(kept.otel):
        await request(
            traces.around, [(b"traceparent", CALLER.encode()), (b"authorization", b"Bearer sk-canary")]
        )

    span = kept.spans["GET /v1/videos/{video_id}"]
    assert span.context is not None
    assert span.parent is not None
    assert f"{span.context.trace_id:032x}" == CALLER.split("-")[1]
    assert f"{span.parent.span_id:016x}" == CALLER.split("-")[2]
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/v1/videos/{video_id}",
        "http.response.status_code": 200,
    }
    assert "canary" not in span.to_json()


@pytest.mark.parametrize(
    "header", [b"", b"nonsense", b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01", b"\xff\xfe"]
)
async def test_a_place_that_makes_no_sense_begins_a_trace_of_our_own(header: bytes) -> None:
    kept = Kept()

    with traces.using(kept.otel):
        await request(traces.around, [(b"traceparent", header)])

    assert kept.spans["GET /v1/videos/{video_id}"].parent is None


async def test_a_caller_that_does_not_keep_its_trace_is_not_kept_here_either() -> None:
    kept = Kept()

    with traces.using(kept.otel):
        await request(traces.around, [(b"traceparent", CALLER[:-1].encode() + b"0")])

    assert kept.spans == {}


async def test_a_share_of_nothing_keeps_only_what_callers_keep() -> None:
    kept = Kept(share=0.0)

    with traces.using(kept.otel):
        await request(traces.around, [])
        await request(traces.around, [(b"traceparent", CALLER.encode())])

    assert len(kept.exporter.get_finished_spans()) == 1


async def test_a_fault_is_named_and_its_words_are_not_repeated() -> None:
    kept = Kept()

    async def verb(ctx: object, subject: object) -> None:
        raise ValueError("sk-canary-0123456789")

    with traces.using(kept.otel), pytest.raises(ValueError, match="canary"):
        await traces.step("verb")(verb)(None, None)

    span = kept.spans["reelgate.verb"]
    assert dict(span.attributes or {}) == {"error.type": "ValueError"}
    assert "canary" not in span.to_json()


async def test_spans_reach_a_collector_over_its_own_protocol(bench: Bench) -> None:
    with collector() as kept:
        with traces.traced(kept.address, 1.0, "0"):
            task = await bench.create(prompt="a canary in a cage")
            await bench.until(task.id)
        names = {span.name for span in kept.spans}

    assert names == {"reelgate.create", "reelgate.submit", "reelgate.watch", "reelgate.archive"}
    assert b"canary" not in kept.raw


async def test_a_collector_that_is_not_there_stops_nothing_and_is_not_waited_for_long(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        host, port = deaf.getsockname()
        async with asyncio.timeout(60):
            with traces.traced(f"http://{host}:{port}/v1/traces", 1.0, "0"):
                task = await bench.create()
                done = await bench.until(task.id)

    assert done.status is Status.COMPLETED


def test_without_the_extra_it_says_what_to_install() -> None:
    program = (
        "import sys\n"
        "sys.modules['opentelemetry.exporter'] = None\n"
        "from reelgate.telemetry.traces import TracesUnavailable, traced\n"
        "try:\n"
        "    traced('http://127.0.0.1:9/', 1.0, '0').__enter__()\n"
        "except TracesUnavailable as said:\n"
        "    print(said)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert "reelgate[otel]" in done.stdout
