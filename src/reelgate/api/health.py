"""Whether this process lives, and whether it can serve: for supervisors and load balancers, without a key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import structlog
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from reelgate import __version__
from reelgate.api.answers import Json
from reelgate.auth.permissions import Open, required
from reelgate.engine.context import Context
from reelgate.engine.readiness import Readiness

_log = structlog.get_logger("reelgate.api")

AGAIN_S: Final = 5
"""When a load balancer that was told no should ask again."""


def build(ctx: Context, readiness: Readiness, *, role: str = "all") -> list[APIRoute]:
    """Give the routes that anybody may call."""
    began = ctx.clock.monotonic()

    async def health(request: Request) -> Response:
        del request
        now = ctx.clock.now_ms()
        return Json(
            {
                "status": "ok",
                "success": True,
                "version": __version__,
                "role": role,
                "timestamp": datetime.fromtimestamp(now / 1000, UTC).isoformat(timespec="milliseconds"),
                "uptime": int(ctx.clock.monotonic() - began),
            }
        )

    async def ready(request: Request) -> Response:
        del request
        try:
            reasons = await readiness.reasons()
        except Exception as surprise:  # noqa: BLE001 - whoever asks whether to send us work must hear no
            _log.exception("readiness_broke")
            reasons = (f"It could not be found out: {type(surprise).__name__}.",)
        if not reasons:
            return Json({"status": "ready", "role": role})
        return _not_ready(reasons, role)

    return [
        open_route("/health", health, "Is it alive?"),
        open_route("/ready", ready, "Can it serve?"),
    ]


def _not_ready(reasons: tuple[str, ...], role: str) -> Response:
    error = {"message": " ".join(reasons), "type": "server_error", "param": None, "code": "overloaded"}
    said = {"status": "not_ready", "role": role, "reasons": reasons, "error": error}
    return Json(said, 503, {"retry-after": str(AGAIN_S), "x-should-retry": "true"})


def open_route(path: str, endpoint: Any, summary: str) -> APIRoute:
    """Make a route that needs no key.

    Raises LookupError when the permission table does not say so.
    """
    if not isinstance(required("GET", path), Open):
        msg = f"{path} asks for a scope and must come through the door"
        raise LookupError(msg)
    return APIRoute(
        path, endpoint, methods=["GET", "HEAD"], response_model=None, summary=summary, include_in_schema=False
    )
