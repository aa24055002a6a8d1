"""What is said over a WebSocket, by both sides: JSON objects in camelCase, each with a `type`."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec

from reelgate.api.envelopes import moment
from reelgate.api.tongue import TASK_WORDS, TaskStatus
from reelgate.core.errors import Code, refuse
from reelgate.core.events import Event, EventType
from reelgate.core.lifecycle import Status

Kind = Literal["status", "progress", "completed", "failed", "cancelled", "deleted"]
_KINDS: Final[dict[EventType, Kind]] = {
    EventType.PROGRESS: "progress",
    EventType.COMPLETED: "completed",
    EventType.FAILED: "failed",
    EventType.CANCELLED: "cancelled",
    EventType.DELETED: "deleted",
}


class _Message(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One message of ours."""


class Connected(_Message, frozen=True, tag="connected"):
    """The first thing said: whether the sign-in that came with the connection was good."""

    authenticated: bool
    heartbeat_seconds: int


class Authenticated(_Message, frozen=True, tag="authenticated"):
    """A sign-in was good."""

    user_id: str
    project_id: str


class Subscribed(_Message, frozen=True, tag="subscribed"):
    """From now on is told what happens to a task, or to all of a project's; what a task is at this moment."""

    project_id: str
    task_id: str | None = None
    video_id: str | None = None
    external_task_id: str | None = None
    status: TaskStatus | None = None
    progress: int | None = None
    video_url: str | None = None


class Unsubscribed(_Message, frozen=True, tag="unsubscribed"):
    """Nothing more is told of a task, or of all of a project's."""

    project_id: str
    task_id: str | None = None


class Told(_Message, frozen=True, omit_defaults=False):
    """What happened to a task. `progress` is null where its upstream reported none."""

    type: Kind
    event: EventType
    cursor: int
    """Its place in the log: send the highest one seen with the next `subscribe`."""
    sequence: int
    task_id: str
    video_id: str
    external_task_id: str | None
    """The upstream's own id of the job, once it has one."""
    status: TaskStatus | None
    progress: int | None
    error_code: str | None
    video_url: str | None
    """Where the clip is fetched without a key for a while, once it is there."""
    timestamp: str | None


class Heartbeat(_Message, frozen=True, tag="heartbeat"):
    """A sign of life after a silence; needs no answer."""

    timestamp: str | None


class Pong(_Message, frozen=True, tag="pong"):
    """The answer to a `ping`."""

    timestamp: str | None


class Trouble(_Message, frozen=True, tag="error"):
    """Something that was asked for could not be done; the connection stays unless it says so by ending."""

    code: str
    message: str
    param: str | None = None


class Auth(msgspec.Struct, frozen=True, tag="auth"):
    """Sign in, where the connection did not."""

    token: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class _Place(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    task_id: str | None = None
    video_id: str | None = None
    """The same as `taskId`."""
    project_id: str | None = None

    @property
    def task(self) -> str | None:
        """The task named; None for all of a project's."""
        return self.task_id or self.video_id or None


class Subscribe(_Place, frozen=True, kw_only=True, rename="camel", tag="subscribe"):
    """Follow a task, a project, or with neither everything; with `cursor` from that place on."""

    cursor: Annotated[int, msgspec.Meta(ge=0, le=10**18)] | None = None


class Unsubscribe(_Place, frozen=True, kw_only=True, rename="camel", tag="unsubscribe"):
    """Follow it no longer."""


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """Ask for a sign of life."""


class PongTo(msgspec.Struct, frozen=True, tag="pong"):
    """Answer a heartbeat, which nobody asks for."""


Said = Auth | Subscribe | Unsubscribe | Ping | PongTo
_said: Final = msgspec.json.Decoder(Said)


def heard(text: str | bytes) -> Said:
    """Read what a client says.

    Raises CallerError for what is no message of a client.
    """
    try:
        return _said.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as bad:
        reason = str(bad).partition("\n")[0][:200]
        raise refuse(Code.INVALID_REQUEST, f"This is no message that is understood here: {reason}") from bad


def told(event: Event, outside_id: str | None, video_url: str | None) -> Told:
    """Write an event for its owner."""
    word: Any = event.data.get("status")
    known = word in Status._value2member_map_
    return Told(
        type=_KINDS.get(event.type, "status"),
        event=event.type,
        cursor=event.cursor,
        sequence=event.seq,
        task_id=event.task_id,
        video_id=event.task_id,
        external_task_id=outside_id,
        status=TASK_WORDS[Status(word)] if known else None,
        progress=100 if event.type is EventType.COMPLETED else event.data.get("progress"),
        error_code=event.data.get("error_code"),
        video_url=video_url,
        timestamp=moment(event.created_at),
    )
