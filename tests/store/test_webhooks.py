from __future__ import annotations

import asyncio
from itertools import count

import pytest
from msgspec.structs import replace

from reelgate.core.envelope import Sealed
from reelgate.core.events import Event, EventType
from reelgate.store import events, projects, tasks, webhooks
from reelgate.store.backend import Backend, Connection
from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER, Audience, DeliveryState
from reelgate.store.webhooks import Delivery, Endpoint
from tests.store.samples import NOW, a_task

ENDPOINT = Endpoint(
    id="we_1",
    project_id=DEFAULT_PROJECT,
    user_id=DEFAULT_USER,
    name="mine",
    url="https://example.com/hook",
    event_types=("video.completed", "video.failed"),
    secret=Sealed("whsec_1"),
    old_secret=None,
    old_secret_until=None,
    enabled=True,
    disabled_reason=None,
    failing_since=None,
    created_at=NOW,
    updated_at=NOW,
)
BODY = '{"id": "evt", "text": "灯塔 \\n"}'

_numbers = count(1)


def _tell(conn: Connection, task_id: str, told_as: str = "video.completed", now: int = NOW) -> Event:
    number = next(_numbers)
    event = events.append(conn, task_id, EventType.COMPLETED, {}, now, f"evt_{number}")
    webhooks.enqueue(conn, event, told_as=told_as, body=BODY, now=now, new_id=lambda: f"dlv_{next(_numbers)}")
    return event


@pytest.fixture
async def listening(backend: Backend) -> Backend:
    """A backend with two tasks and one endpoint."""

    def work(conn: Connection) -> None:
        webhooks.insert(conn, ENDPOINT)
        tasks.insert(conn, a_task("video_1"))
        tasks.insert(conn, a_task("video_2"))

    await backend.write(work)
    return backend


async def test_an_endpoint_hears_of_the_tasks_of_its_audience_alone(listening: Backend):
    """A room's, a person's in every room, an operator's everywhere; none hears what is another tenant's."""

    def work(conn: Connection) -> set[str]:
        for audience in (Audience.USER, Audience.INSTALLATION, Audience.TASK):
            webhooks.insert(conn, replace(ENDPOINT, id=f"we_{audience.value}", audience=audience))
        event = replace(_tell(conn, "video_1"), id="evt_elsewhere", project_id="proj_other")
        strange = replace(event, id="evt_strange", user_id="user_other")
        for told in (event, strange):
            webhooks.enqueue(
                conn,
                told,
                told_as="video.completed",
                body=BODY,
                now=NOW,
                new_id=lambda: f"dlv_{next(_numbers)}",
            )
        found = [
            d
            for e in ("we_1", "we_user", "we_installation", "we_task")
            for d in webhooks.deliveries_of(conn, e)
        ]
        return {
            f"{d.endpoint_id} {d.event_id.partition('_')[2]}" for d in found if not d.event_id[4:].isdigit()
        }

    assert await listening.write(work) == {
        "we_user elsewhere",
        "we_installation elsewhere",
        "we_installation strange",
    }


async def _due(backend: Backend, now: int = NOW) -> list[Delivery]:
    return await backend.read(lambda conn: webhooks.due(conn, now, 10))


async def test_an_endpoint_comes_back_as_it_went_in_and_is_changed_and_removed(backend: Backend) -> None:
    await backend.write(lambda conn: webhooks.insert(conn, ENDPOINT))

    async def get(project_id: str = DEFAULT_PROJECT) -> Endpoint | None:
        return await backend.point(lambda conn: webhooks.get(conn, "we_1", project_id))

    assert await get() == ENDPOINT
    assert await get("proj_other") is None
    changed = replace(ENDPOINT, event_types=(), secret="whsec_2", old_secret="whsec_1", enabled=False)
    assert await backend.write(lambda conn: webhooks.update_endpoint(conn, changed))
    assert await get() == changed
    assert await backend.point(lambda conn: webhooks.of_project(conn, DEFAULT_PROJECT)) == [changed]
    assert not await backend.write(lambda conn: webhooks.remove(conn, "we_1", "proj_other", NOW))
    assert await backend.write(lambda conn: webhooks.remove(conn, "we_1", DEFAULT_PROJECT, NOW))
    assert await get() is None
    assert await backend.point(lambda conn: webhooks.look(conn, "we_1")) is None
    assert not await backend.write(lambda conn: webhooks.update_endpoint(conn, changed))
    assert not await backend.write(lambda conn: webhooks.remove(conn, "we_1", DEFAULT_PROJECT, NOW))


async def test_a_removed_endpoint_leaves_no_secret_behind(listening: Backend) -> None:
    await listening.write(lambda conn: webhooks.remove(conn, "we_1", DEFAULT_PROJECT, NOW))

    def rows(conn: Connection) -> str:
        return str(conn.exec_driver_sql("SELECT * FROM webhook_endpoints").all())

    assert "whsec" not in await listening.read(rows)


async def test_an_event_is_owed_to_whoever_listens_in_its_project(listening: Backend) -> None:
    def work(conn: Connection) -> None:
        projects.insert(conn, projects.Project(id="proj_2", user_id=DEFAULT_USER, name="two", created_at=NOW))
        webhooks.insert(conn, replace(ENDPOINT, id="we_deaf", event_types=("video.failed",)))
        webhooks.insert(conn, replace(ENDPOINT, id="we_off", enabled=False))
        webhooks.insert(conn, replace(ENDPOINT, id="we_far", project_id="proj_2"))
        webhooks.insert(conn, replace(ENDPOINT, id="we_2"))
        _tell(conn, "video_1")

    await listening.write(work)
    due = await _due(listening)
    assert sorted(delivery.endpoint_id for delivery in due) == ["we_1", "we_2"]
    assert {delivery.body for delivery in due} == {BODY}


async def test_a_delivery_waits_for_the_earlier_events_of_its_task_alone(listening: Backend) -> None:
    def work(conn: Connection) -> list[Event]:
        return [_tell(conn, task_id) for task_id in ("video_1", "video_1", "video_2")]

    first, second, other = await listening.write(work)
    due = {delivery.event_id: delivery for delivery in await _due(listening)}
    assert set(due) == {first.id, other.id}
    waiting = due[first.id]
    await listening.write(
        lambda conn: webhooks.again(conn, waiting.id, status=500, error="down", again_at=NOW + 60)
    )
    assert {delivery.event_id for delivery in await _due(listening, NOW + 59)} == {other.id}
    await listening.write(lambda conn: webhooks.dead(conn, waiting.id, status=500, error="down"))
    assert {delivery.event_id for delivery in await _due(listening)} == {second.id, other.id}


async def test_a_delivery_is_told_once_and_then_owed_no_more(listening: Backend) -> None:
    event = await listening.write(lambda conn: _tell(conn, "video_1"))
    [delivery] = await _due(listening)
    assert (delivery.event_id, delivery.seq, delivery.attempts) == (event.id, event.seq, 0)
    assert await listening.read(webhooks.next_due_at) == NOW

    async def done() -> bool:
        return await listening.write(
            lambda conn: webhooks.delivered(conn, delivery.id, status=204, now=NOW + 1)
        )

    assert await done()
    assert not await done()
    assert await _due(listening, NOW + 10**9) == []
    assert await listening.read(webhooks.next_due_at) is None
    told = await listening.point(lambda conn: webhooks.get_delivery(conn, delivery.id))
    assert told is not None
    assert (told.state, told.last_status, told.delivered_at) == (DeliveryState.DELIVERED, 204, NOW + 1)
    assert not await listening.write(
        lambda conn: webhooks.again(conn, delivery.id, status=None, error="late", again_at=NOW)
    )


async def test_of_many_that_claim_a_delivery_one_gets_it(listening: Backend) -> None:
    await listening.write(lambda conn: _tell(conn, "video_1"))
    [delivery] = await _due(listening)
    answers = await asyncio.gather(
        *(
            listening.write(lambda conn: webhooks.claim(conn, delivery.id, now=NOW, until=NOW + 30))
            for _ in range(8)
        )
    )
    assert sum(answers) == 1
    assert await _due(listening, NOW + 29) == []
    [again] = await _due(listening, NOW + 30)
    assert again.attempts == 1


async def test_nothing_is_due_to_an_endpoint_that_is_switched_off(listening: Backend) -> None:
    await listening.write(lambda conn: _tell(conn, "video_1"))
    await listening.write(lambda conn: webhooks.update_endpoint(conn, replace(ENDPOINT, enabled=False)))
    assert await _due(listening) == []
    assert await listening.read(webhooks.next_due_at) is None
    await listening.write(lambda conn: webhooks.update_endpoint(conn, ENDPOINT))
    assert len(await _due(listening)) == 1


async def test_what_is_owed_to_a_removed_endpoint_is_given_up_with_the_reason(listening: Backend) -> None:
    await listening.write(lambda conn: _tell(conn, "video_1"))
    [delivery] = await _due(listening)
    await listening.write(lambda conn: webhooks.remove(conn, "we_1", DEFAULT_PROJECT, NOW))
    gone = await listening.point(lambda conn: webhooks.get_delivery(conn, delivery.id))
    assert gone is not None
    assert (gone.state, gone.last_error) == (DeliveryState.DEAD, "endpoint deleted")


async def test_deliveries_are_replayed_one_or_all_since_a_time(listening: Backend) -> None:
    def work(conn: Connection) -> None:
        for number, task_id in enumerate(("video_1", "video_1", "video_2")):
            _tell(conn, task_id, now=NOW + number)

    await listening.write(work)
    deliveries = await listening.read(lambda conn: webhooks.deliveries_of(conn, "we_1"))
    for delivery in deliveries:
        await listening.write(
            lambda conn, d=delivery.id: webhooks.delivered(conn, d, status=200, now=NOW + 9)
        )
    newest = deliveries[0]
    assert not await listening.write(lambda conn: webhooks.replay(conn, newest.id, "we_other", NOW))
    assert await listening.write(lambda conn: webhooks.replay(conn, newest.id, "we_1", NOW + 20))
    assert [delivery.id for delivery in await _due(listening, NOW + 20)] == [newest.id]
    assert await listening.write(lambda conn: webhooks.replay_since(conn, "we_1", NOW + 1, NOW + 30)) == 2
    due = await _due(listening, NOW + 30)
    assert {delivery.event_id for delivery in due} == {d.event_id for d in deliveries[:2]}
    assert {(delivery.attempts, delivery.delivered_at) for delivery in due} == {(0, None)}
