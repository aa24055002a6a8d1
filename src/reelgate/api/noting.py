"""Who did what: every change an administrator asks for goes into the audit log with what it changes, every
other change into its user's own activity. Written once for all routes, so that a new one cannot forget it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.responses import Response

from reelgate.core.audit import Entry, Outcome
from reelgate.core.errors import ReelgateError
from reelgate.engine import activity
from reelgate.engine.audit import Noting
from reelgate.telemetry.logs import redact

if TYPE_CHECKING:
    from reelgate.api.door import Asked, Handler, Operation

_ADMIN: Final = "/api/admin/"
_MAKES_VIDEOS: Final = re.compile(r"/(videos?|character|characters|completions|generations|events)\b")
"""What makes videos is told by the videos themselves."""


def noted(operation: Operation, handler: Handler) -> Handler:
    """Give an operation's handler, writing down what it changes and for whom."""
    if operation.method == "GET":
        return handler
    if operation.path.startswith(_ADMIN):
        return _audited(operation, handler)
    if _MAKES_VIDEOS.search(operation.path):
        return handler
    return _remembered(operation, handler)


def _audited(operation: Operation, handler: Handler) -> Handler:
    async def writing(asked: Asked) -> Response:
        given: dict[str, Any] = {}
        asked.request.scope.setdefault("state", {})["given"] = given
        noting = Noting(asked.ctx.backend, lambda: _entry(asked, operation, given))
        ctx = dataclasses.replace(asked.ctx, backend=noting)
        try:
            response = await handler(msgspec.structs.replace(asked, noting=ctx))
        except ReelgateError as error:
            await noting.finish(Outcome.REFUSED, {"code": error.failure.code.value})
            raise
        outcome = Outcome.DONE if response.status_code < 400 else Outcome.REFUSED
        await noting.finish(outcome, {"status": response.status_code})
        return response

    return writing


def before(asked: Asked, values: Mapping[str, Any]) -> None:
    """Leave what is there before a change with whoever writes the change down."""
    asked.request.scope.setdefault("state", {})["before"] = dict(values)


def _entry(asked: Asked, operation: Operation, given: dict[str, Any]) -> Entry:
    who = asked.principal
    was: dict[str, Any] = asked.request.scope.get("state", {}).get("before", {})
    named = {name: str(value) for name, value in asked.request.path_params.items()}
    return Entry(
        at=asked.door.ctx.clock.now_ms(),
        actor=who.user_id,
        user_id=who.user_id,
        key_id=who.key_id,
        address=address_of(asked),
        request_id=asked.request.scope.get("state", {}).get("request_id"),
        action=f"{operation.method} {operation.path}",
        subject=next(iter(named.values()), None),
        outcome=Outcome.DONE,
        details=redact(_told(of=named, before=was, asked=given)),
    )


def _told(**parts: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if part}


def _remembered(operation: Operation, handler: Handler) -> Handler:
    async def writing(asked: Asked) -> Response:
        response = await handler(asked)
        if response.status_code < 400:
            named = next((str(value) for value in asked.request.path_params.values()), None)
            await activity.note(
                asked.ctx,
                asked.who,
                action=f"{operation.method} {operation.path}",
                subject=named,
                address=address_of(asked),
                agent=asked.request.headers.get("user-agent", ""),
                status=response.status_code,
            )
        return response

    return writing


def address_of(asked: Asked) -> str:
    """Give the address a request came from, as far as the server knows it."""
    client = asked.request.client
    return "" if client is None else client.host
