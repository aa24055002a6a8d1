"""Submissions nobody can vouch for, and money that waits for somebody's word: what there is, and deciding it."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta
from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.queries import path_id
from reelgate.api.shapes import body_of, shape_of
from reelgate.core.errors import Failure
from reelgate.core.lifecycle import Status
from reelgate.core.money import show
from reelgate.core.task import Task
from reelgate.engine.reconcile import Decision, decide
from reelgate.store import tasks as task_rows


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """One task that waits for a decision. Times are Unix seconds."""

    id: str
    status: Status
    project_id: str
    user_id: str
    model: str
    channel: str | None
    ref: str | None
    """The upstream's id of the job, when it is known."""
    held: str
    currency: str
    disputed: bool
    """Whether the task has ended and only its money waits."""
    error: Failure | None
    created_at: int
    prompt: str | None
    """Null where the asker may not read what others wrote."""
    decisions: tuple[Decision, ...]
    """What can be decided."""
    object: str = "doubt"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that waits for a decision, the oldest first."""

    data: list[Doubt]
    object: str = "list"


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A decision: the job exists under `ref`, never existed and is sent again, or is given up."""

    decision: Decision
    ref: Annotated[str, Meta(min_length=1, max_length=2_000)] | None = None


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a task."""

    id: str
    status: Status
    disputed: bool


def _doubt(asked: Asked, task: Task, ref: str | None) -> Doubt:
    ctx = asked.ctx
    channel = ctx.channels.get(task.channel_id or "")
    open_still = task.status is Status.UNCONFIRMED
    return Doubt(
        id=task.id,
        status=task.status,
        project_id=task.project_id,
        user_id=task.user_id,
        model=task.served_model,
        channel=None if channel is None else channel.name,
        ref=ref,
        held=show(task.quote),
        currency=task.currency,
        disputed=task.disputed,
        error=task.error,
        created_at=task.created_at // 1000,
        prompt=task.request.prompt if asked.principal.reads_words_of(task.user_id) else None,
        decisions=tuple(Decision) if open_still else (Decision.GIVE_UP,),
    )


async def page(asked: Asked) -> Response:
    """List everything that waits for a decision."""
    found = await asked.ctx.backend.read(task_rows.in_doubt)
    return Json(Page(data=[_doubt(asked, task, ref) for task, ref in found]))


async def say(asked: Asked) -> Response:
    """Decide about one task."""
    task_id = path_id(asked.request, "task_id", "video", "video")
    given = await asked.door.bodies.typed(asked.request, Said)
    task = await decide(asked.ctx, None, task_id, given.decision, given.ref)
    return Json(Decided(id=task.id, status=task.status, disputed=task.disputed))


_ALL: Final = "/api/admin/inbox"

OPERATIONS: Final = (
    Operation(
        method="GET",
        path=_ALL,
        handler=page,
        summary="List what waits for a decision",
        tag="admin",
        shape=shape_of(Page),
    ),
    Operation(
        method="POST",
        path=f"{_ALL}/{{task_id}}",
        handler=say,
        summary="Decide about a submission nobody can vouch for",
        tag="admin",
        body=body_of(Said),
        shape=shape_of(Decided),
    ),
)
