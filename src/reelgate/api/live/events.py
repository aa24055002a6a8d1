"""Which events a stream carries: what happened to one video, or to every video of a project."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from reelgate.api.door import Asked, Operation
from reelgate.api.queries import missing, path_id
from reelgate.api.sse import HEARTBEAT, EventStream, frame
from reelgate.api.waiting import status
from reelgate.auth.scopes import Scope
from reelgate.core.errors import Code, refuse
from reelgate.core.events import Event, EventType
from reelgate.core.lifecycle import OUTWARD, TERMINAL, Status
from reelgate.engine.hub import TooSlow

HEARTBEAT_S: Final = 15.0
"""How long a stream is silent before it gives a sign of life."""

_CURSOR = re.compile(r"[0-9]{1,18}", re.ASCII)
_LAST: Final = frozenset({EventType.COMPLETED, EventType.FAILED, EventType.CANCELLED, EventType.DELETED})


def shown(event: Event) -> dict[str, Any]:
    """Give an event as clients see it; its status is one of the four outward words."""
    word = event.data.get("status")
    known = word in Status._value2member_map_
    return {
        "id": event.id,
        "object": "event",
        "type": event.type.value,
        "created_at": event.created_at // 1000,
        "sequence": event.seq,
        "data": {
            "id": event.task_id,
            "status": OUTWARD[Status(word)] if known else None,
            "progress": event.data.get("progress"),
            "error_code": event.data.get("error_code"),
        },
    }


def cursor_of(request: Request) -> int | None:
    """Read where a client was: `Last-Event-ID`, or `after` in the address; None when it says neither.

    Raises CallerError naming the one that is not a cursor.
    """
    for name, text in (
        ("Last-Event-ID", request.headers.get("last-event-id")),
        ("after", request.query_params.get("after")),
    ):
        if text:
            if _CURSOR.fullmatch(text) is None:
                raise refuse(Code.INVALID_REQUEST, f"`{name}` is no place in this log.", param=name)
            return int(text)
    return None


async def of_video(asked: Asked) -> Response:
    """Stream what happens to one video from its beginning, or from where the client was, to its end."""
    video_id = path_id(asked.request, "video_id", "video", "video")
    cursor = cursor_of(asked.request)
    if await status(asked.ctx, video_id, asked.project_id) is None:
        raise missing("video", video_id)
    return EventStream(_frames(asked, cursor or 0, asked.project_id, video_id))


async def of_project(asked: Asked) -> Response:
    """Stream what happens to the asker's videos, from now or from where the client was."""
    return EventStream(_frames(asked, cursor_of(asked.request), asked.project_id))


async def of_everybody(asked: Asked) -> Response:
    """Stream what happens to anybody's videos: ids, statuses and progress, never what somebody wrote."""
    return EventStream(_frames(asked, cursor_of(asked.request), None))


async def _frames(
    asked: Asked, cursor: int | None, project_id: str | None, video_id: str | None = None
) -> AsyncGenerator[bytes, None]:
    yield b"retry: 2000\n\n"
    watch = _Watch(asked, video_id, Scope.OPERATE if project_id is None else Scope.VIDEOS_READ)
    followed = asked.ctx.hub.follow(
        cursor=cursor, project_id=project_id, task_id=video_id, idle_s=asked.door.tick_s
    )
    try:
        async with aclosing(followed) as events:
            async for event in events:
                if not await watch.goes_on():
                    return
                if event is not None:
                    watch.spoke()
                    yield frame(event.cursor, event.type.value, shown(event))
                    if video_id is not None and event.type in _LAST:
                        return
                elif watch.silent():
                    watch.spoke()
                    yield HEARTBEAT
    except TooSlow:
        # The client comes back with its cursor and is given what it missed.
        return


class _Watch:
    """Looks after one stream: is its key still good, can it bring anything more, was it silent for long."""

    def __init__(self, asked: Asked, video_id: str | None, scope: Scope) -> None:
        self._asked = asked
        self._scope = scope
        self._video_id = video_id
        self._clock = asked.ctx.clock
        self._checked = self._spoke = self._clock.monotonic()
        self._lives = video_id is None
        """Whether it can bring something more: a project always can, a video that was seen open while we listened."""

    async def goes_on(self) -> bool:
        """Tell, every few seconds, whether the stream may and should stay open."""
        now = self._clock.monotonic()
        if now - self._checked < self._asked.door.tick_s:
            return True
        self._checked = now
        if not await self._asked.door.still(self._asked, self._scope):
            return False
        return self._lives or not self.silent() or await self._looked()

    async def _looked(self) -> bool:
        """Look once whether the video goes on. If it does, its end will be told here."""
        assert self._video_id is not None  # noqa: S101 - `_lives` says so
        self._lives = not await _over(self._asked, self._video_id)
        return self._lives

    def silent(self) -> bool:
        """Tell whether the client has heard nothing for so long that it is due a sign of life."""
        return self._clock.monotonic() - self._spoke >= HEARTBEAT_S

    def spoke(self) -> None:
        """Note that the client was just sent something."""
        self._spoke = self._clock.monotonic()


async def _over(asked: Asked, video_id: str) -> bool:
    """Tell whether a resumed stream can bring nothing more: its video has ended or is gone."""
    row = await status(asked.ctx, video_id, asked.project_id)
    return row is None or row.status in TERMINAL


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/v1/videos/{video_id}/events",
        handler=of_video,
        summary="Follow a video's events",
        tag="live",
        query=("after",),
        answers="text/event-stream",
        head=False,
    ),
    Operation(
        method="GET",
        path="/api/events",
        handler=of_project,
        summary="Follow a project's events",
        tag="live",
        query=("after",),
        answers="text/event-stream",
        head=False,
    ),
    Operation(
        method="GET",
        path="/api/admin/events",
        handler=of_everybody,
        summary="Follow everybody's events",
        tag="live",
        query=("after",),
        answers="text/event-stream",
        head=False,
    ),
)
