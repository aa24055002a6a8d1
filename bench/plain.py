"""What the bare servers share: uvicorn set up as Reelgate sets it up, and the two halves of an exchange."""

from __future__ import annotations

from typing import Any

import uvicorn


def run(app: Any, port: int) -> None:
    """Serve `app` with the same server and the same switches as `reelgate serve`."""
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
    )


async def body_of(receive: Any) -> bytes:
    """Read a request body whole."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def answer(send: Any, body: bytes, status: int = 200) -> None:
    """Answer with JSON."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
