"""Reads a stranger's clip: what it holds, whether it is whole, and pictures of it.

FFmpeg sees the open file through Python callbacks, so it has no path and no protocol to follow, and only
the container formats and codecs named here are tried.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

import av
import msgspec
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from reelgate.core.errors import Code, refuse
from reelgate.media.jobs import Job
from reelgate.media.kinds import sniff

PIXELS_MAX: Final = 40_000_000
COLUMNS: Final = 5
ROWS: Final = 4
TILES: Final = COLUMNS * ROWS
TILE_SIDE: Final = 256
THUMBNAIL_SIDE: Final = 640
_LONG_FRAMES: Final = 900
"""Above this many frames, pictures are taken from key frames when there are enough of them."""
_CODECS: Final = frozenset({"h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "mjpeg", "prores"})
_OPTIONS: Final = {
    "format_whitelist": "mov,mp4,matroska,webm",
    "protocol_whitelist": "none",
    "codec_whitelist": (
        "h264,hevc,libdav1d,av1,vp8,vp9,libvpx,libvpx-vp9,mpeg4,mjpeg,prores,"
        "aac,mp3,mp3float,opus,libopus,vorbis,flac,alac,ac3,eac3,pcm_s16le,pcm_s16be,pcm_s24le,pcm_f32le"
    ),
}


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a clip holds; `intake.Clip` on the other side."""

    media_type: str
    width: int
    height: int
    seconds: float
    fps: float
    has_audio: bool
    frames: int
    codec: str


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """How a spritesheet is laid out; `derive.Layout` on the other side."""

    columns: int
    rows: int
    tile_width: int
    tile_height: int
    count: int
    seconds: float


class _Index(msgspec.Struct, frozen=True):
    """One walk over every packet, nothing decoded."""

    start: float
    """Time of the first frame."""
    seconds: float
    frames: int
    keys: tuple[int, ...]
    """Timestamps of the key frames."""


def probe(job: Job) -> Facts:
    """Say what the clip in file 0 holds after decoding its first and last key frame."""
    with _opened(job.files[0]) as (container, media_type):
        index = _walk(container)
        ends = frozenset({index.keys[0], index.keys[-1]})
        shown = list(_decoded(container, ends))
        if len(shown) < len(ends):
            raise _damaged()
        return _facts(container, index, shown[0], media_type)


def archive(job: Job) -> dict[str, Any]:
    """Check the clip in file 0 and write its thumbnail to file 1 and its spritesheet to file 2, decoding once."""
    with _opened(job.files[0]) as (container, media_type):
        index = _walk(container)
        facts, best, tiles = _gallery(container, index, media_type)
        _write(job.files[1], _thumbnail(best))
        _write(job.files[2], _sheet(tiles))
        return {"clip": facts, "layout": _layout(tiles, facts.seconds)}


def thumbnail(job: Job) -> tuple[int, int]:
    """Write a representative frame of file 0 to file 1 as WebP."""
    with _opened(job.files[0]) as (container, media_type):
        _, best, _ = _gallery(container, _walk(container), media_type)
        return _write(job.files[1], _thumbnail(best))


def spritesheet(job: Job) -> Sheet:
    """Write evenly spaced frames of file 0 to file 1 as one JPEG."""
    with _opened(job.files[0]) as (container, media_type):
        facts, _, tiles = _gallery(container, _walk(container), media_type)
        _write(job.files[1], _sheet(tiles))
        return _layout(tiles, facts.seconds)


def portrait(job: Job) -> tuple[int, int]:
    """Write a representative frame of file 0 to file 1 as PNG in full size."""
    with _opened(job.files[0]) as (container, media_type):
        _, best, _ = _gallery(container, _walk(container), media_type)
        return _write(job.files[1], _png(best.picture()))


def moment(job: Job) -> tuple[int, int]:
    """Write the frame of file 0 that is shown `at` seconds into it to file 1 as PNG in full size."""
    with _opened(job.files[0]) as (container, _):
        index = _walk(container)
        unit = float(container.streams.video[0].time_base or 0)
        at = index.start + min(max(0.0, float(job.args["at"])), index.seconds)
        key = max((k for k in index.keys if k * unit <= at), default=index.keys[0])
        shot: _Shot | None = None
        for shot in _decoded(container, None, after=key):
            if shot.reached(at):
                break
        if shot is None:
            raise _damaged()
        return _write(job.files[1], _png(shot.picture()))


def last_frame(job: Job) -> tuple[int, int]:
    """Write the last frame of file 0 to file 1 as PNG in full size."""
    with _opened(job.files[0]) as (container, _):
        index = _walk(container)
        frames = _decoded(container, None, after=index.keys[-1])
        last = max(frames, key=lambda shot: shot.frame.pts or 0, default=None)
        if last is None:
            raise _damaged()
        return _write(job.files[1], _png(last.picture()))


@dataclass(frozen=True)
class _Shot:
    """A decoded frame and how it is meant to be shown."""

    frame: VideoFrame
    aspect: float
    """How many times wider than high a pixel is."""

    @property
    def size(self) -> tuple[int, int]:
        """The size as shown: square pixels, upright."""
        width, height = max(1, round(self.frame.width * self.aspect)), self.frame.height
        return (height, width) if self.frame.rotation % 180 else (width, height)

    def reached(self, moment: float) -> bool:
        """Whether the frame is shown at or after `moment`, give or take half a frame."""
        half = float((self.frame.duration or 0) * (self.frame.time_base or 0)) / 2
        return moment <= (self.frame.time or 0.0) + half

    def picture(self, side: int | None = None) -> Image.Image:
        """Give it as a picture, upright, its longest side at most `side`."""
        width, height = self.size
        if side is not None and max(width, height) > side:
            scale = side / max(width, height)
            width, height = max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
        if self.frame.rotation % 180:
            width, height = height, width
        flat = self.frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
        picture = cast("Image.Image", flat.to_image())  # pyright: ignore[reportUnknownMemberType]
        return picture.rotate(self.frame.rotation, expand=True) if self.frame.rotation else picture


# Reading.


@contextmanager
def _opened(fd: int) -> Generator[tuple[InputContainer, str]]:
    with os.fdopen(fd, "rb", buffering=0) as file:
        media_type = _media_type(file)
        try:
            container = av.open(
                file, mode="r", options=_OPTIONS, buffer_size=1 << 18, metadata_errors="ignore"
            )
        except MemoryError:
            raise
        except (FFmpegError, ValueError) as error:
            raise _damaged() from error
        with container:
            _admit(container)
            container.streams.video[0].thread_type = "AUTO"
            yield container, media_type


def _media_type(file: io.FileIO) -> str:
    """Tell the clip's media type by its first bytes and go back to its start."""
    media_type = sniff(file.read(64))
    file.seek(0)
    if media_type is None or not media_type.startswith("video/"):
        raise refuse(Code.UNSUPPORTED_MEDIA, "This is not an MP4, MOV or WebM clip.")
    return media_type


def _admit(container: InputContainer) -> None:
    if not container.streams.video:
        raise refuse(Code.UNSUPPORTED_MEDIA, "The file has no picture track.")
    context = container.streams.video[0].codec_context
    if context.codec.canonical_name not in _CODECS:
        raise refuse(Code.UNSUPPORTED_MEDIA, f"Clips in `{context.name}` are not taken.")
    if context.width * context.height > PIXELS_MAX:
        raise refuse(Code.PAYLOAD_TOO_LARGE, "The clip's frames have more than 40 megapixels.")


def _damaged() -> Exception:
    return refuse(Code.UNSUPPORTED_MEDIA, "The clip is damaged or cut short.")


def _walk(container: InputContainer) -> _Index:
    video = container.streams.video[0]
    frames, start, end, reach = 0, None, 0.0, 0.0
    keys: list[int] = []
    try:
        for packet in container.demux():
            if packet.pts is None:
                continue
            until = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            reach = max(reach, until)
            if packet.stream.index != video.index:
                continue
            frames += 1
            begins = float(packet.pts * packet.time_base)
            start = begins if start is None else min(start, begins)
            end = max(end, until)
            if packet.is_keyframe and not packet.is_corrupt:
                keys.append(packet.pts)
    except FFmpegError as error:
        raise _damaged() from error
    if start is None or not keys or _cut_short(container, video, frames, reach):
        raise _damaged()
    return _Index(start, max(end - start, 0.0), frames, tuple(keys))


def _cut_short(container: InputContainer, video: VideoStream, frames: int, reach: float) -> bool:
    if video.frames and frames < video.frames:
        return True
    if container.duration is None:
        return False
    begins = (container.start_time or 0) / av.time_base
    promised = begins + container.duration / av.time_base
    return reach < promised - max(0.25, 0.03 * (promised - begins))


def _decoded(
    container: InputContainer, only: frozenset[int] | None, after: int | None = None
) -> Iterator[_Shot]:
    """Decode the packets with these timestamps, or all of them, skipping over those that are damaged."""
    video = container.streams.video[0]
    aspect = float(video.sample_aspect_ratio or 1)
    container.seek(after if after is not None else 0, stream=video if after is not None else None)
    for packet in container.demux(video):
        if packet.pts is not None and only is not None and packet.pts not in only:
            continue
        try:
            for frame in packet.decode():
                yield _Shot(frame, aspect)
        except InvalidDataError:
            continue


def _facts(container: InputContainer, index: _Index, shot: _Shot, media_type: str) -> Facts:
    video = container.streams.video[0]
    width, height = shot.size
    rate = video.average_rate or video.guessed_rate
    fps = float(rate) if rate else index.frames / max(index.seconds, 0.001)
    return Facts(
        media_type=media_type,
        width=width,
        height=height,
        seconds=round(index.seconds or index.frames / fps, 3),
        fps=round(fps, 3),
        has_audio=bool(container.streams.audio),
        frames=index.frames,
        codec=video.codec_context.codec.canonical_name,
    )


# Pictures of it.


def _gallery(
    container: InputContainer, index: _Index, media_type: str
) -> tuple[Facts, _Shot, list[Image.Image]]:
    """Decode once and give the facts, the most telling frame, and one small picture for each tile."""
    only = frozenset(index.keys) if index.frames > _LONG_FRAMES and len(index.keys) >= TILES else None
    wanted = [index.start + index.seconds * (i + 0.5) / TILES for i in range(TILES)]
    tiles: list[Image.Image] = []
    best: _Shot | None = None
    best_score = -1.0
    decoded, first, last = 0, None, None
    for shot in _decoded(container, only):
        decoded, first, last = decoded + 1, first or shot, shot
        due = sum(1 for moment in wanted[len(tiles) :] if shot.reached(moment))
        if due == 0:
            continue
        tile = shot.picture(TILE_SIDE)
        score = _telling(tile) * _placed(len(tiles) / TILES)
        tiles += [tile] * due
        if score > best_score:
            best, best_score = shot, score
    if first is None or last is None or decoded < 0.9 * (len(only) if only else index.frames):
        raise _damaged()
    tiles += [last.picture(TILE_SIDE)] * (TILES - len(tiles))
    return _facts(container, index, first, media_type), best or last, tiles


def _telling(tile: Image.Image) -> float:
    """Score how much a picture shows: its spread of tones, little when nearly black or white."""
    grey = tile.convert("L")
    histogram = grey.histogram()
    mean = sum(tone * count for tone, count in enumerate(histogram)) / max(sum(histogram), 1)
    return grey.entropy() * (0.2 if mean < 20 or mean > 238 else 1.0)


def _placed(position: float) -> float:
    # Of equally telling frames the one about a third in says most: titles are over, the subject is there.
    return 1.0 - 0.15 * abs(position - 0.35)


def _thumbnail(shot: _Shot) -> tuple[bytes, tuple[int, int]]:
    picture = shot.picture(THUMBNAIL_SIDE)
    return _saved(picture, lambda out: picture.save(out, "WEBP", quality=82, method=3))


def _sheet(tiles: Sequence[Image.Image]) -> tuple[bytes, tuple[int, int]]:
    width, height = tiles[0].size
    sheet = Image.new("RGB", (width * COLUMNS, height * ROWS))
    for place, tile in enumerate(tiles):
        sheet.paste(tile, (place % COLUMNS * width, place // COLUMNS * height))
    return _saved(sheet, lambda out: sheet.save(out, "JPEG", quality=82, progressive=True))


def _layout(tiles: Sequence[Image.Image], seconds: float) -> Sheet:
    width, height = tiles[0].size
    return Sheet(
        columns=COLUMNS, rows=ROWS, tile_width=width, tile_height=height, count=len(tiles), seconds=seconds
    )


def _png(picture: Image.Image) -> tuple[bytes, tuple[int, int]]:
    return _saved(picture, lambda out: picture.save(out, "PNG", compress_level=3))


def _saved(picture: Image.Image, save: Callable[[io.BytesIO], None]) -> tuple[bytes, tuple[int, int]]:
    out = io.BytesIO()
    save(out)
    return out.getvalue(), picture.size


def _write(fd: int, made: tuple[bytes, tuple[int, int]]) -> tuple[int, int]:
    data, size = made
    with os.fdopen(fd, "wb") as sink:
        sink.write(data)
    return size
