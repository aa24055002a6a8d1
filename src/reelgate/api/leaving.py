"""Noticing that a client is gone: servers drop what is sent to it without a word."""

from __future__ import annotations

from contextlib import suppress

from starlette.types import Receive


class SlowClient(Exception):
    """Raised to cut a client that does not take what it asked for."""


async def left(receive: Receive) -> None:
    """Return when the client is gone."""
    with suppress(OSError):
        while (await receive())["type"] != "http.disconnect":
            pass
