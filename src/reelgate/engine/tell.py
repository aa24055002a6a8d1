"""Writes a task's move and its event together, so that no reader can see one without the other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from reelgate.core.events import WEBHOOK_TYPES, Event, EventType
from reelgate.core.ids import encode
from reelgate.core.lifecycle import Status
from reelgate.core.task import Task
from reelgate.engine.context import Context
from reelgate.store import events as event_rows
from reelgate.store import tasks as task_rows
from reelgate.store import webhooks as webhook_rows
from reelgate.store.backend import Connection

EVENT_OF: Mapping[Status, EventType] = {
    Status.QUEUED: EventType.QUEUED,
    Status.SUBMITTING: EventType.SUBMITTING,
    Status.UNCONFIRMED: EventType.UNCONFIRMED,
    Status.RUNNING: EventType.RUNNING,
    Status.ARCHIVING: EventType.ARCHIVING,
    Status.COMPLETED: EventType.COMPLETED,
    Status.FAILED: EventType.FAILED,
    Status.CANCELLED: EventType.CANCELLED,
}


class LeaseLost(Exception):
    """Raised when another holder took the task over; nothing of the losing write remains."""


def move(
    conn: Connection,
    ctx: Context,
    task: Task,
    status: Status,
    *,
    changes: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Move a leased task and append the event in the same transaction.

    Raises LeaseLost when the row is no longer ours to move.
    """
    now = ctx.clock.now_ms()
    took = task_rows.move(
        conn,
        task.id,
        epoch=task.lease_epoch,
        before=frozenset({task.status}),
        changes={"status": status, **(changes or {})},
        now=now,
    )
    if not took:
        raise LeaseLost(task.id)
    tell(conn, ctx, task.id, EVENT_OF[status], {"status": status.value, **(data or {})})


def tell(conn: Connection, ctx: Context, task_id: str, kind: EventType, data: Mapping[str, Any]) -> None:
    """Append an event and, for the kinds receivers are told of, its deliveries."""
    now = ctx.clock.now_ms()
    event = event_rows.append(conn, task_id, kind, dict(data), now, ctx.ids.new("evt"))
    outward = WEBHOOK_TYPES.get(kind)
    if outward is not None:
        webhook_rows.enqueue(
            conn,
            event,
            told_as=outward,
            body=payload(event.id, outward, task_id, now),
            now=now,
            new_id=lambda: ctx.ids.new("dlv"),
        )
        _tell_caller(conn, ctx, event, outward, now)


def _tell_caller(conn: Connection, ctx: Context, event: Event, outward: str, now: int) -> None:
    url = webhook_rows.notify_url(conn, event.task_id)
    if url is None:
        return
    webhook_rows.enqueue_to(
        conn,
        task_endpoint_id(event.project_id),
        event,
        body=payload(event.id, outward, event.task_id, now),
        now=now,
        delivery_id=ctx.ids.new("dlv"),
        url=url,
    )


def task_endpoint_id(project_id: str) -> str:
    """Name the endpoint of a project whose secret signs what goes to the addresses of single tasks.

    The same in every process, so that two that need it first make one.
    """
    return "we_" + encode(int.from_bytes(hashlib.sha256(project_id.encode()).digest()[:16]), 26)


def payload(event_id: str, told_as: str, task_id: str, now_ms: int) -> str:
    """Write what a receiver is told: which video and what happened, never what is in it."""
    body = {
        "id": event_id,
        "object": "event",
        "created_at": now_ms // 1000,
        "type": told_as,
        "data": {"id": task_id},
    }
    return msgspec.json.encode(body).decode()
