"""Pictures made from a clip: thumbnail, spritesheet, portrait, last frame. All of it in a limited child."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from reelgate.media.child import Limits
from reelgate.media.intake import Clip, work

# Minutes of video may have to be decoded; a four-second clip needs 0.5 s of it.
_LIMITS: Final = Limits(cpu_seconds=120, wall_seconds=240.0)
_JOBS: Final = "reelgate.media.jobs.clip"


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """How a spritesheet is laid out, row by row; tile `i` shows the moment `(i + 0.5) / count * seconds`."""

    columns: int
    rows: int
    tile_width: int
    tile_height: int
    count: int
    seconds: float


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is kept beside a finished clip."""

    clip: Clip
    thumbnail_path: Path
    spritesheet_path: Path
    layout: Layout


async def archive(clip: Path, *, folder: Path | None = None, param: str | None = None) -> Archive:
    """Check a clip and make its thumbnail (WebP) and spritesheet (JPEG) in one pass, beside it or in `folder`.

    Raises CallerError with `unsupported_media` or `payload_too_large` when the clip is not whole and playable.
    """
    into = folder or clip.parent
    thumb, sheet = into / f"{clip.name}.thumbnail", into / f"{clip.name}.spritesheet"
    made = await _make("archive", clip, [thumb, sheet], param)
    return Archive(
        clip=msgspec.convert(made["clip"], Clip),
        thumbnail_path=thumb,
        spritesheet_path=sheet,
        layout=msgspec.convert(made["layout"], Layout),
    )


async def thumbnail(clip: Path, out: Path) -> tuple[int, int]:
    """Write a representative frame as WebP, longest side at most 640, and give its size."""
    width, height = await _make("thumbnail", clip, [out])
    return width, height


async def spritesheet(clip: Path, out: Path) -> Layout:
    """Write evenly spaced frames as one JPEG of 5 by 4 tiles and give its layout."""
    return msgspec.convert(await _make("spritesheet", clip, [out]), Layout)


async def portrait(clip: Path, out: Path) -> tuple[int, int]:
    """Write a representative frame as PNG in full size and give its size."""
    width, height = await _make("portrait", clip, [out])
    return width, height


async def moment(clip: Path, out: Path, at_s: float) -> tuple[int, int]:
    """Write the frame shown at a moment as PNG in full size and give its size; past the end it is the last one."""
    width, height = await _make("moment", clip, [out], args={"at": at_s})
    return width, height


async def last_frame(clip: Path, out: Path) -> tuple[int, int]:
    """Write the last frame as PNG in full size and give its size."""
    width, height = await _make("last_frame", clip, [out])
    return width, height


async def _make(
    job: str, clip: Path, outs: list[Path], param: str | None = None, args: Mapping[str, Any] | None = None
) -> Any:
    return await work(
        f"{_JOBS}:{job}", args or {}, source=clip, sinks=outs, what="clip", param=param, limits=_LIMITS
    )
