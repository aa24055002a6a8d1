"""What is said of `/ws` where it is asked for without an upgrade, and in the schema."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from reelgate.api import errors
from reelgate.api.door import Asked, Operation

PATH: Final = "/ws"


async def plain(asked: Asked) -> Response:
    """Say that this address is a WebSocket."""
    del asked
    problem = errors.Problem(
        "This is a WebSocket: connect with `ws://` or `wss://`.",
        "invalid_request_error",
        None,
        "invalid_value",
    )
    return errors.envelope(426, problem, {"upgrade": "websocket", "connection": "Upgrade"})


OPERATIONS: Final = (
    Operation(
        method="GET",
        path=PATH,
        handler=plain,
        summary="Follow tasks over a WebSocket",
        tag="live",
        head=False,
    ),
)
