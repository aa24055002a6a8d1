"""The outermost layer: a request id on every answer, and an envelope for every fault, 404 and 405."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reelgate.api import errors
from reelgate.api.door import DoorRoute
from reelgate.api.leaving import SlowClient
from reelgate.core.ids import Ids
from reelgate.store.backend import AWAY
from reelgate.telemetry import about_request, meter

_log = structlog.get_logger("reelgate.api")
_VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class Edge:
    """Names each request and answers for what nobody else answered for.

    A request that one of `routes` takes goes straight there: such a route answers everything itself,
    and what a framework puts around it costs more than the status read it wraps.
    """

    def __init__(self, app: ASGIApp, ids: Ids, routes: Sequence[DoorRoute]) -> None:
        self._app = app
        self._ids = ids
        self._literal: dict[tuple[str, str], DoorRoute] = {}
        self._patterns: dict[str, list[DoorRoute]] = {}
        for route in routes:
            for method in route.methods or ():
                if route.literal:
                    self._literal.setdefault((method, route.path), route)
                else:
                    self._patterns.setdefault(method, []).append(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._ids.new("req")
        scope.setdefault("state", {})["request_id"] = request_id
        header = (b"x-request-id", request_id.encode())
        began = time.perf_counter()
        started = False
        about_request(request_id)

        async def named(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                spent = time.perf_counter() - began
                meter.requests.note(scope, message["status"], spent)
                shown = str(int(spent * 1000)).encode()
                message["headers"] = [*message.get("headers", ()), header, (b"openai-processing-ms", shown)]
            await send(message)

        try:
            await self._pass_on(scope, receive, named)
        except ClientDisconnect:
            _log.info("client_left", request_id=request_id, path=scope["path"])
        except SlowClient:
            _log.info("client_cut", request_id=request_id, path=scope["path"])
            raise
        except Exception as fault:
            answer = _excuse(fault, request_id, scope["path"])
            if started:
                # The client must see a cut connection, not a short body that looks whole.
                raise
            await answer(scope, receive, named)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        literal = self._literal.get((method, path))
        if literal is not None:
            scope.update(route=literal, path_params={})
            await literal.app(scope, receive, send)
            return
        for route in self._patterns.get(method, ()):
            found = route.place(path)
            if found is not None:
                scope.update(route=route, path_params=found)
                await route.app(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _excuse(fault: Exception, request_id: str, path: str) -> Response:
    """Log what nobody answered for, and give the answer to it."""
    if isinstance(fault, AWAY):
        _log.warning("database_away", request_id=request_id, path=path, reason=type(fault).__name__)
        return errors.away()
    _log.exception("request_broke", request_id=request_id, path=path)
    return errors.broken(request_id)


Page = Callable[[Request], Response | None]
"""What else may answer an address that no route takes."""


def install(app: FastAPI, routes: Sequence[BaseRoute], ids: Ids, page: Page = lambda _: None) -> None:
    """Put the surfaces' routes, the edge and the error answers into an application."""
    app.router.redirect_slashes = False
    app.router.routes.extend(routes)

    async def otherwise(request: Request, exc: Exception) -> Response:
        found = page(request) if isinstance(exc, HTTPException) and exc.status_code == 404 else None
        return found or await _http_exception(request, exc)

    app.add_exception_handler(HTTPException, otherwise)
    straight = [route for route in routes if isinstance(route, DoorRoute)]
    app.add_middleware(Edge, ids=ids, routes=straight)


async def _http_exception(request: Request, exc: Exception) -> Response:
    status = exc.status_code if isinstance(exc, HTTPException) else 500
    path = str(request.scope["path"])
    if status == 404:
        return errors.unknown_path(request.method, path)
    if status == 405:
        return errors.wrong_method(request.method, _allowed(request))
    detail = str(exc.detail) if isinstance(exc, HTTPException) else "The request failed."
    kind = "invalid_request_error" if status < 500 else "server_error"
    return errors.envelope(status, errors.Problem(detail, kind, None, None))


def _allowed(request: Request) -> frozenset[str]:
    """List the verbs an address takes, over all routes that share it."""
    routes: Sequence[BaseRoute] = request.app.router.routes
    return frozenset(
        verb
        for verb in _VERBS
        if any(route.matches({**request.scope, "method": verb})[0] is Match.FULL for route in routes)
    )
