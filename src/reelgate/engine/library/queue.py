"""The queue as its people see it: lanes, places in them, and what cancelling does to the money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from reelgate.core.dialect import Cancels
from reelgate.core.lifecycle import Status
from reelgate.engine.context import Context
from reelgate.engine.library.follow import catch_up
from reelgate.engine.models import UsualTime, card, usual_times
from reelgate.store import library_look, library_queue
from reelgate.store.backend import Connection
from reelgate.store.library_items import Shape
from reelgate.store.library_look import Seen
from reelgate.store.tasks import StatusRow

SHOWN: Final = 100
"""Items of one lane."""
Effect = Literal["free", "stops", "may_be_charged", "held", "none"]


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a lane."""

    seen: Seen
    position: int | None
    """Its place among those that wait for its model, of everybody; fair turns may put it elsewhere."""
    effect: Effect


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """One lane."""

    name: str
    count: int
    items: tuple[Waiting, ...]


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """Every lane, and how long the models in them usually take."""

    lanes: tuple[Lane, ...]
    shapes: Mapping[int, Shape]
    usual: Mapping[str, UsualTime]


async def queue(ctx: Context, project_id: str, since: int) -> Queue:
    """Give the lanes of a project; `done` are those that ended after `since`, in milliseconds since 1970."""
    await catch_up(ctx)

    def work(conn: Connection) -> tuple[tuple[Lane, ...], Mapping[int, Shape]]:
        found = library_queue.lanes(project_id, since)
        lanes: list[Lane] = []
        for name, which in found.items():
            count, items = library_queue.lane(conn, which, newest=name == "done", limit=SHOWN)
            seen = library_look.look(conn, items)
            lanes.append(Lane(name=name, count=count, items=tuple(_waiting(conn, ctx, one) for one in seen)))
        return tuple(lanes), ctx.shapes.read(conn)

    lanes, shapes = await ctx.backend.read(work)
    models = {one.seen.task.model for lane in lanes for one in lane.items if one.seen.task is not None}
    cards = [found for model in sorted(models) if (found := card(ctx, model)) is not None]
    return Queue(lanes=lanes, shapes=shapes, usual=await usual_times(ctx, cards))


def _waiting(conn: Connection, ctx: Context, seen: Seen) -> Waiting:
    task = seen.task
    assert task is not None  # noqa: S101 - lanes are lanes of tasks
    position = None
    if task.status is Status.QUEUED:
        position = 1 + library_queue.ahead(conn, task.served_model, task.created_at, task.id)
    return Waiting(seen=seen, position=position, effect=cancelling(ctx, task))


def cancelling(ctx: Context, task: StatusRow) -> Effect:
    """Say what cancelling a task now does to its money."""
    return effect_of(ctx, task.status, task.channel_id)


def effect_of(ctx: Context, status: Status, channel_id: str | None) -> Effect:
    """Say the same of a task in a status on a channel."""
    match status:
        case Status.QUEUED:
            return "free"
        case Status.UNCONFIRMED:
            return "held"
        case Status.SUBMITTING | Status.RUNNING:
            channel = None if channel_id is None else ctx.channels.get(channel_id)
            dialect = None if channel is None else ctx.dialects[channel.dialect]
            return "stops" if isinstance(dialect, Cancels) else "may_be_charged"
        case Status.ARCHIVING | Status.COMPLETED | Status.FAILED | Status.CANCELLED:
            return "none"
