"""What a person does to a task in the queue: end it, or say what became of a submission nobody could vouch for."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.responses import Response

from reelgate.api.door import Asked, Operation
from reelgate.api.envelopes import Done, done, taken
from reelgate.api.queries import path_id
from reelgate.core.lifecycle import Status
from reelgate.core.task import Task
from reelgate.engine import cancel as cancelling
from reelgate.engine.reconcile import Decision, decide


class Verdict(msgspec.Struct, frozen=True):
    """A person's decision about a submission in doubt."""

    decision: Decision
    ref: str | None = None
    """The upstream's own id of the job; needed when it exists."""


class Standing(msgspec.Struct, frozen=True):
    """How a task stands now."""

    id: str
    status: Status


def _standing(task: Task) -> Response:
    return done(Standing(task.id, task.status))


async def cancel(asked: Asked) -> Response:
    """End a task; it stays to be seen."""
    task_id = path_id(asked.request, "task_id", "video", "video")
    return _standing(await cancelling.cancel(asked.ctx, asked.who, task_id))


async def settle(asked: Asked) -> Response:
    """Carry out what its owner says of a submission in doubt."""
    task_id = path_id(asked.request, "task_id", "video", "video")
    wish = await taken(asked, Verdict)
    return _standing(await decide(asked.ctx, asked.who, task_id, wish.decision, wish.ref))


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/api/queue/{task_id}/cancel",
        handler=cancel,
        summary="Cancel a task",
        tag="queue",
        gives=Done[Standing],
    ),
    Operation(
        method="POST",
        path="/api/queue/{task_id}/decision",
        handler=settle,
        summary="Decide about a submission in doubt",
        tag="queue",
        takes=Verdict,
        gives=Done[Standing],
    ),
)
