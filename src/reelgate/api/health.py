"""Whether this process lives, and whether it can serve: for supervisors and load balancers, without a key."""

from __future__ import annotations

from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from reelgate import __version__
from reelgate.api.answers import Json
from reelgate.api.errors import answer
from reelgate.auth.permissions import Open, required
from reelgate.core.errors import Code, Failure
from reelgate.engine.context import Context
from reelgate.store import events as event_rows


def build(ctx: Context) -> list[APIRoute]:
    """Give the routes that anybody may call."""

    async def health(request: Request) -> Response:
        del request
        return Json({"status": "ok", "version": __version__})

    async def ready(request: Request) -> Response:
        del request
        try:
            await ctx.backend.point(event_rows.latest_cursor)
        except Exception:  # noqa: BLE001 - whatever a database says when it is away: not ready
            return answer(Failure(code=Code.OVERLOADED, message="The database does not answer."))
        return Json({"status": "ready"})

    return [_route("/health", health, "Is it alive?"), _route("/ready", ready, "Can it serve?")]


def _route(path: str, endpoint: Any, summary: str) -> APIRoute:
    if not isinstance(required("GET", path), Open):
        msg = f"{path} asks for a scope and must come through the door"
        raise LookupError(msg)
    return APIRoute(
        path, endpoint, methods=["GET", "HEAD"], response_model=None, summary=summary, include_in_schema=False
    )
