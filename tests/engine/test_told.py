"""Who a task tells of its end: webhook endpoints by audience, and the address it names itself (001-39)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from reelgate.core.dialect import Observation, Phase
from reelgate.core.errors import CallerError
from reelgate.core.lifecycle import Status
from reelgate.engine import deliver, webhooks
from reelgate.engine.tell import task_endpoint_id
from reelgate.net.client import Client
from reelgate.store import webhooks as webhook_rows
from reelgate.store.webhooks import Delivery
from reelgate.testing.clock import FakeClock
from reelgate.testing.scripted import Scripted, finished
from tests.engine.conftest import WHO, Bench, open_bench
from tests.net.loopback import Served, answering, http, open_guard, serve


@pytest.fixture
async def bench(tmp_path: Path, upstream: Scripted, clock: FakeClock, clip: Path) -> AsyncIterator[Bench]:
    """Give an engine whose guard lets it call this machine."""
    guard = open_guard()
    async with open_bench(tmp_path, upstream, clock, client=Client(guard), guard=guard) as opened:
        opened.renders.put("clip", clip)
        yield opened


async def owed(bench: Bench, endpoint_id: str) -> list[Delivery]:
    return await bench.ctx.backend.read(lambda conn: webhook_rows.deliveries_of(conn, endpoint_id))


def parts(receiver: Served) -> tuple[dict[str, str], bytes]:
    head, _, body = receiver.received.partition(b"\r\n\r\n")
    lines = [line.decode().partition(": ") for line in head.split(b"\r\n")[1:]]
    return {name.lower(): value for name, _, value in lines}, bytes(body)


async def test_a_task_tells_the_address_it_names_signed_with_a_secret_its_owner_can_have(
    bench: Bench, upstream: Scripted
) -> None:
    upstream.sights["job-1"].append(finished())
    async with serve(answering(http(status="204 X"))) as receiver:
        task = await bench.create(notify_url=receiver.url("/told"))
        assert (await bench.until(task.id)).status is Status.COMPLETED
        made = await webhooks.rotate(bench.ctx, WHO, task_endpoint_id(WHO.project_id), keep_old=False)

        assert await deliver.deliver_due(bench.ctx) == 1

    headers, body = parts(receiver)
    (told,) = await owed(bench, made.endpoint.id)
    assert receiver.requests[0].startswith(b"POST /told ")
    assert json.loads(body) == {
        "id": told.event_id,
        "object": "event",
        "type": "video.completed",
        "created_at": told.created_at // 1000,
        "data": {"id": task.id},
    }
    # The library judges by the real clock, which a clock that stands still is not.
    signed = Webhook(made.secret).sign(
        headers["webhook-id"], datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC), body.decode()
    )
    assert headers["webhook-signature"] == signed
    assert (told.state.value, told.last_status) == ("delivered", 204)
    assert await bench.violations() == []


async def test_an_address_that_says_gone_silences_itself_alone(bench: Bench, upstream: Scripted) -> None:
    upstream.sights["job-1"].append(Observation(phase=Phase.FAILED))
    async with serve(answering(http(status="410 X"))) as receiver:
        task = await bench.create(notify_url=receiver.url())
        await bench.until(task.id)
        await deliver.deliver_due(bench.ctx)

    endpoint_id = task_endpoint_id(WHO.project_id)
    endpoint = await webhooks.get(bench.ctx, WHO, endpoint_id)
    (told,) = await owed(bench, endpoint_id)
    assert told.state.value == "dead"
    assert (endpoint.enabled, endpoint.failing_since) == (True, None)


async def test_a_failed_task_is_told_of_too(bench: Bench, upstream: Scripted) -> None:
    upstream.sights["job-1"].append(Observation(phase=Phase.FAILED))
    async with serve(answering(http())) as receiver:
        task = await bench.create(notify_url=receiver.url())
        assert (await bench.until(task.id)).status is Status.FAILED
        await deliver.deliver_due(bench.ctx)

    assert json.loads(parts(receiver)[1])["type"] == "video.failed"


@pytest.mark.parametrize("url", ["http://10.0.0.7/x", "file:///etc/passwd", "gopher://a/", "nonsense"])
async def test_an_address_that_must_not_be_called_is_refused_before_anything_is_made(
    bench: Bench, url: str
) -> None:
    with pytest.raises(CallerError) as refused:
        await bench.create(notify_url=url)

    assert refused.value.failure.param == "callback_url"


async def test_many_tasks_of_a_project_share_one_secret(bench: Bench) -> None:
    for _ in range(3):
        await bench.create(notify_url="http://127.0.0.1:9/x")

    rows = await bench.ctx.backend.read(lambda conn: webhook_rows.of_project(conn, WHO.project_id))
    assert [row.id for row in rows] == [task_endpoint_id(WHO.project_id)]
    assert not await webhooks.remove(bench.ctx, WHO, rows[0].id)
