"""Request bodies as a list of pieces: bytes in memory and files on disk, streamed with a known length."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from reelgate.core.dialect import Call, Embedded, File, Text

OpenBlob = Callable[[str], Path]
"""Gives the path of a stored file by its SHA-256; raises OSError or KeyError when there is none."""

_CHUNK = 192 * 1024  # a multiple of three, so that base64 pieces join without padding


class Stored(msgspec.Struct, frozen=True):
    """A file as a piece of a body."""

    path: Path
    size: int
    base64: bool

    @property
    def length(self) -> int:
        """How many bytes it takes on the wire."""
        return (self.size + 2) // 3 * 4 if self.base64 else self.size


class Body(msgspec.Struct, frozen=True):
    """A request body of known length that can be sent more than once."""

    media_type: str
    pieces: tuple[bytes | Stored, ...]

    @property
    def length(self) -> int:
        """How many bytes it takes on the wire."""
        return sum(len(p) if isinstance(p, bytes) else p.length for p in self.pieces)

    @property
    def whole(self) -> bytes | None:
        """All of it, when none of it is on disk."""
        if any(isinstance(piece, Stored) for piece in self.pieces):
            return None
        return b"".join(piece for piece in self.pieces if isinstance(piece, bytes))

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give it piece by piece. Raises OSError when a file is shorter than it was."""
        for piece in self.pieces:
            if isinstance(piece, bytes):
                yield piece
                continue
            async for chunk in _read(piece):
                yield chunk


async def _read(piece: Stored) -> AsyncIterator[bytes]:
    file: BinaryIO = await asyncio.to_thread(piece.path.open, "rb")
    try:
        left = piece.size
        while left:
            chunk = await asyncio.to_thread(file.read, min(_CHUNK, left))
            if not chunk:
                raise OSError("a stored file ended early")
            left -= len(chunk)
            yield base64.b64encode(chunk) if piece.base64 else chunk
    finally:
        file.close()


def write_body(call: Call, open_blob: OpenBlob) -> Body | None:
    """Lay out the body of a call; None when it has none.

    Raises OSError or KeyError when a file it names is not there.
    """
    if call.form:
        return _write_form(call.form, open_blob)
    if call.json is None:
        return None
    return _write_json(call.json, open_blob)


def _stored(sha256: str, open_blob: OpenBlob, *, as_base64: bool) -> Stored:
    path = open_blob(sha256)
    return Stored(path, path.stat().st_size, as_base64)


def _write_json(value: Any, open_blob: OpenBlob) -> Body:
    # A mark nobody can guess stands where a file goes, so that nothing a caller wrote is mistaken for one.
    mark = secrets.token_hex(16)
    found: list[Embedded] = []
    text = msgspec.json.encode(_lift(value, mark, found))
    if not found:
        return Body("application/json", (text,))
    pieces: list[bytes | Stored] = []
    for item in found:
        head, _, text = text.partition(mark.encode())
        prefix = f"data:{item.media_type};base64," if item.data_url else ""
        pieces += [head + msgspec.json.encode(prefix)[1:-1], _stored(item.sha256, open_blob, as_base64=True)]
    return Body("application/json", (*pieces, text))


def _lift(value: Any, mark: str, found: list[Embedded]) -> Any:
    match value:
        case Embedded():
            found.append(value)
            return mark
        case dict():
            return {k: _lift(v, mark, found) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType]
        case list() | tuple():
            return [_lift(v, mark, found) for v in value]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return value


def _write_form(parts: Sequence[Text | File], open_blob: OpenBlob) -> Body:
    boundary = secrets.token_hex(16)
    pieces: list[bytes | Stored] = []
    for part in parts:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(part.name)}"'
        match part:
            case Text():
                pieces.append(f"{head}\r\n\r\n{part.value}\r\n".encode())
            case File():
                kind = part.media_type.replace("\r", "").replace("\n", "")
                head = f'{head}; filename="{_quoted(part.filename)}"\r\nContent-Type: {kind}\r\n\r\n'
                pieces += [head.encode(), _stored(part.sha256, open_blob, as_base64=False), b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return Body(f"multipart/form-data; boundary={boundary}", tuple(pieces))


def _quoted(name: str) -> str:
    # As browsers do it (WHATWG form submission): percent signs for what would end the quotes or the line.
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
