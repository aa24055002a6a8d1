"""A multipart body as it arrives: files go to the spool piece by piece, texts stay bounded in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from reelgate.api.fields import LONG, FilePart, LongText, Value
from reelgate.api.folding import segments
from reelgate.core.errors import CallerError, Code, Failure, refuse

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_FLUSH = 1024 * 1024
_PARTS_MAX = 200
_HEADER_MAX = 16 * 1024
_NAME_MAX = 256


class _Part:
    """One part while it arrives."""

    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.field = bytearray()
        self.value = bytearray()
        self.header_bytes = 0
        self.name = ""
        self.filename: str | None = None
        self.media_type = ""
        self.limit = 0
        self.size = 0
        self.data = bytearray()
        self.path: Path | None = None
        self.ended = False


class Receiver:
    """Takes a multipart body in pieces and gives its parts.

    `file_limits` names the fields that take a file, with their limits in bytes; 0 means unlimited.
    Every spooled path is in `spooled`, for whoever cleans up.
    """

    def __init__(
        self,
        boundary: bytes,
        *,
        spool: Callable[[], Path],
        file_limits: Mapping[str, int],
        text_limit: int,
    ) -> None:
        self._spool = spool
        self._file_limits = file_limits
        self._text_limit = text_limit
        self._text_bytes = 0
        self._parts: list[_Part] = []
        self._files: list[_Part] = []
        self._done = False
        self.spooled: list[Path] = []
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._on_part_begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_end": self._on_end,
        }
        try:
            self._parser = MultipartParser(boundary, callbacks)
        except FormParserError as bad:
            raise _malformed() from bad

    async def feed(self, chunk: bytes) -> None:
        """Take the next piece of the body.

        Raises CallerError for a malformed body or a part over its limit.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as bad:
            raise _malformed() from bad
        await self._flush()

    def parts(self) -> list[tuple[str, Value]]:
        """Give name and value of each part, in order.

        Raises CallerError when the body ended early.
        """
        if not self._done:
            raise _malformed()
        return [(p.name, _value(p)) for p in self._parts if p.size or p.filename != ""]

    async def _flush(self) -> None:
        for part in list(self._files):
            if part.data and (part.ended or len(part.data) >= _FLUSH):
                data, part.data = part.data, bytearray()
                await asyncio.to_thread(_append, part, data)
            if part.ended:
                self._files.remove(part)

    def _on_part_begin(self) -> None:
        if len(self._parts) >= _PARTS_MAX:
            raise refuse(Code.INVALID_REQUEST, f"The form has more than {_PARTS_MAX} parts.")
        self._parts.append(_Part())

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header(end - start).field += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header(end - start).value += data[start:end]

    def _header(self, size: int) -> _Part:
        part = self._parts[-1]
        part.header_bytes += size
        if part.header_bytes > _HEADER_MAX:
            raise refuse(Code.INVALID_REQUEST, "A part of the form has too long a header.")
        return part

    def _on_header_end(self) -> None:
        part = self._parts[-1]
        part.headers[bytes(part.field).lower()] = bytes(part.value)
        part.field.clear()
        part.value.clear()

    def _on_headers_finished(self) -> None:
        part = self._parts[-1]
        _, options = parse_options_header(part.headers.get(b"content-disposition", b""))
        kind, _ = parse_options_header(part.headers.get(b"content-type", b""))
        part.media_type = kind.decode("latin-1").lower()
        part.name = _decoded(options.get(b"name", b""))
        if not part.name or len(part.name) > _NAME_MAX:
            raise refuse(Code.INVALID_REQUEST, "A part of the form has no usable name.")
        if b"filename" in options:
            part.filename = options[b"filename"].decode("utf-8", "replace")
        elif part.media_type.startswith(("image/", "video/")):
            part.filename = "upload"
        if part.filename is not None:
            self._open(part)

    def _open(self, part: _Part) -> None:
        field = segments(part.name)[0]
        if field not in self._file_limits:
            if part.filename == "":
                return
            raise refuse(Code.INVALID_REQUEST, f"No file is taken as `{field}`.", param=field)
        part.limit = self._file_limits[field]
        part.path = self._spool()
        part.path.touch(mode=0o600)
        self.spooled.append(part.path)
        self._files.append(part)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        part = self._parts[-1]
        part.size += end - start
        if part.path is None:
            self._text_bytes += end - start
            if self._text_limit and self._text_bytes > self._text_limit:
                raise too_large(segments(part.name)[0], self._text_limit)
        elif part.limit and part.size > part.limit:
            raise too_large(segments(part.name)[0], part.limit)
        part.data += data[start:end]

    def _on_part_end(self) -> None:
        self._parts[-1].ended = True

    def _on_end(self) -> None:
        self._done = True


def too_large(param: str | None, limit: int) -> CallerError:
    """Build the refusal of something over its limit."""
    what = f"`{param}`" if param else "The body"
    return CallerError(
        Failure(
            code=Code.PAYLOAD_TOO_LARGE,
            message=f"{what} is larger than the limit of {limit:,} bytes. Nothing was created.",
            param=param,
        )
    )


def _value(part: _Part) -> Value:
    if part.path is not None:
        return FilePart(
            path=part.path,
            filename=part.filename or "upload",
            media_type=part.media_type,
            bytes=part.size,
        )
    if len(part.data) > LONG:
        return LongText(memoryview(part.data), json=False)
    try:
        return part.data.decode()
    except UnicodeDecodeError as bad:
        param = segments(part.name)[0]
        raise refuse(Code.INVALID_REQUEST, f"`{param}` must be UTF-8 text.", param=param) from bad


def _decoded(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError as bad:
        raise refuse(Code.INVALID_REQUEST, "A part of the form has no usable name.") from bad


def _append(part: _Part, data: bytearray) -> None:
    if part.path is not None:
        with part.path.open("ab") as sink:
            sink.write(data)


def _malformed() -> CallerError:
    return refuse(Code.INVALID_REQUEST, "The body is not a complete, well-formed multipart form.")
