"""`/api/video/tasks`: make, list, look at, end, download, refresh and remix, as sources 001, 003 and 004 have it."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from reelgate.api import clips
from reelgate.api.answers import Json
from reelgate.api.claims import Wish, claim
from reelgate.api.door import Asked, Operation
from reelgate.api.envelopes import Done, done, refusal
from reelgate.api.errors import renamed
from reelgate.api.limits import headers_of
from reelgate.api.native import reading, shapes, showing
from reelgate.api.outside import outside_ids
from reelgate.api.queries import missing, path_id
from reelgate.api.tongue import TASK_WORDS
from reelgate.api.waiting import status, wait
from reelgate.core.errors import CallerError
from reelgate.core.lifecycle import TERMINAL, Status
from reelgate.engine import cancel as cancelling
from reelgate.engine import create as creating
from reelgate.engine.create import Created
from reelgate.engine.limits import Limited
from reelgate.engine.refresh import refresh
from reelgate.store import task_search
from reelgate.store.tasks import StatusRow

ACCEPTED_S: Final = 2.0
"""How long a remix waits for the upstream's own id, which its answer shows."""
_BEFORE: Final = frozenset({Status.QUEUED, Status.SUBMITTING})
_TEXT: Final = {"type": "string"}
_FORM: Final[dict[str, Any]] = {
    "prompt": _TEXT,
    "model": _TEXT,
    "size": _TEXT,
    "orientation": _TEXT,
    "aspectRatio": _TEXT,
    "duration": {"type": "integer"},
    "negativePrompt": _TEXT,
    "seed": {"type": "integer"},
    "callbackUrl": _TEXT,
}

_PICTURE: Final = {"type": "string", "description": "A data URL, an address, or the id of a kept file."}


async def make(asked: Asked, operation: str, wish: Wish) -> Created:
    """Make a task of a wish.

    Raises CallerError naming this surface's field when it cannot be made.
    """
    same = claim(asked.request, f"{asked.surface}:{operation}", wish)
    try:
        return await creating.create(asked.ctx, asked.who, wish.draft, same)
    except Limited:
        raise
    except CallerError as error:
        raise CallerError(renamed(error.failure, reading.NAMES)) from error


def headers_for(created: Created) -> dict[str, str]:
    """Give what the headers of a create's answer say."""
    headers = {} if created.standing is None else headers_of(created.standing)
    return {**headers, "idempotent-replayed": "true"} if created.replayed else headers


async def create(asked: Asked) -> Response:
    """Make a video from a prompt and, optionally, a reference picture."""
    began = asked.ctx.clock.monotonic()
    files = reading.picture_limits(asked.ctx.limits.picture_max_bytes)
    try:
        async with asked.door.bodies.read(asked.request, files=files) as fields:
            wish = await reading.wish(asked, fields)
    except reading.TooLong as long:
        return unprocessable(long)
    created = await make(asked, "task", wish)
    row = await row_of(asked, created.task.id)
    return await _begun(asked, created, row, began, None)


async def remix(asked: Asked) -> Response:
    """Make a finished video again with another prompt; answers once the upstream has it, or after two seconds."""
    began = asked.ctx.clock.monotonic()
    video_id = path_id(asked.request, "video_id", "video", "task")
    files = reading.picture_limits(asked.ctx.limits.picture_max_bytes)
    try:
        async with asked.door.bodies.read(asked.request, files=files) as fields:
            wish = await reading.wish(asked, fields, parent_id=video_id)
    except reading.TooLong as long:
        return unprocessable(long)
    created = await make(asked, "remix", wish)
    row = await row_of(asked, created.task.id)
    if row.status in _BEFORE:
        row = await wait(
            asked.ctx, row, asked.project_id, ACCEPTED_S, lambda _, now: now.status not in _BEFORE
        )
    return await _begun(asked, created, row, began, video_id)


def unprocessable(long: reading.TooLong) -> Response:
    """Refuse a prompt that is too long, with the status this surface has for it."""
    answer = refusal(long.failure)
    answer.status_code = 422
    return answer


async def _begun(
    asked: Asked, created: Created, row: StatusRow, began: float, parent_id: str | None
) -> Response:
    outside = await outside_ids(asked.ctx, [row.id])
    word = "The remix" if parent_id else "The task"
    said = shapes.Begun(
        videoId=row.id,
        externalTaskId=outside.get(row.id),
        status=showing.begun(row.status),
        message=f"{word} was accepted before." if created.replayed else f"{word} was accepted.",
        remixed_from=parent_id,
    )
    spent = int((asked.ctx.clock.monotonic() - began) * 1000)
    return Json(shapes.BegunAnswer(True, said, spent), headers=headers_for(created))


async def row_of(asked: Asked, video_id: str) -> StatusRow:
    """Give how a task of the asker stands.

    Raises CallerError `not_found`.
    """
    row = await status(asked.ctx, video_id, asked.project_id)
    if row is None:
        raise missing("task", video_id)
    return row


async def page(asked: Asked) -> Response:
    """List the asker's tasks, newest first, under filters and by words of their prompts."""
    turn, wanted = reading.turn_of(asked.request), reading.wanted_of(asked)
    ascending = (asked.request.query_params.get("order") or "desc").lower() == "asc"
    found = await asked.ctx.backend.read(
        lambda conn: task_search.search(
            conn, wanted, limit=turn.limit, offset=turn.offset, ascending=ascending
        )
    )
    shown = await showing.tasks(asked, found.items)
    return done(shapes.Tasks(shown, showing.pagination(turn.page, turn.limit, found.total)))


async def retrieve(asked: Asked) -> Response:
    """Give one task."""
    row = await row_of(asked, path_id(asked.request, "video_id", "video", "task"))
    return done(await showing.task(asked, row))


async def cancel(asked: Asked) -> Response:
    """Ask for a task's end."""
    video_id = path_id(asked.request, "video_id", "video", "task")
    before = await row_of(asked, video_id)
    task = await cancelling.cancel(asked.ctx, asked.who, video_id)
    if before.status in TERMINAL:
        message = "The task had ended already."
    elif task.status in TERMINAL:
        message = "The task was cancelled."
    else:
        message = "The upstream is asked to stop."
    return done(shapes.Ending(video_id, TASK_WORDS[task.status], message))


async def content(asked: Asked) -> Response:
    """Give the clip, whole or in part."""
    return await clips.download(asked, path_id(asked.request, "video_id", "video", "task"))


async def refresh_url(asked: Asked) -> Response:
    """See to it that the clip is here, brought from its upstream again where it is not, and say where it is fetched."""
    video_id = path_id(asked.request, "video_id", "video", "task")
    found = await refresh(asked.ctx, asked.who, video_id)
    outside = await outside_ids(asked.ctx, [video_id])
    url = showing.address(asked, video_id)
    return done(shapes.Fresh(video_id, outside.get(video_id), url, found.fetched))


async def stats(asked: Asked) -> Response:
    """Count the asker's tasks by status."""
    project_id = asked.project_id
    found = await asked.ctx.backend.read(lambda conn: task_search.tallies(conn, project_id))
    counts = dict.fromkeys(TASK_WORDS.values(), 0)
    for tally in found:
        counts[TASK_WORDS[tally.status]] += tally.count
    average = next((tally.average_ms for tally in found if tally.status is Status.COMPLETED), None)
    ended = counts["COMPLETED"] + counts["FAILED"]
    return done(
        shapes.Stats(
            total=sum(counts.values()),
            queued=counts["QUEUED"],
            processing=counts["PROCESSING"],
            completed=counts["COMPLETED"],
            failed=counts["FAILED"],
            cancelled=counts["CANCELLED"],
            success_rate=round(counts["COMPLETED"] / ended, 4) if ended else None,
            average_seconds=None if average is None else round(average / 1000, 1),
        )
    )


def _body() -> dict[str, Any]:
    fields = {**_FORM, "referenceImage": _PICTURE}
    parts = {**_FORM, "referenceImage": {"type": "string", "format": "binary"}}
    return {
        "application/json": {"type": "object", "required": ["prompt"], "properties": fields},
        "multipart/form-data": {"type": "object", "required": ["prompt"], "properties": parts},
    }


_FILTERS: Final = ("page", "limit", "status", "model", "type", "search", "startDate", "endDate", "order")
_PATH: Final = "/api/video/tasks"
_ONE: Final = f"{_PATH}/{{video_id}}"

OPERATIONS: Final = (
    Operation(
        method="POST",
        path=_PATH,
        handler=create,
        summary="Create a task",
        tag="tasks",
        body=_body(),
        gives=shapes.BegunAnswer,
    ),
    Operation(
        method="GET",
        path=_PATH,
        handler=page,
        summary="List tasks",
        tag="tasks",
        query=_FILTERS,
        gives=Done[shapes.Tasks],
    ),
    Operation(
        method="GET", path=_ONE, handler=retrieve, summary="Get a task", tag="tasks", gives=Done[shapes.Task]
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/cancel",
        handler=cancel,
        summary="Cancel a task",
        tag="tasks",
        gives=Done[shapes.Ending],
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/content",
        handler=content,
        summary="Download a task's clip",
        tag="tasks",
        query=("variant", "download"),
        answers="video/mp4",
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/refresh-url",
        handler=refresh_url,
        summary="Bring a task's clip home again and say where it is",
        tag="tasks",
        gives=Done[shapes.Fresh],
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/remix",
        handler=remix,
        summary="Remix a task",
        tag="tasks",
        body=_body(),
        gives=shapes.BegunAnswer,
    ),
    Operation(
        method="GET",
        path="/api/video/stats",
        handler=stats,
        summary="Count tasks",
        tag="tasks",
        gives=Done[shapes.Stats],
    ),
    Operation(
        method="GET",
        path="/api/history",
        handler=page,
        summary="List what was generated",
        tag="tasks",
        query=_FILTERS,
        gives=Done[shapes.Tasks],
    ),
)
