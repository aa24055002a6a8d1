"""Pictures and clips a request points to, in every form clients write them: part, data URL, address, file id."""

from __future__ import annotations

import asyncio
import binascii
import shutil
from pathlib import Path
from typing import Any, Final

import msgspec

from reelgate.api.door import Asked
from reelgate.api.fields import FilePart, LongText, Value, as_text, items_of, structured
from reelgate.api.multipart import too_large
from reelgate.api.queries import is_id
from reelgate.core.errors import CallerError, Code, refuse
from reelgate.core.task import Input, Role
from reelgate.engine import intake
from reelgate.store import uploads as upload_rows

IMAGE_URL_MAX: Final = 20 * 1024 * 1024
"""Longest `image_url`, in characters, by the OpenAI schema."""

_SLICE: Final = 1024 * 1024
_BLANKS: Final = b" \t\r\n"


class Given(msgspec.Struct, frozen=True):
    """A stored input, and what names it when two requests are compared."""

    input: Input
    mark: str


async def pictures(asked: Asked, value: Value, *, role: Role, param: str) -> list[Given]:
    """Store the picture or pictures a field gives, in order.

    Raises CallerError naming the field.
    """
    value = structured(value)
    if value is None:
        return []
    return [await _picture(asked, structured(item), role, param) for item in items_of(value)]


async def _picture(asked: Asked, value: Value, role: Role, param: str) -> Given:
    match value:
        case FilePart():
            return _by_digest(await intake.store_picture(asked.ctx, value.path, role=role, param=param))
        case str() | LongText():
            return await _address(asked, value, role, param)
        case dict():
            return await _object(asked, value, role, param)  # pyright: ignore[reportUnknownArgumentType]
        case _:
            raise _unreadable(param)


async def _object(asked: Asked, value: dict[str, Any], role: Role, param: str) -> Given:
    """Read `{image_url}` or `{file_id}`; also the chat form `{image_url: {url}}`."""
    url, file_id = value.get("image_url"), value.get("file_id")
    if (url is None) == (file_id is None) or set(value) - {"image_url", "file_id", "type"}:
        raise _unreadable(param)
    if file_id is not None:
        where = f"{param}.file_id"
        path = await _upload(asked, as_text(file_id, where), where)
        try:
            return _by_digest(await intake.store_picture(asked.ctx, path, role=role, param=where))
        finally:
            path.unlink(missing_ok=True)
    if isinstance(url, dict) and set(url) <= {"url", "detail"}:  # pyright: ignore[reportUnknownArgumentType]
        url = url.get("url")  # pyright: ignore[reportUnknownVariableType,reportUnknownMemberType]
    if not isinstance(url, str | LongText):
        raise _unreadable(param)
    return await _address(asked, url, role, f"{param}.image_url")


async def _address(asked: Asked, value: str | LongText, role: Role, param: str) -> Given:
    raw = value.plain() if isinstance(value, LongText) else memoryview(value.encode())
    if len(raw) > IMAGE_URL_MAX:
        raise too_large(param, IMAGE_URL_MAX)
    if bytes(raw[:5]).lower() == b"data:":
        return _by_digest(await _data_url(asked, raw, role, param))
    text = str(raw, "utf-8").strip()
    if text.lower().startswith(("https://", "http://")):
        return Given(await intake.fetch_picture(asked.ctx, text, role=role, param=param), f"url:{text}")
    if is_id(text, "file"):
        return await _object(asked, {"file_id": text}, role, param)
    raise _unreadable(param)


async def _data_url(asked: Asked, raw: memoryview, role: Role, param: str) -> Input:
    path = asked.ctx.blobs.spool()
    try:
        await asyncio.to_thread(write_data_url, raw, path, param)
        return await intake.store_picture(asked.ctx, path, role=role, param=param)
    finally:
        path.unlink(missing_ok=True)


def write_data_url(raw: memoryview, path: Path, param: str) -> None:
    """Decode a base64 data URL into a file, a slice at a time.

    Raises CallerError naming `param` when it is not one.
    """
    head, comma, _ = bytes(raw[:256]).partition(b",")
    if not comma or not head.lower().replace(b" ", b"").endswith(b";base64"):
        raise refuse(Code.INVALID_REQUEST, f"`{param}` must be a base64 data URL.", param=param)
    rest = b""
    try:
        with path.open("wb") as sink:
            for start in range(len(head) + 1, len(raw), _SLICE):
                text = rest + bytes(raw[start : start + _SLICE]).translate(None, _BLANKS)
                whole = len(text) - len(text) % 4
                rest = text[whole:]
                sink.write(binascii.a2b_base64(text[:whole], strict_mode=True))
            if rest:
                sink.write(binascii.a2b_base64(rest + b"=" * (4 - len(rest)), strict_mode=True))
    except binascii.Error as bad:
        raise refuse(Code.INVALID_REQUEST, f"`{param}` holds damaged base64.", param=param) from bad


async def source(asked: Asked, value: Value, *, param: str = "video") -> tuple[Given | None, str | None]:
    """Read the `video` of an edit or extension: a stored clip, or the id of one of the asker's videos.

    Raises CallerError naming the field.
    """
    value = structured(value)
    match value:
        case FilePart():
            return _by_digest(await intake.store_clip(asked.ctx, value.path, param=param)), None
        case {"id": str(video_id)} | str(video_id):
            return await _clip_by_id(asked, video_id, param)
        case {"file_id": str(file_id)}:
            return await _clip_by_id(asked, file_id, f"{param}.file_id")
        case _:
            raise refuse(
                Code.INVALID_REQUEST, f"`{param}` must be a file or an object with an `id`.", param=param
            )


async def _clip_by_id(asked: Asked, text: str, param: str) -> tuple[Given | None, str | None]:
    if is_id(text, "video"):
        return None, text
    if not is_id(text, "file"):
        raise CallerError(refuse(Code.NOT_FOUND, f"There is no video `{text[:80]}`.", param=param).failure)
    path = await _upload(asked, text, param)
    try:
        return _by_digest(await intake.store_clip(asked.ctx, path, param=param)), None
    finally:
        path.unlink(missing_ok=True)


async def _upload(asked: Asked, file_id: str, param: str) -> Path:
    """Copy an uploaded file to the spool, as if it had just been sent."""
    ctx = asked.ctx
    now = ctx.clock.now_ms()
    row = None
    if is_id(file_id, "file"):
        row = await ctx.backend.point(lambda conn: upload_rows.get(conn, file_id, asked.project_id))
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        raise refuse(Code.NOT_FOUND, f"There is no file `{file_id[:80]}`.", param=param)
    path = ctx.blobs.spool()
    async with ctx.blobs.local(row.sha256) as stored:
        await asyncio.to_thread(shutil.copyfile, stored, path)
    return path


def _by_digest(stored: Input) -> Given:
    return Given(stored, f"sha256:{stored.sha256}")


def _unreadable(param: str) -> CallerError:
    return refuse(
        Code.INVALID_REQUEST,
        f"`{param}` must be a picture file, or an object with exactly one of `image_url` and `file_id`.",
        param=param,
    )
