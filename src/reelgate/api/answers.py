"""Finished answers: JSON written once, with the headers a client reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_encoder: Final = msgspec.json.Encoder()
_JSON: Final = (b"content-type", b"application/json")
_NO_STORE: Final = (b"cache-control", b"no-store")


class Json(Response):
    """A JSON answer whose headers are put together without a second look at them."""

    def __init__(
        self, content: Any, status_code: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status_code = status_code
        self.background = None
        self.body = _encoder.encode(content)
        self.raw_headers = [
            (b"content-length", str(len(self.body)).encode()),
            _JSON,
            _NO_STORE,
        ]
        for name, value in (headers or {}).items():
            self.raw_headers.append((name.lower().encode("latin-1"), value.encode("latin-1")))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer; it has no background work and no streamed part to look after."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body})


class Listed(msgspec.Struct, frozen=True):
    """A page of a list; all five keys are always there, as SDKs page by them."""

    data: list[Any]
    first_id: str | None
    last_id: str | None
    has_more: bool
    object: str = "list"


def listed(items: list[Any], ids: list[str], *, has_more: bool) -> Json:
    """Answer with a page of a list."""
    return Json(
        Listed(
            data=items,
            first_id=ids[0] if ids else None,
            last_id=ids[-1] if ids else None,
            has_more=has_more and bool(ids),
        )
    )


class Deleted(msgspec.Struct, frozen=True):
    """Says that something is gone."""

    id: str
    object: str
    deleted: bool = True
