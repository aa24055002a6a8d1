"""Request bodies: JSON or a form, with or without a length, inside their limits and the budget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, Protocol, TypeVar
from urllib.parse import parse_qsl

import msgspec
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request

from reelgate.api.budget import Budget, Share
from reelgate.api.fields import Fields, from_json, misfit
from reelgate.api.folding import fold
from reelgate.api.multipart import Receiver, too_large
from reelgate.core.errors import Code, ReelgateError, refuse

T = TypeVar("T")

STALL_S: Final = 60.0
"""How long a body may stand still before its request is given up."""

_NO_FILES: Final[Mapping[str, int]] = {}


class Ceilings(Protocol):
    """The limits a body is read under, in bytes; 0 means unlimited."""

    @property
    def json_max_bytes(self) -> int:
        """Largest JSON body, and largest sum of the texts of a form."""
        ...

    @property
    def body_max_bytes(self) -> int:
        """Largest body of any kind."""
        ...


class Spool(Protocol):
    """Where files of a form wait."""

    def spool(self) -> Path:
        """Give a new path in the spool."""
        ...


class Bodies:
    """Reads request bodies."""

    def __init__(
        self, ceilings: Callable[[], Ceilings], spool: Spool, budget: Budget, *, stall_s: float = STALL_S
    ) -> None:
        self._ceilings = ceilings
        self._spool = spool
        self._budget = budget
        self._stall_s = stall_s

    @asynccontextmanager
    async def read(
        self, request: Request, *, files: Mapping[str, int] = _NO_FILES
    ) -> AsyncGenerator[Fields, None]:
        """Give the fields of a body; its spooled files are gone when the block ends.

        `files` names the fields that take a file, with their limits in bytes.
        Raises CallerError for a body that is malformed, too large, too slow, or over the budget.
        """
        kind, options = parse_options_header(request.headers.get("content-type"))
        _check_coding(request)
        with self._budget.share() as share:
            if kind == b"multipart/form-data":
                receiver = self._receiver(options.get(b"boundary"), files)
                try:
                    await self._pass_on(request, share, self._ceilings().body_max_bytes, receiver.feed)
                    yield _noted(request, Fields(fold(receiver.parts()), typed=False))
                finally:
                    _discard(receiver.spooled)
            else:
                body = await self._whole(request, share)
                yield _noted(request, _fields(kind, body))

    async def typed(self, request: Request, kind: type[T]) -> T:
        """Give a JSON body as one type; an empty body is an empty object.

        Raises CallerError naming the field that is missing, unknown or not as it must be.
        """
        _check_coding(request)
        with self._budget.share() as share:
            body = await self._whole(request, share)
        _noted_whole(request, body)
        try:
            return msgspec.json.decode(bytes(body) if body.strip() else b"{}", type=kind)
        except msgspec.ValidationError as wrong:
            raise misfit(wrong) from wrong
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as bad:
            raise refuse(Code.INVALID_REQUEST, "The body is not valid JSON.") from bad

    def _receiver(self, boundary: bytes | None, files: Mapping[str, int]) -> Receiver:
        if not boundary:
            raise refuse(Code.INVALID_REQUEST, "The form names no boundary.", param="Content-Type")
        return Receiver(
            boundary,
            spool=self._spool.spool,
            file_limits=files,
            text_limit=self._ceilings().json_max_bytes,
        )

    async def _whole(self, request: Request, share: Share) -> bytearray:
        body = bytearray()

        async def keep(chunk: bytes) -> None:
            body.extend(chunk)

        await self._pass_on(request, share, self._ceilings().json_max_bytes, keep)
        return body

    async def _pass_on(
        self, request: Request, share: Share, limit: int, sink: Callable[[bytes], Awaitable[None]]
    ) -> None:
        """Hand each piece of the body to `sink` as it arrives."""
        self._check_length(request, limit)
        seen = 0
        async for chunk in self._pieces(request):
            seen += len(chunk)
            if limit and seen > limit:
                raise too_large(None, limit)
            share.take(len(chunk))
            if chunk:
                await sink(chunk)

    async def _pieces(self, request: Request) -> AsyncGenerator[bytes, None]:
        """Give the body piece by piece; a piece that is whole costs no timer of its own.

        Raises ClientDisconnect when the client leaves before the end.
        """
        more = True
        while more:
            try:
                async with asyncio.timeout(self._stall_s):
                    message = await request.receive()
            except TimeoutError as late:
                raise refuse(
                    Code.INVALID_REQUEST, "The body stopped arriving. Nothing was created."
                ) from late
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            more = message.get("more_body", False)
            yield message.get("body", b"")

    def _check_length(self, request: Request, limit: int) -> None:
        """Refuse a body by its announced length before any of it is read."""
        length = request.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            return
        if limit and int(length) > limit:
            raise too_large(None, limit)
        self._budget.check(int(length))


def _noted_whole(request: Request, body: bytearray) -> None:
    if request.scope.get("state", {}).get("given") is not None:
        with suppress(ReelgateError):
            _noted(request, _fields(b"application/json", body))


def _noted(request: Request, fields: Fields) -> Fields:
    """Leave what was asked for with whoever wants to write it down."""
    wanted = request.scope.get("state", {}).get("given")
    if wanted is not None:
        wanted.update(fields.shown())
    return fields


def _check_coding(request: Request) -> None:
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise refuse(
            Code.UNSUPPORTED_MEDIA,
            f"A body in Content-Encoding `{coding[:40]}` is not taken; send it plain.",
            param="Content-Encoding",
        )


def _fields(kind: bytes, body: bytearray) -> Fields:
    if not body.strip():
        return Fields({}, typed=True)
    if kind == b"application/x-www-form-urlencoded":
        return _urlencoded(body)
    # Bodies without a telling label are common in the field (`curl -d`, relays); what is not JSON is refused.
    telling = kind not in (b"", b"text/plain", b"application/octet-stream")
    if telling and kind != b"application/json" and not kind.endswith(b"+json"):
        raise refuse(
            Code.UNSUPPORTED_MEDIA,
            "Send the body as `application/json` or `multipart/form-data`.",
            param="Content-Type",
        )
    return Fields(from_json(body), typed=True)


def _urlencoded(body: bytearray) -> Fields:
    if body.lstrip().startswith(b"{"):
        # `curl -d '{…}'` labels JSON as a form.
        return Fields(from_json(body), typed=True)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200, errors="strict")
    except ValueError as bad:
        raise refuse(Code.INVALID_REQUEST, "The form is not well-formed.") from bad
    return Fields(fold(pairs), typed=False)


def _discard(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
