"""Statistics of the whole installation, for a page of graphs or as a file."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final

import msgspec
from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.export import exported, form_of
from reelgate.api.shapes import shape_of
from reelgate.core.errors import Code, refuse
from reelgate.engine.statistics import Line, Statistics, statistics

DAY_S: Final = 86_400
USUAL_S: Final = 7 * DAY_S
LONGEST_S: Final = 366 * DAY_S
COLUMNS: Final = (
    "of",
    "name",
    "tasks",
    "completed",
    "failed",
    "cancelled",
    "open",
    "success_rate",
    "polls",
    "polls_per_clip",
    "waiting_p50_ms",
    "waiting_p90_ms",
    "rendering_p50_ms",
    "rendering_p90_ms",
)


class Told(msgspec.Struct, frozen=True):
    """How tasks went."""

    data: Statistics


async def page(asked: Asked) -> Response:
    """Tell of the tasks created in a stretch, the last seven days by itself; `from` and `to` are Unix seconds."""
    form = form_of(asked.request)
    now = asked.ctx.clock.now_ms() // 1000 + 1
    until = _moment(asked, "to", now)
    since = _moment(asked, "from", max(0, until - USUAL_S))
    if not since < until <= since + LONGEST_S:
        raise refuse(
            Code.INVALID_REQUEST, "`from` must be before `to`, and no more than 366 days.", param="from"
        )
    found = await statistics(asked.ctx, since * 1000, until * 1000)
    if form != "json":
        return exported(_rows(found), COLUMNS, form, "statistics")
    return Json(Told(found))


def _moment(asked: Asked, name: str, usual: int) -> int:
    text = asked.request.query_params.get(name, "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= 11):
        raise refuse(Code.INVALID_REQUEST, f"`{name}` must be Unix seconds.", param=name)
    return int(text)


async def _rows(found: Statistics) -> AsyncGenerator[dict[str, Any], None]:
    parts = (
        ("all", [found.whole]),
        ("model", found.by_model),
        ("channel", found.by_channel),
        ("day", found.by_day),
    )
    for of, lines in parts:
        for line in lines:
            yield _row(of, line)
    for one in found.errors:
        yield {"of": "error", "name": f"{one.channel}: {one.code}", "tasks": one.attempts}


def _row(of: str, line: Line) -> dict[str, Any]:
    times = {
        f"{what}_{share}_ms": getattr(took, share)
        for what, took in (("waiting", line.waiting_ms), ("rendering", line.rendering_ms))
        if took is not None
        for share in ("p50", "p90")
    }
    counted = {name: getattr(line, name) for name in COLUMNS[1:10]}
    return {"of": of, **counted, **times}


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/admin/statistics",
        handler=page,
        summary="Tell how tasks went over a stretch of time",
        tag="admin",
        query=("from", "to", "format"),
        shape=shape_of(Told),
    ),
)
