"""Where upstreams call back: secret addresses, open to whoever knows one, that only ever lead to a question back."""

from __future__ import annotations

import asyncio
from typing import Final, assert_never

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from reelgate.api import errors
from reelgate.api.answers import Json
from reelgate.api.door import DoorRoute
from reelgate.auth.permissions import Open, required
from reelgate.core.dialect import Callback
from reelgate.core.errors import OperatorError
from reelgate.engine.callbacks import BODY_MAX, Answered, Forged, Outcome, Stranger, Taken, TooMany, hear
from reelgate.engine.context import Context

PATHS: Final = ("/callbacks/{channel_id}/{secret}", "/callbacks/{channel_id}/{secret}/{attempt_id}")
PATIENCE_S: Final = 10.0
"""How long a body may take to arrive."""


def build(ctx: Context) -> list[DoorRoute]:
    """Give the routes that upstreams post to.

    Raises LookupError when the permission table does not say that they are open.
    """

    async def post(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return _refusal(413, "The body is too long, or took too long to arrive.")
        given = request.path_params
        callback = Callback(headers=dict(request.headers), body=body)
        try:
            outcome = await hear(ctx, given["channel_id"], given["secret"], given.get("attempt_id"), callback)
        except OperatorError as error:
            return errors.answer(error.failure)
        return _answer(request, outcome)

    for path in PATHS:
        if not isinstance(required("POST", path), Open):
            msg = f"{path} asks for a scope and must come through the door"
            raise LookupError(msg)
    return [
        DoorRoute(path, post, methods=["POST"], response_model=None, include_in_schema=False, name=path)
        for path in PATHS
    ]


async def _body(request: Request) -> bytes | None:
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:12]) > BODY_MAX:
        return None
    parts = bytearray()
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for part in request.stream():
                parts += part
                if len(parts) > BODY_MAX:
                    return None
    except (TimeoutError, ClientDisconnect):
        return None
    return bytes(parts)


def _answer(request: Request, outcome: Outcome) -> Response:
    match outcome:
        case Stranger():
            return errors.unknown_path(request.method, "/callbacks/…")
        case Forged():
            return _refusal(401, "The signature is wrong, missing or too old.")
        case TooMany(retry_after_s=wait):
            return _refusal(429, "Too many callbacks at once.", {"retry-after": str(max(1, round(wait)))})
        case Answered(body=body):
            return Json(body)
        case Taken():
            return Json({"received": True})
        case _:
            assert_never(outcome)


def _refusal(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return Json({"error": error}, status, headers or {})
