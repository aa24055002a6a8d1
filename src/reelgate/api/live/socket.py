"""`/ws`: one connection that follows any number of tasks, or all of a project's, through a bounded queue.

Who asks is known before a byte of anybody's events is read: by key, token or cookie at the connection, or by the
first message of a client that can send none of them. A client that does not take what it is told is cut off;
it comes back with the highest cursor it saw.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any, Final

import msgspec
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from reelgate.api import errors, limits
from reelgate.api.door import Door
from reelgate.api.envelopes import moment
from reelgate.api.leaving import SlowClient
from reelgate.api.links import clip_address
from reelgate.api.live import messages
from reelgate.api.live.entry import Entry
from reelgate.api.outside import OutsideIds
from reelgate.api.queries import is_id, missing
from reelgate.api.tongue import TASK_WORDS, percent
from reelgate.api.waiting import status
from reelgate.auth.principal import Principal
from reelgate.core.errors import Code, ReelgateError, refuse
from reelgate.core.events import Event, EventType
from reelgate.core.lifecycle import Status
from reelgate.engine.hub import EVERYTHING, Reader, TooSlow
from reelgate.engine.limits import Limited
from reelgate.telemetry import log, meter

HEARTBEAT_S: Final = 15
SEND_LIMIT_S: Final = 5.0
"""How long one message may wait for the client to take it."""
SIGN_IN_S: Final = 10.0
"""How long a connection may stay open before it says who it is."""
FOLLOWS_MAX: Final = 1_000
STRANGERS_MAX: Final = 1_000
"""How many connections may be open at once that have not said who they are."""

RESTARTING: Final = 1012
UNAUTHORIZED: Final = 4401
TOO_SLOW: Final = 4408


class Sockets:
    """What all sockets of this process share."""

    def __init__(
        self, door: Door, *, sign_in_s: float = SIGN_IN_S, send_limit_s: float = SEND_LIMIT_S
    ) -> None:
        self.door = door
        self.outside = OutsideIds(door.ctx)
        self.sign_in_s = sign_in_s
        self.send_limit_s = send_limit_s
        self.strangers = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection to its end."""
        await receive()
        entry = Entry(self.door, HTTPConnection(scope))
        try:
            who = await entry.admitted()
            if who is None and self.strangers >= STRANGERS_MAX:
                raise refuse(Code.OVERLOADED, "Too many connections wait to sign in. Try again.")
        except ReelgateError as error:
            refused = limits.refusal(error) if isinstance(error, Limited) else errors.answer(error.failure)
            await _refuse(send, refused.status_code, refused.raw_headers, bytes(refused.body))
            return
        await send({"type": "websocket.accept"})
        with meter.live.labels("websocket").track_inprogress():
            await _Socket(self, entry, receive, send).run(who)


async def _refuse(send: Send, status: int, headers: Any, body: bytes) -> None:
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


class _Left(Exception):
    """Raised when the client is gone."""


class _Socket:
    """One accepted connection."""

    def __init__(self, shared: Sockets, entry: Entry, receive: Receive, send: Send) -> None:
        self._shared = shared
        self._ctx = shared.door.ctx
        self._entry = entry
        self._receive = receive
        self._send = send
        self._turn = asyncio.Lock()
        """Held while something is told in full: what is caught up with comes before what happens meanwhile."""
        self._spoke = self._checked = self._ctx.clock.monotonic()

    async def run(self, who: Principal | None) -> None:
        """Let it sign in where it has not, then tell it what it asks for until either side ends."""
        try:
            await self._say(messages.Connected(authenticated=who is not None, heartbeat_seconds=HEARTBEAT_S))
            who = who or await self._signed_in()
            if who is None:
                await self._close(UNAUTHORIZED, "Sign in first.")
                return
            await self._say(messages.Authenticated(user_id=who.user_id, project_id=who.project_id))
            await self._serve(who)
        except (_Left, OSError):
            return
        except SlowClient:
            log.info("client_cut", path="/ws")
        except TooSlow:
            await self._end(
                TOO_SLOW, "You are told more than you take. Come back with the highest cursor you saw."
            )

    async def _end(self, code: int, reason: str) -> None:
        try:
            await self._close(code, reason)
        except (SlowClient, OSError):
            log.info("client_cut", path="/ws")

    async def _signed_in(self) -> Principal | None:
        """Wait for a sign-in; None when it was not good, or did not come in time."""
        self._shared.strangers += 1
        try:
            async with asyncio.timeout(self._shared.sign_in_s):
                said = messages.heard(await self._next())
            return await self._entry.signed_in(said.token) if isinstance(said, messages.Auth) else None
        except ReelgateError as error:
            await self._complain(error)
            return None
        except TimeoutError:
            return None
        finally:
            self._shared.strangers -= 1

    async def _serve(self, who: Principal) -> None:
        reader = self._ctx.hub.open(who.project_id)
        telling = asyncio.create_task(self._tell(reader, who))
        hearing = asyncio.create_task(self._hear(reader, who))
        try:
            await asyncio.wait((telling, hearing), return_when=asyncio.FIRST_COMPLETED)
            for ended in (hearing, telling):
                if ended.done():
                    ended.result()
        finally:
            for task in (telling, hearing):
                task.cancel()
            await asyncio.gather(telling, hearing, return_exceptions=True)
            reader.close()

    # What the client says.

    async def _next(self) -> str | bytes:
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise _Left
        return message.get("text") or message.get("bytes") or b""

    async def _hear(self, reader: Reader, who: Principal) -> None:
        while True:
            text = await self._next()
            try:
                await self._answer(messages.heard(text), reader, who)
            except ReelgateError as error:
                await self._complain(error)

    async def _answer(self, said: messages.Said, reader: Reader, who: Principal) -> None:
        match said:
            case messages.Subscribe():
                await self._subscribe(said, reader, who)
            case messages.Unsubscribe():
                _check_project(said.project_id, who)
                reader.leave(said.task or EVERYTHING)
                await self._say(messages.Unsubscribed(project_id=who.project_id, task_id=said.task))
            case messages.Ping():
                await self._say(messages.Pong(timestamp=moment(self._ctx.clock.now_ms())))
            case messages.Auth():
                raise refuse(Code.INVALID_REQUEST, "You are signed in already.", param="token")
            case messages.PongTo():
                return

    async def _subscribe(self, said: messages.Subscribe, reader: Reader, who: Principal) -> None:
        _check_project(said.project_id, who)
        if reader.follows >= FOLLOWS_MAX:
            raise refuse(Code.INVALID_REQUEST, f"At most {FOLLOWS_MAX:,} tasks are followed at once.")
        async with self._turn:
            await self._say(await self._standing(said.task, who))
            async with aclosing(reader.follow(said.task or EVERYTHING, said.cursor)) as earlier:
                async for event in earlier:
                    await self._pass_on(event)

    async def _standing(self, task_id: str | None, who: Principal) -> messages.Subscribed:
        """Say how a task stands.

        Raises CallerError `not_found` for one that nobody has, or somebody else.
        """
        if task_id is None:
            return messages.Subscribed(project_id=who.project_id)
        row = await status(self._ctx, task_id, who.project_id) if is_id(task_id, "video") else None
        if row is None:
            raise missing("task", task_id)
        outside = await self._shared.outside.at_once(task_id)
        return messages.Subscribed(
            project_id=who.project_id,
            task_id=task_id,
            video_id=task_id,
            external_task_id=outside,
            status=TASK_WORDS[row.status],
            progress=percent(row.status, row.progress),
            video_url=self._address(task_id) if row.status is Status.COMPLETED else None,
        )

    # What it is told.

    async def _tell(self, reader: Reader, who: Principal) -> None:
        async with aclosing(reader.live(self._shared.door.tick_s)) as events:
            async for event in events:
                if not await self._still_welcome(who):
                    await self._close(UNAUTHORIZED, "What you signed in with is not good any more.")
                    return
                if event is not None:
                    async with self._turn:
                        if reader.wants(event):
                            await self._pass_on(event)
                elif self._ctx.clock.monotonic() - self._spoke >= HEARTBEAT_S:
                    await self._say(messages.Heartbeat(timestamp=moment(self._ctx.clock.now_ms())))
        await self._close(RESTARTING, "The server is stopping. Come back with the highest cursor you saw.")

    async def _still_welcome(self, who: Principal) -> bool:
        now = self._ctx.clock.monotonic()
        if now - self._checked < self._shared.door.tick_s:
            return True
        self._checked = now
        return await self._entry.still(who)

    async def _pass_on(self, event: Event) -> None:
        outside = await self._shared.outside.of(event)
        url = self._address(event.task_id) if event.type is EventType.COMPLETED else None
        await self._say(messages.told(event, outside, url))

    def _address(self, task_id: str) -> str:
        return clip_address(self._ctx, self._shared.door.links, self._entry.conn, task_id)

    async def _complain(self, error: ReelgateError) -> None:
        failure = error.failure
        code = errors.MAPPED[failure.code].code
        await self._say(messages.Trouble(code=code, message=failure.message, param=failure.param))

    async def _say(self, message: msgspec.Struct) -> None:
        text = msgspec.json.encode(message).decode()
        await self._deliver({"type": "websocket.send", "text": text})
        self._spoke = self._ctx.clock.monotonic()

    async def _close(self, code: int, reason: str) -> None:
        await self._deliver({"type": "websocket.close", "code": code, "reason": reason})

    async def _deliver(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(self._shared.send_limit_s):
                await self._send(message)
        except TimeoutError as slow:
            raise SlowClient from slow


def _check_project(project_id: str | None, who: Principal) -> None:
    if project_id is not None and project_id != who.project_id:
        raise missing("project", project_id)
