"""The WebSocket of row 003-05: token on connect, per-task subscription, progress and completion, both ids, heartbeat."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.requests import HTTPConnection

from reelgate.api.live.entry import Entry
from reelgate.api.live.socket import HEARTBEAT_S, RESTARTING, TOO_SLOW, UNAUTHORIZED, Sockets
from reelgate.auth.scopes import Scope
from reelgate.core.events import EventType
from reelgate.core.limits import Allowance, Subject
from reelgate.core.task import Attempt, AttemptState
from reelgate.engine.limits import set_allowance
from reelgate.store import attempts as attempt_rows
from reelgate.store import events as event_rows
from reelgate.store import keys as key_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection
from reelgate.store.tables import DEFAULT_USER
from tests.api.harness import Bench
from tests.api.sockets import dial, following, scope_of, signed_in

ABSENT = "video_" + "0" * 26


async def accept(bench: Bench, video_id: str, ref: str) -> None:
    """Let an upstream have accepted a task under its own id."""
    attempt = Attempt(
        id=bench.ctx.ids.new("att"),
        task_id=video_id,
        number=1,
        channel_id="chan_one",
        upstream_model="scripted-1",
        client_token=bench.ctx.ids.token(),
        state=AttemptState.ACCEPTED,
        ref=ref,
        error=None,
        lease_epoch=0,
        created_at=bench.clock.now_ms(),
        submitted_at=bench.clock.now_ms(),
        ended_at=None,
    )

    def work(conn: Connection) -> None:
        attempt_rows.insert(conn, attempt)
        task = task_rows.get(conn, video_id)
        assert task is not None
        before = frozenset({task.status})
        assert task_rows.move(
            conn, video_id, epoch=task.lease_epoch, before=before, changes={"attempt_id": attempt.id}, now=0
        )

    await bench.ctx.backend.write(work)


# Coming in.


async def test_a_key_signs_in_with_the_connection(bench: Bench):
    line = dial(bench)

    assert (await line.message())["type"] == "websocket.accept"
    first, second = await line.next(), await line.next()
    assert first == {"type": "connected", "authenticated": True, "heartbeatSeconds": HEARTBEAT_S}
    assert (second["type"], second["userId"]) == ("authenticated", DEFAULT_USER)
    await line.leave()


async def test_a_browser_signs_in_with_its_first_message_or_in_the_address(bench: Bench):
    line = dial(bench, key=None)
    await line.message()
    assert (await line.next())["authenticated"] is False
    line.say(type="auth", token=bench.key)
    assert (await line.next())["type"] == "authenticated"
    line.say(type="auth", token=bench.key)
    assert (await line.next())["code"] == "invalid_value"
    await line.leave()

    by_address = dial(bench, f"/ws?token={bench.key}", key=None)
    await by_address.message()
    assert (await by_address.next())["authenticated"] is True
    await by_address.leave()


@pytest.mark.parametrize("target", ["/ws", "/ws?token=rg_wrong"])
async def test_a_bad_sign_in_is_refused_before_the_upgrade(bench: Bench, target: str):
    line = dial(bench, target, key="rg_wrong" if "token" not in target else None)

    start, body = await line.message(), await line.message()

    assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
    assert json.loads(body["body"])["error"]["code"] == "invalid_api_key"
    await line.task


@pytest.mark.parametrize(
    "first", [{"type": "auth", "token": "rg_wrong"}, {"type": "subscribe"}, {"type": "auth"}, {"x": 1}, [1]]
)
async def test_nothing_is_told_before_a_sign_in(bench: Bench, first: Any):
    line = dial(bench, key=None)
    await line.message()
    await line.next()
    line.says.put_nowait({"type": "websocket.receive", "text": json.dumps(first)})

    assert await line.closed() == UNAUTHORIZED
    await line.task
    assert bench.ctx.hub.readers == 0


async def test_whoever_never_says_who_they_are_is_sent_away(bench: Bench):
    told: asyncio.Queue[Any] = asyncio.Queue()
    says: asyncio.Queue[Any] = asyncio.Queue()
    says.put_nowait({"type": "websocket.connect"})
    sockets = Sockets(bench.app.state.door, sign_in_s=0.01)

    await sockets(scope_of("/ws", {}), says.get, told.put)

    assert [told.get_nowait()["type"] for _ in range(3)][-1] == "websocket.close"
    assert sockets.strangers == 0


async def test_a_key_without_the_scope_does_not_get_in(bench: Bench):
    key = await bench.new_key(scopes=frozenset({Scope.FILES_READ}))

    assert (await dial(bench, key=key).message())["status"] == 403


async def test_a_connection_counts_as_a_call(bench: Bench):
    await set_allowance(bench.ctx, Allowance(subject=Subject.USER, id=DEFAULT_USER, calls_per_minute=1))
    line = await signed_in(bench)

    refused = await dial(bench).message()

    assert refused["status"] == 429
    assert b"retry-after" in dict(refused["headers"])
    await line.leave()


async def test_asked_without_an_upgrade_the_address_says_what_it_is(bench: Bench):
    answer = await bench.ask("GET", "/ws")

    assert (answer.status, answer.headers["upgrade"]) == (426, "websocket")
    assert "ws://" in answer.error["message"]


# Being told.


async def test_a_task_is_told_of_with_both_ids_to_its_clip(bench: Bench):
    """Rows 003-05, 001-25 and 003-16: progress and completion are pushed, in camelCase, with both ids."""
    video_id = await bench.made()
    await accept(bench, video_id, "upstream-7")
    line = await following(bench, taskId=video_id)

    await bench.complete(video_id)

    seen = [await line.next()]
    while seen[-1]["type"] != "completed":
        seen.append(await line.next())
    assert [m["status"] for m in seen] == ["QUEUED", "PROCESSING", "PROCESSING", "COMPLETED"]
    assert {m["taskId"] for m in seen} == {m["videoId"] for m in seen} == {video_id}
    assert [m["externalTaskId"] for m in seen] == [None, "upstream-7", "upstream-7", "upstream-7"]
    assert [m["progress"] for m in seen] == [None, 10, None, 100]
    assert seen[-1]["videoUrl"].startswith(f"http://gate.test/v1/videos/{video_id}/content?sig=")
    assert [m["sequence"] for m in seen] == [2, 3, 4, 5]
    await line.leave()
    assert bench.ctx.hub.readers == 0


async def test_a_subscription_begins_with_how_the_task_stands(bench: Bench):
    video_id = await bench.made()
    await accept(bench, video_id, "upstream-7")
    await bench.run(video_id)
    line = await signed_in(bench)

    line.say(type="subscribe", videoId=video_id)

    found = await line.next()
    assert (found["status"], found["progress"], found["externalTaskId"]) == ("PROCESSING", 10, "upstream-7")
    await line.leave()


async def test_a_reader_that_comes_back_is_told_what_it_missed_and_nothing_twice(bench: Bench):
    video_id = await bench.made()
    line = await following(bench, taskId=video_id)
    await bench.run(video_id)
    last = (await line.until(status="PROCESSING"))["cursor"]
    await line.leave()
    await bench.fail(video_id)

    back = await following(bench, taskId=video_id, cursor=last)

    assert (await back.next())["type"] == "failed"
    await back.leave()


async def test_the_whole_log_of_a_project_is_replayed_in_order(bench: Bench):
    ids = [await bench.made() for _ in range(3)]
    for video_id in ids:
        await bench.run(video_id)

    line = await following(bench, cursor=0)
    cursors = [(await line.next())["cursor"] for _ in range(9)]
    await bench.fail(ids[0])
    cursors.append((await line.next())["cursor"])

    assert cursors == sorted(set(cursors))
    await line.leave()


async def test_a_task_left_is_told_of_no_longer_and_others_are(bench: Bench):
    one, two = await bench.made(), await bench.made()
    line = await following(bench, taskId=one)
    line.say(type="subscribe", taskId=two)
    await line.until(type="subscribed")
    line.say(type="unsubscribe", taskId=one)
    assert (await line.next()) == {**(await _unsubscribed(bench)), "taskId": one}

    await bench.run(one)
    await bench.run(two)

    assert (await line.next())["taskId"] == two
    await line.leave()


async def _unsubscribed(bench: Bench) -> dict[str, Any]:
    (key,) = await bench.ctx.backend.point(key_rows.all_keys)
    return {"type": "unsubscribed", "projectId": key.project_id}


async def test_what_is_followed_twice_is_told_once(bench: Bench):
    video_id = await bench.made()
    line = await following(bench, taskId=video_id)
    line.say(type="subscribe")
    await line.until(type="subscribed")
    await bench.run(video_id)
    await bench.fail(video_id)

    kinds = [(await line.next())["event"] for _ in range(3)]

    assert kinds == ["video.submitting", "video.running", "video.failed"]
    await line.leave()


@pytest.mark.parametrize("what", [{"taskId": ABSENT}, {"taskId": "x"}, {"projectId": "proj_other"}])
async def test_what_nobody_has_cannot_be_followed(bench: Bench, what: dict[str, str]):
    line = await signed_in(bench)
    line.say(type="subscribe", **what)

    assert (await line.next())["code"] == "not_found"
    await line.leave()


async def test_anothers_task_looks_like_one_that_is_not_there(bench: Bench):
    theirs = (await bench.post("/v1/videos", {"prompt": "x"}, key=await bench.stranger())).json()["id"]
    line = await signed_in(bench)

    line.say(type="subscribe", taskId=theirs)
    foreign = await line.next()
    line.say(type="subscribe", taskId=ABSENT)
    absent = await line.next()

    assert foreign == {**absent, "message": absent["message"].replace(ABSENT, theirs)}
    await line.leave()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "{}",
        "[]",
        '{"type":"shout"}',
        '{"type":"subscribe","cursor":-1}',
        '{"type":"subscribe","taskId":3}',
    ],
)
async def test_a_message_nobody_understands_is_answered_and_the_line_stays(bench: Bench, text: str):
    line = await signed_in(bench)
    line.says.put_nowait({"type": "websocket.receive", "text": text})
    assert (await line.next())["type"] == "error"

    line.say(type="ping")

    assert (await line.next())["type"] == "pong"
    await line.leave()


async def test_a_silent_line_shows_that_it_lives(bench: Bench):
    line = await signed_in(bench)
    await bench.clock.advance(HEARTBEAT_S + 1)

    message = json.loads((await line.message())["text"])

    assert (message["type"], "timestamp" in message) == ("heartbeat", True)
    line.say(type="pong")
    await line.leave()


# Being let go.


async def test_a_revoked_key_ends_its_line(bench: Bench):
    token = await bench.new_key()
    line = await signed_in(bench, key=token)
    keys = await bench.ctx.backend.read(key_rows.all_keys)
    await bench.ctx.backend.write(lambda conn: key_rows.revoke(conn, keys[-1].id, bench.clock.now_ms()))
    await bench.clock.advance(6)

    assert await line.closed() == UNAUTHORIZED


async def test_a_stopping_server_says_so(bench: Bench):
    line = await following(bench)
    idle = await signed_in(bench)

    bench.ctx.hub.close()

    assert (await line.closed(), await idle.closed()) == (RESTARTING, RESTARTING)


async def test_a_client_that_takes_nothing_is_cut(bench: Bench):
    sockets = Sockets(bench.app.state.door, send_limit_s=0.01)
    says: asyncio.Queue[Any] = asyncio.Queue()
    says.put_nowait({"type": "websocket.connect"})

    async def send(message: Any) -> None:
        if message["type"] == "websocket.send":
            await asyncio.Event().wait()

    async with asyncio.timeout(60):
        await sockets(scope_of("/ws", {"authorization": f"Bearer {bench.key}"}), says.get, send)
    assert bench.ctx.hub.readers == 0


async def test_a_client_that_falls_behind_is_told_to_come_back(bench: Bench):
    video_id = await bench.made()
    take = asyncio.Event()
    line = dial(bench, take=take)
    line.say(type="subscribe")
    async with asyncio.timeout(60):
        while not bench.ctx.hub.readers:
            take.set()
            await asyncio.sleep(0)
    take.clear()
    await _tell(bench, video_id, 600)
    reader = asyncio.create_task(line.closed())
    async with asyncio.timeout(60):
        while True:
            end = await bench.ctx.backend.point(event_rows.latest_cursor)
            if not bench.ctx.hub.behind(end):
                break
            await asyncio.sleep(0.01)
    take.set()

    assert await reader == TOO_SLOW


async def _tell(bench: Bench, video_id: str, count: int) -> None:
    def work(conn: Connection) -> None:
        for n in range(count):
            data = {"status": "running", "progress": n % 99}
            event_rows.append(conn, video_id, EventType.PROGRESS, data, 0, bench.ctx.ids.new("evt"))

    await bench.ctx.backend.write(work)
    bench.ctx.hub.wake()


async def test_what_came_as_a_token_replaces_what_came_as_a_header(bench: Bench):
    conn = HTTPConnection(scope_of("/ws?token=rg_other", {"authorization": f"Bearer {bench.key}"}))

    entry = Entry(bench.app.state.door, conn)

    with pytest.raises(Exception, match="not good"):
        await entry.admitted()


# Tenants.

EVENTS = 10_000


async def test_ten_thousand_events_of_two_tenants_never_cross(bench: Bench):
    """Goal G5 and row 003-05: everybody is told all of their own, in order, and nothing of anybody else's."""
    keys = {"one": bench.key, "two": await bench.stranger()}
    tasks = {
        name: [
            (await bench.post("/v1/videos", {"prompt": "x", "size": "64x64"}, key=key)).json()["id"]
            for _ in range(5)
        ]
        for name, key in keys.items()
    }
    begin = await bench.ctx.backend.point(event_rows.latest_cursor)
    every = [task for pair in zip(*tasks.values(), strict=True) for task in pair]
    told = {
        name: asyncio.create_task(_all_told(bench, key, begin, EVENTS // 2)) for name, key in keys.items()
    }

    for start in range(0, EVENTS, 500):
        await _spread(bench, every, start, 500)
        await asyncio.sleep(0)

    async with asyncio.timeout(120):
        seen = {name: await task for name, task in told.items()}
    for name, messages in seen.items():
        assert {m["taskId"] for m in messages} == set(tasks[name])
        cursors = [m["cursor"] for m in messages]
        assert cursors == sorted(set(cursors))
        for task in tasks[name]:
            assert [m["progress"] for m in messages if m["taskId"] == task] == [
                n // 10 % 100 for n in range(EVENTS) if every[n % 10] == task
            ]


async def _spread(bench: Bench, tasks: list[str], start: int, count: int) -> None:
    def work(conn: Connection) -> None:
        for n in range(start, start + count):
            data = {"status": "running", "progress": n // 10 % 100}
            event_rows.append(
                conn, tasks[n % len(tasks)], EventType.PROGRESS, data, 0, bench.ctx.ids.new("evt")
            )

    await bench.ctx.backend.write(work)
    bench.ctx.hub.wake()


async def _all_told(bench: Bench, key: str, cursor: int, count: int) -> list[dict[str, Any]]:
    """Read as a client does that reconnects whenever it was too slow."""
    seen: list[dict[str, Any]] = []
    while len(seen) < count:
        line = await following(bench, key=key, cursor=seen[-1]["cursor"] if seen else cursor)
        while len(seen) < count:
            message = await line.message()
            if message["type"] != "websocket.send":
                assert message["code"] == TOO_SLOW
                break
            found = json.loads(message["text"])
            if found["type"] != "heartbeat":
                seen.append(found)
        await line.leave()
    return seen
