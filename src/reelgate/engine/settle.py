"""Settle: close a task's hold once, in the transaction that makes its status terminal.

A disputed ending keeps the money held until the upstream's truth is known or somebody decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reelgate.core.errors import Failure
from reelgate.core.lifecycle import Status
from reelgate.core.money import ZERO, Micro, settle
from reelgate.core.task import Task
from reelgate.engine import alerts
from reelgate.engine.context import Context
from reelgate.engine.tell import move
from reelgate.store import attempts as attempt_rows
from reelgate.store import ledger as ledger_rows
from reelgate.store.backend import Connection


def finish(
    conn: Connection,
    ctx: Context,
    task: Task,
    status: Status,
    *,
    error: Failure | None = None,
    disputed: bool = False,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """End a task: terminal status, its event, its deliveries and its money in one transaction.

    Raises LeaseLost when the row is no longer ours.
    """
    now = ctx.clock.now_ms()
    move(
        conn,
        ctx,
        task,
        status,
        changes={"error": error, "disputed": disputed, "finished_at": now, **(changes or {})},
        data={"error_code": error.code.value} if error is not None else {},
    )
    alerts.task_ended(conn, ctx, task, status, error)
    if task.attempt_id is not None:
        attempt_rows.end(conn, task.attempt_id, now=now)
    if not disputed:
        close(conn, ctx, task, owed=task.quote if status is Status.COMPLETED else ZERO)


def close(conn: Connection, ctx: Context, task: Task, *, owed: Micro) -> bool:
    """Close the hold for a debt at the price quoted; False when it was closed before."""
    return ledger_rows.close(
        conn,
        task.id,
        settle(task.quote, owed),
        now=ctx.clock.now_ms(),
        new_id=lambda: ctx.ids.new("led"),
    )
