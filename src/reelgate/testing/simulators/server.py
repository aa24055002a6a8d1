"""The simulator's HTTP side, the same for every family: keys, faults, answers, clips, the log and the page."""

from __future__ import annotations

import asyncio
import inspect
import secrets
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from ssl import SSLContext
from typing import Any, Final, assert_never

import msgspec
from aiohttp import web

from reelgate import __version__
from reelgate.app import SystemClock
from reelgate.core.clock import Clock
from reelgate.core.task import parse_size
from reelgate.testing.simulators.book import Book, Job
from reelgate.testing.simulators.callbacks import Caller
from reelgate.testing.simulators.desk import Desk, Struck
from reelgate.testing.simulators.family import Answer, Ask, Clip, Family, Refusal, Route, Says, Stream, Why
from reelgate.testing.simulators.faults import Faulter, Planned, amount, planned
from reelgate.testing.simulators.page import page_of
from reelgate.testing.simulators.trouble import answer_of, plain
from reelgate.testing.upstream.clip import clip
from reelgate.testing.upstream.content import content
from reelgate.testing.upstream.jobs import Bill
from reelgate.testing.upstream.server import read_form

CALLS_KEPT: Final = 1_000


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """How a simulator behaves when no prompt says otherwise."""

    queue_s: float = 0.1
    run_s: float = 0.4
    key: str | None = None
    """The key it wants, in the form the family gives out; None takes any or none."""
    faults: tuple[str, ...] = ()
    """`NAME[@N][*TIMES][:ARGUMENT]`; see `faults`."""
    true_size: bool = False
    """Whether clips have the size and length asked for, or all are the same tiny one."""
    callback_secret: str = "simulator-callback-secret"
    """What callbacks are signed with, where the upstream signs."""

    def plan(self) -> list[Planned]:
        """Read the faults. Raises ValueError for one that does not exist."""
        return [planned(text) for text in self.faults]


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """One call that came, for the log."""

    kind: str
    method: str
    path: str
    status: int
    """0 when the connection was cut or left hanging."""
    ref: str | None
    """The job it made."""
    fault: str | None
    """The fault that struck it."""
    bill: int
    """How many jobs were accepted so far."""
    charged_micro: int


class Simulator:
    """A stateful upstream of one family on a port of its own. Raises ValueError for a fault that does not exist."""

    def __init__(
        self,
        family: Family,
        script: Script | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        bill_path: Path | None = None,
        tls: SSLContext | None = None,
        on_call: Callable[[Called], None] | None = None,
    ) -> None:
        self.family = family
        self.script = script or Script()
        self.clock: Clock = clock or SystemClock()
        self.book = Book()
        self.bill = Bill(bill_path)
        self.faulter = Faulter(self.script.plan())
        self.caller = Caller(family, self.clock, self.script.callback_secret)
        self.notes: dict[str, Any] = {}
        self.seen: Counter[str] = Counter()
        """How many calls of each kind came."""
        self.calls: deque[Called] = deque(maxlen=CALLS_KEPT)
        self.creates = 0
        """How many creates were understood, accepted or not."""
        self._asked = 0
        self._place = (host, port)
        self._tls = tls
        self._on_call = on_call
        # Links are not to be guessed from an id.
        self._salt = secrets.token_hex(8)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Simulator:
        app = web.Application(client_max_size=256 * 2**20)
        app.on_response_prepare.append(self._mark)
        for route in self.family.routes:
            app.router.add_route(route.method, route.path, _Counter(self, route).serve)
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/simulator/bill", self._show_bill),
                web.get("/simulator/files/{ref:.+}/{name}", self._file),
            ]
        )
        app.router.add_route("*", "/{path:.*}", _Counter(self, Route("*", "", _wrong_path)).serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, *self._place, ssl_context=self._tls).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.caller.close()
        if self._runner is not None:
            await self._runner.cleanup()
        self.bill.close()

    @property
    def origin(self) -> str:
        """Where it listens, without a path."""
        if self._runner is None:
            msg = "the simulator is not running"
            raise RuntimeError(msg)
        host, port = self._runner.addresses[0][:2]
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    @property
    def base_url(self) -> str:
        """The address a channel is given."""
        return self.origin + self.family.base

    def charged_micro(self) -> int:
        """Sum up what was charged and not given back, in millionths."""
        return sum(line.micro for line in self.bill.lines if not self._refunded(line.ref))

    def _refunded(self, ref: str) -> bool:
        job = self.book.get(ref)
        sight = None if job is None else Desk.sight(self, job)
        ending = None if sight is None else sight.trouble or sight.phase.value
        return ending in self.family.refunds

    def link(self, job: Job, origin: str) -> str:
        """Give a link to a job's clip that needs no key."""
        good_s = amount(job.faults["short_link"], 1.0) if "short_link" in job.faults else None
        until = "" if good_s is None else f"?until={self.clock.monotonic() + good_s}"
        return f"{origin}/simulator/files/{job.ref}/{self._salt}.mp4{until}"

    def follow(self, job: Job, origin: str) -> None:
        """Call back about a job until it ends."""
        self.caller.follow(job, origin, lambda each: Desk.sight(self, each))

    # One call.

    async def serve(self, request: web.Request, route: Route) -> web.StreamResponse:
        """Answer one call, and note it however it ends."""
        self.seen[route.kind] += 1
        self._asked += 1
        ask = await self._read(request)
        desk = Desk(self, ask)
        status = 0
        try:
            response = await self._answer(request, route, desk)
            status = response.status
            return response
        finally:
            self._note(route, desk, status)

    async def _answer(self, request: web.Request, route: Route, desk: Desk) -> web.StreamResponse:
        told: Answer | None = None
        struck = self._at_the_door()
        if struck is None:
            try:
                self._check_key(route, desk.ask)
                made = route.answer(desk, desk.ask)
                told = await made if inspect.isawaitable(made) else made
            except Refusal as refusal:
                return plain(self.family.refuse(refusal))
            except Struck as fault:
                struck = fault
        struck = struck or desk.struck_after()
        if struck is None and told is not None:
            return await self._send(request, told)
        return await self._misbehave(request, desk, struck or Struck("error_500", ""), told)

    async def _misbehave(
        self, request: web.Request, desk: Desk, struck: Struck, told: Answer | None
    ) -> web.StreamResponse:
        desk.fault = struck.name
        if struck.name == "cut_answer" and isinstance(told, Stream):
            return await _stream(request, told, cut_after=3)
        body = told.body if isinstance(told, Says) else b"{}"
        return await answer_of(request, self.family, struck.name, struck.argument, body)

    def _at_the_door(self) -> Struck | None:
        for name, argument in self.faulter.door.items():
            if name == "revoked_key":
                if len(self.bill) >= amount(argument, 1):
                    return Struck(name, argument)
            elif self._asked <= amount(argument, 3):
                return Struck(name, argument)
        return None

    def _check_key(self, route: Route, ask: Ask) -> None:
        key = self.script.key
        if key is not None and not route.open and not self.family.admits(ask, key):
            raise Refusal(Why.KEY)

    async def _send(self, request: web.Request, told: Answer) -> web.StreamResponse:
        match told:
            case Says():
                return plain(told)
            case Clip():
                told.job.fetches += 1
                return await content(request, told.job, await self.clip_of(told.job))
            case Stream(kind="sse"):
                return await _stream(request, told)
            case Stream():
                return await _talk(request, told)
            case _:
                assert_never(told)

    async def clip_of(self, job: Job) -> bytes:
        """Give a job's clip whole, as no fault has spoilt it."""
        size = parse_size(job.order.size) if self.script.true_size else None
        if size is None:
            return clip()
        seconds = max(1, min(60, int(amount(job.order.seconds.removesuffix("s"), 4.0))))
        return await asyncio.to_thread(clip, size.width, size.height, seconds)

    async def _read(self, request: web.Request) -> Ask:
        # A form is read as it comes, so its body is not there as well.
        form = request.content_type.startswith("multipart/")
        body = b"" if form else await request.read()
        try:
            fields, files = await read_form(request)
        except ValueError:
            fields, files = {}, ()
        return Ask(
            method=request.method,
            path=request.path,
            origin=f"{request.scheme}://{request.host}",
            params=dict(request.match_info),
            query=dict(request.query),
            pairs=tuple(request.query.items()),
            headers={name.lower(): value for name, value in request.headers.items()},
            fields=fields,
            files=files,
            body=body,
        )

    def _note(self, route: Route, desk: Desk, status: int) -> None:
        called = Called(
            kind=route.kind,
            method=desk.ask.method,
            path=desk.ask.path,
            status=status,
            ref=desk.accepted.ref if desk.accepted is not None else None,
            fault=desk.fault,
            bill=len(self.bill),
            charged_micro=self.charged_micro(),
        )
        self.calls.append(called)
        if self._on_call is not None:
            self._on_call(called)

    async def _mark(self, _: web.Request, response: web.StreamResponse) -> None:
        response.headers["X-Reelgate-Simulator"] = self.family.dialect
        response.headers["Server"] = f"reelgate-simulator/{__version__}"

    # Its own pages.

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text=page_of(self), content_type="text/html")

    async def _show_bill(self, _: web.Request) -> web.Response:
        body = {
            "simulator": self.family.dialect,
            "lines": self.bill.lines,
            "charged_micro": self.charged_micro(),
            "seen": dict(self.seen),
            "told": self.caller.told,
        }
        return web.Response(body=msgspec.json.encode(body), content_type="application/json")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        self.seen["content"] += 1
        job = self.book.get(request.match_info["ref"])
        known = job is not None and request.match_info["name"] == f"{self._salt}.mp4"
        if job is None or not known or not Desk.sight(self, job).has_clip:
            return web.Response(status=404, text="Not found.")
        until = amount(request.query.get("until", ""), float("inf"))
        if until < self.clock.monotonic():
            return web.Response(status=403, text="The link has expired.")
        return await self._send(request, Clip(job))


class _Counter:
    """Binds a route to its simulator."""

    def __init__(self, simulator: Simulator, route: Route) -> None:
        self._simulator = simulator
        self._route = route

    async def serve(self, request: web.Request) -> web.StreamResponse:
        return await self._simulator.serve(request, self._route)


def _wrong_path(_: Desk, __: Ask) -> Answer:
    raise Refusal(Why.NO_ROUTE)


async def _stream(request: web.Request, told: Stream, cut_after: int | None = None) -> web.StreamResponse:
    """Send a stream to its end, or cut the connection after some pieces."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    sent = 0
    async for piece in told.pieces:
        await response.write(piece if isinstance(piece, bytes) else piece.encode())
        sent += 1
        if sent == cut_after and request.transport is not None:
            request.transport.close()
            return response
    await response.write_eof()
    return response


async def _talk(request: web.Request, told: Stream) -> web.StreamResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    talking = [
        asyncio.create_task(_say_all(socket, told)),
        # Only who listens hears that the caller has hung up.
        asyncio.create_task(_hear(socket)),
    ]
    try:
        await asyncio.wait(talking, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)
    await socket.close()
    return socket


async def _say_all(socket: web.WebSocketResponse, told: Stream) -> None:
    async for piece in told.pieces:
        await (socket.send_bytes(piece) if isinstance(piece, bytes) else socket.send_str(piece))


async def _hear(socket: web.WebSocketResponse) -> None:
    async for _ in socket:
        pass
