"""The way into every route: who asks, may they, and what went wrong, written once for all surfaces.

A route here is a FastAPI route in the schema and a plain ASGI endpoint at run time: the handler reads
the request itself and gives a finished response, so nothing is validated or encoded twice.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hmac
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

import msgspec
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from reelgate.api import cookies, errors, limits
from reelgate.api.bodies import Bodies
from reelgate.api.budget import Budget
from reelgate.api.house import House
from reelgate.api.links import bearer_of_link
from reelgate.api.noting import noted
from reelgate.auth import sessions
from reelgate.auth.access import Access
from reelgate.auth.clip_links import ClipLinks
from reelgate.auth.keys import LastUsed, digest, principal
from reelgate.auth.oidc import Provider
from reelgate.auth.permissions import Known, Method, Open, required
from reelgate.auth.principal import Principal
from reelgate.auth.scopes import Scope
from reelgate.auth.tokens import Signing, principal_of_token
from reelgate.core.errors import Code, Failure, ReelgateError, refuse
from reelgate.engine.context import Context, Who
from reelgate.engine.limits import Limited, admit_call
from reelgate.engine.readiness import Readiness
from reelgate.telemetry import log

_JSON: Final = "application/json"

TICK_S: Final = 5.0
"""How often an open stream checks that its key still opens it."""
LATER_MAX: Final = 32
"""Things that are done after their answer, at one time."""
KNOWN_MAX: Final = 20_000
"""Askers behind streams that are remembered for a moment."""


class Notes(msgspec.Struct, frozen=True):
    """How much is read of bodies that only hold a few words, in bytes."""

    json_max_bytes: int = 64 * 1024
    body_max_bytes: int = 64 * 1024


NOTES: Final = Notes()


class Door:
    """What all surfaces share while they answer: the composition, the budget, and who was seen."""

    def __init__(
        self,
        ctx: Context,
        pepper: bytes,
        *,
        tick_s: float = TICK_S,
        access: Access | None = None,
        provider: Provider | None = None,
        house: House | None = None,
    ) -> None:
        self.ctx = ctx
        self.tick_s = tick_s
        self.budget = Budget(lambda: ctx.limits.inflight_bytes)
        self.bodies = Bodies(lambda: ctx.limits, ctx.blobs, self.budget)
        self.notes = Bodies(lambda: NOTES, ctx.blobs, self.budget)
        """Reads small bodies, from anybody."""
        self.last_used = LastUsed(ctx.backend)
        self.last_seen = LastUsed(ctx.backend, write=sessions.touch)
        self.access = access or Access(
            backend=ctx.backend, clock=ctx.clock, ids=ctx.ids, vault=ctx.vault, pepper=pepper
        )
        self.signing = Signing(self.access)
        self.provider = provider
        self.house = house or House()
        self.readiness = Readiness(ctx)
        self.began = ctx.clock.monotonic()
        self.links = ClipLinks(pepper)
        self._pepper = pepper
        self._flushing: asyncio.Task[None] | None = None
        self._later: set[asyncio.Task[None]] = set()
        self._known: dict[tuple[str | None, str | None], tuple[float, asyncio.Future[Principal | None]]] = {}

    async def admit(self, request: Request, scope: Scope | Known) -> Principal:
        """Give the asker, if what they came with is good and carries the scope the route asks for.

        Raises CallerError otherwise.
        """
        who = await self.identify(request)
        if who is None:
            who = await bearer_of_link(self.ctx, self.links, request)
        if who is None:
            raise refuse(
                Code.UNAUTHORIZED, "Incorrect API key provided. Send it as `Authorization: Bearer …`."
            )
        if not isinstance(scope, Known) and not who.may(scope):
            what = "key" if who.key_id is not None else "role"
            raise refuse(
                Code.PERMISSION_OR_CHANNEL,
                f"This {what} may not do that: it lacks the scope `{scope.value}`.",
            )
        return who

    async def identify(self, conn: HTTPConnection) -> Principal | None:
        """Give who asks as of now, by key, token or cookie; None when what they came with is not good.

        A bad key is never made good by a cookie. Raises CallerError for a request that a browser may
        have been tricked into, or for a project the asker does not get into.
        """
        token = token_of(conn)
        if token is not None:
            # A key opens its own project; clients of the original service name one of theirs out of habit.
            return await self.recognise(token, conn if token.startswith("eyJ") else None)
        cookie = cookies.read(conn, self.access)
        if cookie is None:
            return None
        wanted = cookies.wanted_project(conn)
        who = await self.ctx.backend.point(
            lambda rows: sessions.principal_of_cookie(rows, self.access, cookie, wanted)
        )
        if who is not None:
            cookies.check_intent(conn, self.access, cookie)
            self._note(self.last_seen, who.session_id)
        return who

    async def recognise(self, token: str | None, conn: HTTPConnection | None = None) -> Principal | None:
        """Give the holder of a token as of now; a revoked key is refused from the next call on."""
        if not token:
            return None
        if token.startswith("eyJ"):
            wanted_project = None if conn is None else cookies.wanted_project(conn)
            signed_in = await principal_of_token(self.signing, token, wanted_project)
            if signed_in is not None:
                self._note(self.last_seen, signed_in.session_id)
                return signed_in
        wanted = digest(token, self._pepper)
        now = self.ctx.clock.now_ms()
        who = await self.ctx.backend.point(lambda conn: principal(conn, wanted, now))
        if who is not None:
            self._note(self.last_used, who.key_id, now)
        return who

    async def still(self, asked: Asked, scope: Scope) -> bool:
        """Tell whether what opened a stream would open it as of a moment ago, and show the same project.

        Thousands of streams ask again and again, mostly for the same few people.
        """
        return await self.stays(asked.request, asked.project_id, scope)

    async def stays(self, conn: HTTPConnection, project_id: str, scope: Scope) -> bool:
        """Tell the same of a connection that showed a project."""
        mark = (token_of(conn) or cookies.read(conn, self.access), cookies.wanted_project(conn))
        now = self.ctx.clock.monotonic()
        known = self._known.get(mark)
        if known is None or now - known[0] > self.tick_s / 5:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            known = self._known[mark] = (now, asyncio.ensure_future(self.identify(conn)))
        try:
            # Whoever asked first may leave; the others still want to know.
            who = await asyncio.shield(known[1])
        except ReelgateError:
            return False
        return who is not None and who.may(scope) and who.project_id == project_id

    def _note(self, book: LastUsed, used: str | None, now: int | None = None) -> None:
        moment = self.ctx.clock.now_ms() if now is None else now
        if used is not None and book.note(used, moment) and self._flushing is None:
            self._flushing = asyncio.create_task(self._flush(moment))

    async def _flush(self, now: int) -> None:
        try:
            await self.last_used.flush(now)
            await self.last_seen.flush(now)
        finally:
            self._flushing = None

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something after the answer; of what comes too thick, nothing is done."""
        if len(self._later) >= LATER_MAX:
            work.close()
            return
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._came_later)

    def _came_later(self, task: asyncio.Task[None]) -> None:
        self._later.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.warning("later_failed", reason=type(error).__name__)

    async def quiet(self) -> None:
        """Return once nothing is left of what was to be done later."""
        while self._later:
            await asyncio.wait(self._later)

    async def close(self) -> None:
        """Write down what is still to be written."""
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        now = self.ctx.clock.now_ms()
        await self.last_used.flush(now)
        await self.last_seen.flush(now)
        self.access.passwords.close()


def token_of(request: HTTPConnection) -> str | None:
    """Give the key a request carries: `Authorization: Bearer`, or `api-key` as Azure clients send it."""
    header = request.headers.get("authorization")
    if header is not None:
        kind, _, token = header.partition(" ")
        if hmac.compare_digest(kind.lower().encode(), b"bearer") and token.strip():
            return token.strip()
    return (request.headers.get("api-key") or "").strip() or None


class Asked(msgspec.Struct, frozen=True):
    """One admitted request as a handler gets it."""

    door: Door
    request: Request
    principal: Principal
    surface: str = "openai"
    noting: Context | None = None
    """The composition for an action that is written down with what it changes."""

    @property
    def ctx(self) -> Context:
        """The composition."""
        return self.door.ctx if self.noting is None else self.noting

    @property
    def access(self) -> Access:
        """What is about people, written down like everything else the action changes."""
        shared = self.door.access
        return shared if self.noting is None else dataclasses.replace(shared, backend=self.noting.backend)

    @property
    def project_id(self) -> str:
        """Whose things the asker may see."""
        return self.principal.project_id

    @property
    def who(self) -> Who:
        """The asker as the engine knows them."""
        p = self.principal
        return Who(
            user_id=p.user_id,
            project_id=p.project_id,
            key_id=p.key_id,
            surface=self.surface,
            models=p.models,
            budgeted=p.budgeted,
        )

    def path(self, name: str) -> str:
        """Give a part of the address."""
        return str(self.request.path_params[name])


Handler = Callable[[Asked], Awaitable[Response]]


class Visit(msgspec.Struct, frozen=True):
    """One request to a route that is open to anybody."""

    door: Door
    request: Request

    @property
    def ctx(self) -> Context:
        """The composition."""
        return self.door.ctx


OpenHandler = Callable[[Visit], Awaitable[Response]]


SECURITY: Final[list[dict[str, list[str]]]] = [{"bearer": []}, {"cookie": [], "csrf": []}]
"""The two ways of saying who asks: a key or token, or the studio's cookie with its header."""

ENVELOPE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
"""The schema of a refusal in the OpenAI envelope."""


class Manner(msgspec.Struct, frozen=True):
    """How a surface says no, and what tasks that came by it are marked with."""

    surface: str = "openai"
    answer: Callable[[Failure], Response] = errors.answer
    limited: Callable[[Limited], Response] = limits.refusal
    refused: Mapping[str, Any] = msgspec.field(default_factory=lambda: ENVELOPE)
    """The schema of a refusal."""


OPENAI: Final = Manner()


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One verb on one address: its handler and what the schema says about it."""

    method: Method
    path: str
    handler: Handler | OpenHandler
    """Given an `Asked`, or a `Visit` where the permission table opens the route to anybody."""
    summary: str
    tag: str
    body: Mapping[str, Any] | None = None
    """The schema of the body, by content type."""
    takes: type[Any] | None = None
    """What a JSON body is, where it is read by type."""
    query: Sequence[str] = ()
    gives: Any = None
    """What the answer is, where it has a type."""
    status: int = 200
    """What a good answer is marked with."""
    answers: str = _JSON
    shape: Mapping[str, Any] | None = None
    """The schema of the answer, where it is written down; `shapes.shape_of` makes it from a type."""
    head: bool = True
    """Whether a GET also answers HEAD."""


class DoorRoute(APIRoute):
    """A route that goes straight to its endpoint."""

    def __init__(
        self, path: str, endpoint: Callable[..., Any], *, operation: Operation | None = None, **options: Any
    ) -> None:
        super().__init__(path, endpoint, **options)
        self.operation = operation

        async def app(scope: AsgiScope, receive: Receive, send: Send) -> None:
            response: Response = await endpoint(_Asking(scope, receive, send))
            await response(scope, receive, send)

        self.app = app
        self.literal = "{" not in path

    def place(self, path: str) -> dict[str, Any] | None:
        """Give what the address says of this route's parameters; None when it is not this route's."""
        found = self.path_regex.match(path)
        if found is None:
            return None
        return {name: self.param_convertors[name].convert(text) for name, text in found.groupdict().items()}


class _Table(Headers):
    """Headers found by a table: a create asks for seven of them, and each search reads them all."""

    def __init__(self, scope: AsgiScope) -> None:
        super().__init__(scope=scope)
        self._first = dict(reversed(self.raw))

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower().encode("latin-1")].decode("latin-1")


class _Asking(Request):
    """A request whose headers are read by name many times."""

    def __init__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self._headers = _Table(scope)


def routes(door: Door, operations: Sequence[Operation], manner: Manner = OPENAI) -> list[DoorRoute]:
    """Make routes of operations.

    Raises LookupError for one that the permission table does not know.
    """
    made: list[DoorRoute] = []
    for operation in operations:
        scope = required(operation.method, operation.path)
        handler: Any = operation.handler
        endpoint = (
            _open_endpoint(door, handler, manner)
            if isinstance(scope, Open)
            else _endpoint(door, noted(operation, handler), scope, manner)
        )
        made.append(_route(operation, endpoint, [operation.method], manner, in_schema=True))
        if operation.method == "GET" and operation.head:
            made.append(_route(operation, endpoint, ["HEAD"], manner, in_schema=False))
    return made


def _endpoint(
    door: Door, handler: Handler, scope: Scope | Known, manner: Manner
) -> Callable[[Request], Awaitable[Response]]:
    surface, answer, limited = manner.surface, manner.answer, manner.limited

    async def endpoint(request: Request) -> Response:
        try:
            who = await door.admit(request, scope)
            asked = Asked(door, request, who, surface)
            if not door.ctx.allowances.calls:
                return await handler(asked)
            standing = await admit_call(door.ctx, asked.who)
            return limits.put_on(await handler(asked), standing)
        except Limited as over:
            return limited(over)
        except ReelgateError as error:
            return answer(error.failure)

    return endpoint


def _open_endpoint(
    door: Door, handler: OpenHandler, manner: Manner
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await handler(Visit(door, request))
        except ReelgateError as error:
            return manner.answer(error.failure)

    return endpoint


def _route(
    operation: Operation,
    endpoint: Callable[[Request], Awaitable[Response]],
    methods: list[str],
    manner: Manner,
    *,
    in_schema: bool,
) -> DoorRoute:
    return DoorRoute(
        operation.path,
        endpoint,
        operation=operation,
        methods=methods,
        response_model=None,
        status_code=operation.status,
        name=f"{operation.method} {operation.path}",
        summary=operation.summary,
        tags=[operation.tag],
        operation_id=_operation_id(operation),
        include_in_schema=in_schema,
        openapi_extra=_schema(operation),
        responses={
            operation.status: {"description": "Done.", "content": {operation.answers: _shown(operation)}},
            "4XX": {"description": "Refused.", "content": {_JSON: {"schema": dict(manner.refused)}}},
            "5XX": {"description": "Broken.", "content": {_JSON: {"schema": dict(manner.refused)}}},
        },
    )


def _shown(operation: Operation) -> dict[str, Any]:
    return {} if operation.shape is None else {"schema": dict(operation.shape)}


def _operation_id(operation: Operation) -> str:
    words = [part.strip("{}").partition(":")[0] for part in operation.path.split("/") if part]
    return "_".join([operation.method.lower(), *words])


def _schema(operation: Operation) -> dict[str, Any]:
    path_names = [
        part.strip("{}").partition(":")[0] for part in operation.path.split("/") if part.startswith("{")
    ]
    text = {"type": "string"}
    extra: dict[str, Any] = {
        "security": [] if isinstance(required(operation.method, operation.path), Open) else SECURITY,
        "parameters": [
            *({"name": n, "in": "path", "required": True, "schema": text} for n in path_names),
            *({"name": n, "in": "query", "required": False, "schema": text} for n in operation.query),
        ],
    }
    if operation.body is not None:
        extra["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": schema} for kind, schema in operation.body.items()},
        }
    return extra
