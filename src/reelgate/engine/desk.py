"""The desk of whoever keeps the installation running: everybody's work, and what ending one of it does to its money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from reelgate.core.lifecycle import OPEN, Status
from reelgate.engine.context import Context
from reelgate.engine.library.queue import Effect, effect_of
from reelgate.store import desk as rows
from reelgate.store import library_queue
from reelgate.store.backend import Connection
from reelgate.store.desk import Job, Tally, Wanted


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One task on the desk."""

    job: Job
    effect: Effect
    """What cancelling it now does to its money."""
    position: int | None
    """Its place among those that wait for its model; fair turns may put it elsewhere."""


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with open tasks."""

    id: str
    name: str
    tasks: int


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """One page, and what is open altogether."""

    entries: list[Entry]
    more: bool
    open: Mapping[Status, int]
    by_channel: Mapping[str, int]
    owners: list[Owner]


async def desk(ctx: Context, wanted: Wanted, *, limit: int) -> Desk:
    """Give the newest tasks that are wanted, whoever's they are."""

    def work(conn: Connection) -> tuple[list[Entry], bool, list[Tally]]:
        found = rows.page(conn, wanted, limit=limit + 1)
        entries = [_entry(conn, ctx, job) for job in found[:limit]]
        return entries, len(found) > limit, rows.tallies(conn)

    entries, more, tallies = await ctx.backend.read(work)
    states: Counter[Status] = Counter()
    channels: Counter[str] = Counter()
    owners: Counter[tuple[str, str]] = Counter()
    for one in tallies:
        states[one.status] += one.tasks
        owners[one.user_id, one.user] += one.tasks
        if one.channel_id is not None:
            channels[one.channel_id] += one.tasks
    return Desk(
        entries=entries,
        more=more,
        open={status: states[status] for status in sorted(OPEN)},
        by_channel=channels,
        owners=[Owner(id=who, name=name, tasks=count) for (who, name), count in owners.most_common()],
    )


def _entry(conn: Connection, ctx: Context, job: Job) -> Entry:
    position = None
    if job.status is Status.QUEUED:
        position = 1 + library_queue.ahead(conn, job.served_model, job.created_at, job.id)
    return Entry(job=job, effect=effect_of(ctx, job.status, job.channel_id), position=position)
