"""Together: what a process needs that shares its tasks with others on one PostgreSQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from reelgate.core.clock import Clock
from reelgate.core.lifecycle import Status
from reelgate.engine import route, sweep
from reelgate.engine.channels import ChannelTable
from reelgate.engine.context import Context
from reelgate.engine.hub import Bell, Hub
from reelgate.store import jobs
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection
from reelgate.store.postgres import PostgresBackend
from reelgate.worker.distributed import DistributedRunner, Lane

EVENTS: Final = "reelgate_events"
"""Told when the log has grown."""
NUDGES: Final = "reelgate_nudges"
"""Told when an upstream called back about a job."""
WORD_MAX: Final = 7_000
"""The longest word PostgreSQL passes on, less what it adds."""
LOOK_S: Final = 1.0
"""How often the log is looked at although nobody said that it has grown."""


@dataclass(frozen=True, slots=True)
class Together:
    """A runner and a hub that know of other processes, and what has to run beside them."""

    runner: DistributedRunner
    hub: Hub
    nudge: Callable[[str, str], Awaitable[None]]
    """Has a channel's job, by its ref, asked about now by whichever process watches it."""
    beside: tuple[Callable[[], Awaitable[None]], ...]


def join(
    backend: PostgresBackend,
    clock: Clock,
    channels: ChannelTable,
    composed: Callable[[], Context],
    *,
    name: str,
    heartbeat_s: float,
) -> Together:
    """Wire a process called `name` to the others; `composed` gives the composition once it is there."""
    bell = Bell(lambda: backend.tell(EVENTS, name))
    hub = Hub(backend, look_s=LOOK_S, tell=bell.ring)
    ears = backend.ears(EVENTS, NUDGES, jobs.CHANNEL)
    ears.on(NUDGES, lambda word: _nudged(composed(), word))
    ears.on(EVENTS, lambda teller: hub.hear() if teller != name else None)
    ears.missed.append(hub.hear)

    def bind(conn: Connection, task_id: str, channel_id: str) -> bool:
        return route.bind(conn, composed(), task_id, channel_id)

    async def status(task_id: str) -> Status | None:
        task = await backend.point(lambda conn: task_rows.get(conn, task_id))
        return None if task is None else task.status

    runner = DistributedRunner(
        backend,
        clock,
        ears.on,
        lanes=LanesOf(channels),
        bind=bind,
        status=status,
        lost=lambda task_id: sweep.look_again(composed(), task_id),
        heartbeat_s=heartbeat_s,
    )

    async def nudge(channel_id: str, ref: str) -> None:
        word = f"{channel_id} {ref}"
        if len(word.encode()) <= WORD_MAX:  # a longer one is found by its plan
            await backend.tell(NUDGES, word)

    return Together(runner, hub, nudge, (ears.run, bell.run))


def _nudged(ctx: Context, word: str) -> None:
    channel_id, _, ref = word.partition(" ")
    ctx.rounds.nudge(channel_id, ref)


class LanesOf:
    """The lanes that the channels of this installation make; asked very often, made anew when channels change."""

    def __init__(self, channels: ChannelTable) -> None:
        self._channels = channels
        self._version = -1
        self._lanes: Mapping[str, Lane] = {}

    def __call__(self) -> Mapping[str, Lane]:
        """Give them as they are now."""
        if self._version != self._channels.version:
            self._version = self._channels.version
            self._lanes = {
                channel.id: Lane(self._channels.slots(channel.id) or 0, frozenset(channel.models))
                for channel in self._channels.all()
            }
        return self._lanes
