"""What comes in from outside: looked at in a limited child before anything else touches it.

Nothing here trusts a name or a content type; what a file is, its bytes say.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, assert_never

import msgspec

from reelgate.core.errors import CallerError, Code, Failure, OperatorError, refuse
from reelgate.media import child
from reelgate.media.kinds import sniff as sniff


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that is safe to keep and show: re-encoded, upright, without metadata."""

    path: Path
    media_type: str
    width: int
    height: int
    bytes: int


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """What a clip holds, as found by decoding it."""

    media_type: str
    width: int
    """As shown: turned upright and with square pixels."""
    height: int
    seconds: float
    fps: float
    has_audio: bool
    frames: int
    codec: str
    """The video codec's common name, such as `h264`."""


async def picture(path: Path, *, param: str | None = None, out: Path | None = None) -> Picture:
    """Check a picture and write it again as plain pixels beside itself, or to `out`.

    Raises CallerError with `unsupported_media` or `payload_too_large`, naming `param`.
    """
    out = out or path.with_name(f"{path.name}.plain")
    written = await work(
        "reelgate.media.jobs.picture:rewrite", {}, source=path, sinks=[out], what="picture", param=param
    )
    size = (await asyncio.to_thread(out.stat)).st_size
    return Picture(path=out, bytes=size, **written)


async def probe(path: Path, *, param: str | None = None) -> Clip:
    """Check that a clip is whole and playable and say what it holds.

    Raises CallerError with `unsupported_media` or `payload_too_large`, naming `param`.
    """
    found = await work("reelgate.media.jobs.clip:probe", {}, source=path, what="clip", param=param)
    return msgspec.convert(found, Clip)


async def work(
    job: str,
    args: Mapping[str, Any],
    *,
    source: Path,
    sinks: Sequence[Path] = (),
    what: str,
    param: str | None = None,
    limits: child.Limits | None = None,
) -> Any:
    """Run a job on one file, writing to new files, and give its value; no sink is left behind when it fails."""
    with ExitStack() as undo:
        for sink in sinks:
            undo.callback(sink.unlink, missing_ok=True)
        outcome = await _run(job, args, source, sinks, limits)
        match outcome:
            case child.Done(value):
                undo.pop_all()
                return value
            case child.Refused(failure):
                raise refuse(failure.code, failure.message, param=param)
            case child.Died(why, detail):
                raise _died(why, detail, what, param)


async def _run(
    job: str, args: Mapping[str, Any], source: Path, sinks: Sequence[Path], limits: child.Limits | None
) -> child.Outcome:
    fds: list[int] = []
    async with child.turn():
        try:
            await asyncio.to_thread(_open, fds, source, sinks)
            return await child.run(job, args, files=fds, limits=limits)
        finally:
            for fd in fds:
                os.close(fd)


def _open(fds: list[int], source: Path, sinks: Sequence[Path]) -> None:
    fds.append(os.open(source, os.O_RDONLY | os.O_CLOEXEC))
    for sink in sinks:
        fds.append(os.open(sink, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))


def _died(why: child.Why, detail: str, what: str, param: str | None) -> Exception:
    match why:
        case child.Why.MEMORY:
            words = f"The {what} needs more memory than is allowed for reading it."
        case child.Why.TIME:
            words = f"The {what} takes longer than is allowed for reading it."
        case child.Why.CRASH:
            words = f"The {what} cannot be read."
        case child.Why.STORAGE:
            return _ours("The disk of this server takes no more files just now.", detail)
        case child.Why.ABSENT:
            return _ours("This server cannot look at files just now.", detail)
        case _:
            assert_never(why)
    return CallerError(Failure(code=Code.UNSUPPORTED_MEDIA, message=words, param=param, detail=detail))


def _ours(message: str, detail: str) -> OperatorError:
    return OperatorError(Failure(code=Code.OVERLOADED, message=message, detail=detail))
