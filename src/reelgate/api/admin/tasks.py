"""Tasks as their operator sees them: every attempt, and why it went where it went."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.queries import path_id
from reelgate.api.shapes import shape_of
from reelgate.engine.explain import TaskCard, explain


async def retrieve(asked: Asked) -> Response:
    """Give a task with its attempts and what was said of each channel; what others wrote only to who may read it."""
    task_id = path_id(asked.request, "task_id", "video", "video")
    card = await explain(asked.ctx, task_id)
    if not asked.principal.reads_words_of(card.user_id):
        card = msgspec.structs.replace(card, request=None, effective=None)
    return Json(card)


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/admin/tasks/{task_id}",
        handler=retrieve,
        summary="Retrieve a task with its attempts and the reasons for each",
        tag="admin",
        shape=shape_of(TaskCard),
    ),
)
