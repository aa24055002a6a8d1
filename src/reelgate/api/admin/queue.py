"""Everybody's queue for whoever keeps the installation running: what others wrote is for administrators alone."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from starlette.datastructures import QueryParams
from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.queries import paging, path_id
from reelgate.api.shapes import shape_of
from reelgate.core.errors import Code, Failure, refuse
from reelgate.core.lifecycle import OPEN, Status
from reelgate.core.money import Micro, show
from reelgate.engine import cancel as cancelling
from reelgate.engine.desk import Desk, Entry, desk
from reelgate.engine.library.queue import Effect
from reelgate.store.desk import Wanted

SHOWN_MS: Final = 86_400_000
"""For how long tasks that ended are shown."""
_NAME_MAX: Final = 200
_PLACE: Final = re.compile(r"([0-9]{1,16})-([a-z0-9_]{1,60})", re.ASCII)


class QueuedTask(msgspec.Struct, frozen=True, kw_only=True):
    """Anybody's task. Times are milliseconds since 1970."""

    id: str
    status: Status
    model: str
    served_model: str
    user_id: str
    user: str
    project_id: str
    project: str
    channel_id: str | None
    channel: str | None
    surface: str
    verb: str
    prompt: str | None
    """Null where the asker may not read what others wrote."""
    size: str
    seconds: int
    phase: str | None
    progress: int | None
    attempts: int
    ref: str | None
    """The upstream's own id of the job, once it has one."""
    error: Failure | None
    held: str
    currency: str
    disputed: bool
    position: int | None
    cancelling: Effect
    """What cancelling now does to the money; `none` where there is nothing to cancel."""
    created_at: int
    start_after: int | None
    started_at: int | None
    finished_at: int | None
    overdue_at: int | None
    cancel_requested_at: int | None
    object: str = "task"


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How many open tasks somebody, or a channel, has."""

    id: str
    name: str
    tasks: int


class QueuePage(msgspec.Struct, frozen=True, kw_only=True):
    """The newest tasks that were asked for, and what is open altogether."""

    data: list[QueuedTask]
    next: str | None
    """What to send as `after` for the page behind."""
    open: dict[str, int]
    """How many open tasks there are in each status."""
    channels: list[Waiting]
    users: list[Waiting]
    object: str = "list"


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a task stands after it was cancelled; a running one ends once its upstream was asked."""

    id: str
    status: Status
    disputed: bool
    """Whether its money waits until it is known what the upstream bills."""


async def page(asked: Asked) -> Response:
    """List tasks, newest first; those that ended for a day. `status` takes several, with commas."""
    wanted = _wanted(asked)
    limit = max(1, paging(asked.request).limit)
    return Json(_page(asked, await desk(asked.ctx, wanted, limit=limit)))


def _wanted(asked: Asked) -> Wanted:
    query = asked.request.query_params
    return Wanted(
        statuses=_statuses(query.get("status", "")),
        channel_id=_text(query, "channel"),
        user_id=_text(query, "user"),
        model=_text(query, "model"),
        ended_since=asked.ctx.clock.now_ms() - SHOWN_MS,
        beyond=_beyond(query.get("after", "")),
    )


def _statuses(text: str) -> tuple[Status, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = next((name for name in names if name not in Status._value2member_map_), None)
    if unknown is not None:
        known = ", ".join(status.value for status in Status)
        raise refuse(Code.INVALID_REQUEST, f"`status` knows {known}.", param="status")
    return tuple(dict.fromkeys(Status(name) for name in names)) or tuple(sorted(OPEN))


def _text(query: QueryParams, name: str) -> str | None:
    text = query.get(name) or None
    if text is not None and (len(text) > _NAME_MAX or "\0" in text):
        raise refuse(Code.INVALID_REQUEST, f"`{name}` is too long.", param=name)
    return text


def _beyond(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    if found is None:
        raise refuse(Code.INVALID_REQUEST, "`after` is no place in this list.", param="after")
    return int(found[1]), found[2]


def _page(asked: Asked, found: Desk) -> QueuePage:
    last = found.entries[-1].job if found.entries and found.more else None
    channels = [
        Waiting(id=one, name=_channel(asked, one) or one, tasks=count)
        for one, count in sorted(found.by_channel.items(), key=lambda item: -item[1])
    ]
    return QueuePage(
        data=[_task(asked, one) for one in found.entries],
        next=None if last is None else f"{last.created_at}-{last.id}",
        open={status.value: count for status, count in found.open.items()},
        channels=channels,
        users=[Waiting(id=one.id, name=one.name, tasks=one.tasks) for one in found.owners],
    )


_SAME: Final = tuple(
    name
    for name in QueuedTask.__struct_fields__
    if name not in ("channel", "prompt", "seconds", "held", "position", "cancelling", "object")
)


def _task(asked: Asked, one: Entry) -> QueuedTask:
    job = one.job
    return QueuedTask(
        channel=_channel(asked, job.channel_id),
        prompt=job.prompt if asked.principal.reads_words_of(job.user_id) else None,
        seconds=job.seconds_total,
        held=show(Micro(job.quote)),
        position=one.position,
        cancelling=one.effect,
        **{name: getattr(job, name) for name in _SAME},
    )


def _channel(asked: Asked, channel_id: str | None) -> str | None:
    found = None if channel_id is None else asked.ctx.channels.get(channel_id)
    return None if found is None else found.name


async def cancel(asked: Asked) -> Response:
    """End anybody's task; it stays to be seen by whoever asked for it."""
    task_id = path_id(asked.request, "task_id", "video", "video")
    task = await cancelling.cancel(asked.ctx, None, task_id)
    return Json(Ended(id=task.id, status=task.status, disputed=task.disputed))


_ALL: Final = "/api/admin/queue"

OPERATIONS: Final = (
    Operation(
        method="GET",
        path=_ALL,
        handler=page,
        summary="List everybody's tasks",
        tag="admin",
        query=("status", "channel", "user", "model", "limit", "after"),
        shape=shape_of(QueuePage),
    ),
    Operation(
        method="POST",
        path=f"{_ALL}/{{task_id}}/cancel",
        handler=cancel,
        summary="Cancel anybody's task",
        tag="admin",
        shape=shape_of(Ended),
    ),
)
