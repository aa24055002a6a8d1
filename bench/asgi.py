"""Reelgate as an application any ASGI server can carry, opened and closed by the lifespan protocol."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from reelgate.app import Gateway, open_gateway
from reelgate.settings import load


class App:
    """The gateway on the data folder that REELGATE_DATA names."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._gateway: Gateway | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass everything but the lifespan on."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._gateway is not None:
            await self._gateway.application()(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._gateway = await self._stack.enter_async_context(open_gateway(load()))
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._stack.aclose()
                await send({"type": "lifespan.shutdown.complete"})
                return


app = App()
