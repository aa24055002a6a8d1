"""Carries out what a dialect's flow asks for: calls through `net`, drawings through `media`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import TypeVar, assert_never

from reelgate.core.dialect import (
    Answer,
    Call,
    Channel,
    Closed,
    Effect,
    Embedded,
    File,
    Follow,
    Line,
    Moment,
    NoReply,
    Now,
    Observation,
    Render,
    Reply,
)
from reelgate.core.errors import OperatorError
from reelgate.engine.context import Context
from reelgate.telemetry import log

T = TypeVar("T")

Stream = AsyncGenerator[Reply | NoReply | Line | Closed, None]


Hear = Callable[[Observation], Awaitable[None]]


MayCall = Callable[[], Awaitable[None]]
"""Raises what keeps a call from being made."""


async def drive(
    ctx: Context,
    flow: Generator[Effect, Answer, T],
    channel: Channel,
    *,
    hear: Hear | None = None,
    may_call: MayCall | None = None,
) -> T:
    """Run a flow to its end and give what it returns; a streaming call is closed with the flow.

    `hear` is told what the flow has seen of the job while a call of it still runs. `may_call` is asked
    right before each call.
    """
    driver = _Driver(ctx, channel, may_call)
    try:
        effect = next(flow)
        while True:
            if hear is not None and isinstance(effect, Call | Follow) and effect.seen is not None:
                await hear(effect.seen)
            answer = await driver.carry_out(effect)
            effect = flow.send(answer)
    except StopIteration as end:
        return end.value
    finally:
        flow.close()
        await driver.leave()


class _Driver:
    def __init__(self, ctx: Context, channel: Channel, may_call: MayCall | None) -> None:
        self._ctx = ctx
        self._channel = channel
        self._may_call = may_call
        self._stream: Stream | None = None
        self._copies = AsyncExitStack()
        self._here: dict[str, Path] = {}

    async def carry_out(self, effect: Effect) -> Answer:
        match effect:
            case Call(stream=True):
                await self.close()
                files = await self._ready(effect)
                self._stream = self._ctx.client.stream(effect, self._channel, files.__getitem__)
                return await self._next()
            case Call():
                files = await self._ready(effect)
                return await self._ctx.client.send(effect, self._channel, files.__getitem__)
            case Render():
                return await self._ctx.renders.ask(effect)
            case Follow():
                return await self._next()
            case Now():
                return Moment(self._ctx.clock.now_ms())
            case _:
                assert_never(effect)

    async def _ready(self, call: Call) -> dict[str, Path]:
        files = await self._bring(call)
        if self._may_call is not None:
            await self._may_call()
        return files

    async def _bring(self, call: Call) -> dict[str, Path]:
        """Have the files a call names on this machine until the flow ends; one that cannot be had is left out.

        A call whose file is left out is not sent, and says so.
        """
        for sha256 in _named(call.form, call.json):
            if sha256 not in self._here:
                try:
                    path = await self._copies.enter_async_context(self._ctx.blobs.local(sha256))
                except (FileNotFoundError, OperatorError) as error:
                    log.warning("input_unreadable", sha256=sha256, reason=str(error))
                else:
                    self._here[sha256] = path
        return self._here

    async def _next(self) -> Answer:
        if self._stream is None:
            return Closed(clean=False, reason="no stream is open")
        async for item in self._stream:
            return item
        return Closed(clean=True)

    async def close(self) -> None:
        if self._stream is not None:
            async with aclosing(self._stream):
                self._stream = None

    async def leave(self) -> None:
        await self.close()
        await self._copies.aclose()


def _named(*values: object) -> Iterator[str]:
    for value in values:
        match value:
            case Embedded(sha256=sha256) | File(sha256=sha256):
                yield sha256
            case dict():
                yield from _named(*value.values())  # pyright: ignore[reportUnknownArgumentType]
            case list() | tuple():
                yield from _named(*value)  # pyright: ignore[reportUnknownArgumentType]
            case _:
                pass
