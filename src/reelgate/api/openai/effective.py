"""What a request really comes to: before it is paid for with `?dry_run=true`, and of a video that exists."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import Response

from reelgate.api import cards
from reelgate.api.answered import Fixed
from reelgate.api.answers import Json
from reelgate.api.claims import Wish
from reelgate.api.door import Asked, Operation
from reelgate.api.fields import as_boolean
from reelgate.api.queries import missing, path_id
from reelgate.api.shapes import shape_of
from reelgate.auth.scopes import Scope
from reelgate.core.money import Micro, show
from reelgate.engine.explain import preview
from reelgate.engine.route import Candidate
from reelgate.store import tasks as task_rows


def asks_only(asked: Asked) -> bool:
    """Tell whether a create is only to be looked at.

    Raises CallerError naming `dry_run` when it is neither yes nor no.
    """
    if not asked.request.scope["query_string"]:
        return False
    text = asked.request.query_params.get("dry_run")
    return text is not None and as_boolean(text, "dry_run")


async def look(asked: Asked, wish: Wish) -> Response:
    """Answer what a create would come to: nothing is written, held or sent."""
    seen = await preview(asked.ctx, asked.who, wish.draft)
    named = asked.principal.may(Scope.ADMIN)
    return Json(
        {
            "object": "video.effective",
            "effective": msgspec.to_builtins(seen.effective),
            "adapted": msgspec.to_builtins(seen.adapted),
            "quote": _money(seen.quote, seen.currency),
            "usual": None if seen.usual is None else cards.usual_time(seen.usual),
            "sunset": cards.sunset(seen.sunset),
            "channels": [_candidate(one, named=named) for one in seen.candidates],
        },
        headers=cards.ending_headers(asked.ctx, seen.effective.model),
    )


def _money(amount: Micro, currency: str) -> dict[str, Any]:
    return {"amount": show(amount), "currency": currency}


def _candidate(one: Candidate, *, named: bool) -> dict[str, Any]:
    """Show a channel; which accounts an installation has is its operator's business."""
    shown: dict[str, Any] = {"accepted": one.accepted, "reason": one.reason.value, "detail": one.detail}
    return {"id": one.channel_id, "name": one.channel, **shown} if named else shown


async def retrieve(asked: Asked) -> Response:
    """Give what a video was asked to be in the end, as it was fixed when it was created."""
    video_id = path_id(asked.request, "video_id", "video", "video")
    project_id = asked.project_id
    task = await asked.ctx.backend.point(lambda conn: task_rows.get_visible(conn, video_id, project_id))
    if task is None:
        raise missing("video", video_id)
    return Json(
        {
            "object": "video.effective",
            "id": task.id,
            "effective": None if task.effective is None else msgspec.Raw(task.effective.encode()),
            "adapted": [] if task.adapted is None else msgspec.Raw(task.adapted.encode()),
            "quote": _money(task.quote, task.currency),
        }
    )


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/v1/videos/{video_id}/effective",
        handler=retrieve,
        summary="Retrieve what a video was asked to be in the end",
        tag="videos",
        shape=shape_of(Fixed),
    ),
)
