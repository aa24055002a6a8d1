"""The way into every route: who asks, may they, and what went wrong, written once for all surfaces.

A route here is a FastAPI route in the schema and a plain ASGI endpoint at run time: the handler reads
the request itself and gives a finished response, so nothing is validated or encoded twice.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from reelgate.api import errors, limits
from reelgate.api.bodies import Bodies
from reelgate.api.budget import Budget
from reelgate.api.links import bearer_of_link
from reelgate.auth.clip_links import ClipLinks
from reelgate.auth.keys import LastUsed, Principal, digest, principal
from reelgate.auth.permissions import Method, Open, required
from reelgate.auth.scopes import Scope
from reelgate.core.errors import Code, ReelgateError, refuse
from reelgate.engine.context import Context, Who
from reelgate.engine.limits import Limited, admit_call

_JSON: Final = "application/json"

TICK_S: Final = 5.0
"""How often an open stream checks that its key still opens it."""
KNOWN_MAX: Final = 20_000
"""Tokens of streams that are remembered for a moment."""


class Door:
    """What all surfaces share while they answer: the composition, the budget, and the keys seen."""

    def __init__(self, ctx: Context, pepper: bytes, *, tick_s: float = TICK_S) -> None:
        self.ctx = ctx
        self.tick_s = tick_s
        self.budget = Budget(ctx.limits.inflight_bytes)
        self.bodies = Bodies(ctx.limits, ctx.blobs, self.budget)
        self.last_used = LastUsed(ctx.backend)
        self.links = ClipLinks(pepper)
        self._pepper = pepper
        self._flushing: asyncio.Task[None] | None = None
        self._known: dict[str, tuple[float, asyncio.Future[Principal | None]]] = {}

    async def admit(self, request: Request, scope: Scope) -> Principal:
        """Give the asker, if their key is good and carries the scope.

        Raises CallerError otherwise.
        """
        who = await self.recognise(token_of(request))
        if who is None:
            who = await bearer_of_link(self.ctx, self.links, request)
        if who is None:
            raise refuse(
                Code.UNAUTHORIZED, "Incorrect API key provided. Send it as `Authorization: Bearer …`."
            )
        if not who.may(scope):
            raise refuse(
                Code.PERMISSION_OR_CHANNEL, f"This key may not do that: it lacks the scope `{scope.value}`."
            )
        return who

    async def recognise(self, token: str | None) -> Principal | None:
        """Give the holder of a token as of now; a revoked key is refused from the next call on."""
        if not token:
            return None
        wanted = digest(token, self._pepper)
        now = self.ctx.clock.now_ms()
        who = await self.ctx.backend.point(lambda conn: principal(conn, wanted, now))
        if who is not None and self.last_used.note(who.key_id, now) and self._flushing is None:
            self._flushing = asyncio.create_task(self._flush(now))
        return who

    async def still(self, token: str | None) -> Principal | None:
        """Give the holder of a token as of a moment ago: thousands of streams ask again and again, mostly for the same few."""
        if not token:
            return None
        now = self.ctx.clock.monotonic()
        known = self._known.get(token)
        if known is None or now - known[0] > self.tick_s / 5:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            known = self._known[token] = (now, asyncio.ensure_future(self.recognise(token)))
        # Whoever asked first may leave; the others still want to know.
        return await asyncio.shield(known[1])

    async def _flush(self, now: int) -> None:
        try:
            await self.last_used.flush(now)
        finally:
            self._flushing = None

    async def close(self) -> None:
        """Write down what is still to be written."""
        await self.last_used.flush(self.ctx.clock.now_ms())


def token_of(request: Request) -> str | None:
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

    @property
    def ctx(self) -> Context:
        """The composition."""
        return self.door.ctx

    @property
    def project_id(self) -> str:
        """Whose things the asker may see."""
        return self.principal.project_id

    @property
    def who(self) -> Who:
        """The asker as the engine knows them."""
        p = self.principal
        return Who(user_id=p.user_id, project_id=p.project_id, key_id=p.key_id, surface="openai")

    def path(self, name: str) -> str:
        """Give a part of the address."""
        return str(self.request.path_params[name])


Handler = Callable[[Asked], Awaitable[Response]]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One verb on one address: its handler and what the schema says about it."""

    method: Method
    path: str
    handler: Handler
    summary: str
    tag: Literal["videos", "models", "files", "webhooks", "live", "admin"]
    body: Mapping[str, Any] | None = None
    """The schema of the body, by content type."""
    query: Sequence[str] = ()
    answers: str = _JSON
    shape: Mapping[str, Any] | None = None
    """The schema of the answer, where it is written down; `shapes.shape_of` makes it from a type."""
    head: bool = True
    """Whether a GET also answers HEAD."""


class DoorRoute(APIRoute):
    """A route that goes straight to its endpoint."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)

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


def routes(door: Door, operations: Sequence[Operation]) -> list[DoorRoute]:
    """Make routes of operations.

    Raises LookupError for one that the permission table does not know.
    """
    made: list[DoorRoute] = []
    for operation in operations:
        scope = required(operation.method, operation.path)
        if isinstance(scope, Open):
            msg = f"{operation.path} is open to anybody and must not come through the door"
            raise LookupError(msg)
        endpoint = _endpoint(door, operation.handler, scope)
        made.append(_route(operation, endpoint, [operation.method], in_schema=True))
        if operation.method == "GET" and operation.head:
            made.append(_route(operation, endpoint, ["HEAD"], in_schema=False))
    return made


def _endpoint(door: Door, handler: Handler, scope: Scope) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            who = await door.admit(request, scope)
            asked = Asked(door, request, who)
            if not door.ctx.allowances.calls:
                return await handler(asked)
            standing = await admit_call(door.ctx, asked.who)
            return limits.put_on(await handler(asked), standing)
        except Limited as over:
            return limits.refusal(over)
        except ReelgateError as error:
            return errors.answer(error.failure)

    return endpoint


def _route(
    operation: Operation,
    endpoint: Callable[[Request], Awaitable[Response]],
    methods: list[str],
    *,
    in_schema: bool,
) -> DoorRoute:
    return DoorRoute(
        operation.path,
        endpoint,
        methods=methods,
        response_model=None,
        name=f"{operation.method} {operation.path}",
        summary=operation.summary,
        tags=[operation.tag],
        operation_id=_operation_id(operation),
        include_in_schema=in_schema,
        openapi_extra=_schema(operation),
        responses={
            200: {"description": "Done.", "content": {operation.answers: _shown(operation)}},
            "4XX": {"description": "Refused.", "content": {_JSON: {"schema": _ENVELOPE}}},
            "5XX": {"description": "Broken.", "content": {_JSON: {"schema": _ENVELOPE}}},
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
        "security": [{"bearer": []}],
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


_ENVELOPE: Final[dict[str, Any]] = {
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
