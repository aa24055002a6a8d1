"""Carries out what a dialect's flow asks for: calls through `net`, drawings through `media`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import aclosing
from typing import TypeVar, assert_never

from reelgate.core.dialect import (
    Answer,
    Call,
    Channel,
    Closed,
    Effect,
    Follow,
    Line,
    Moment,
    NoReply,
    Now,
    Observation,
    Render,
    Reply,
)
from reelgate.engine.context import Context

T = TypeVar("T")

Stream = AsyncGenerator[Reply | NoReply | Line | Closed, None]


Hear = Callable[[Observation], Awaitable[None]]


async def drive(
    ctx: Context, flow: Generator[Effect, Answer, T], channel: Channel, *, hear: Hear | None = None
) -> T:
    """Run a flow to its end and give what it returns; a streaming call is closed with the flow.

    `hear` is told what the flow has seen of the job while a call of it still runs.
    """
    driver = _Driver(ctx, channel)
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
        await driver.close()


class _Driver:
    def __init__(self, ctx: Context, channel: Channel) -> None:
        self._ctx = ctx
        self._channel = channel
        self._stream: Stream | None = None

    async def carry_out(self, effect: Effect) -> Answer:
        match effect:
            case Call(stream=True):
                await self.close()
                self._stream = self._ctx.client.stream(effect, self._channel, self._ctx.blobs.local_path)
                return await self._next()
            case Call():
                return await self._ctx.client.send(effect, self._channel, self._ctx.blobs.local_path)
            case Render():
                return await self._ctx.renders.ask(effect)
            case Follow():
                return await self._next()
            case Now():
                return Moment(self._ctx.clock.now_ms())
            case _:
                assert_never(effect)

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
