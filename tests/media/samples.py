"""Pictures and clips made on the spot for the media tests."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import av
from av.video.stream import VideoStream
from PIL import Image


def scene(width: int, height: int) -> Image.Image:
    """A picture with soft tones in it."""
    across = Image.linear_gradient("L").resize((width, height))
    around = Image.radial_gradient("L").resize((width, height))
    return Image.merge("RGB", (across, around, across.rotate(180)))


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    """A picture as a file of this kind."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def bomb(side: int) -> bytes:
    """A PNG of a few KiB that says it has `side` by `side` pixels and keeps its word."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    rows = zlib.compressobj(9)
    line = b"\0" * (1 + side // 8 + 1)
    data = b"".join(rows.compress(line) for _ in range(side)) + rows.flush()
    head = struct.pack("!IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def clip(
    path: Path,
    *,
    size: tuple[int, int] = (96, 160),
    frames: int = 24,
    fps: int = 12,
    container: str = "mp4",
    codec: str = "libx264",
    audio: bool = False,
    dark: int = 0,
    front: bool = False,
    ground: Image.Image | None = None,
    opening: Image.Image | None = None,
) -> Path:
    """Write a clip that pans over a scene, its first `dark` frames black or `opening`; `front` puts the index first."""
    width, height = size
    ground = ground or scene(width * 2, height)
    options = {"movflags": "faststart"} if front else {}
    with av.open(str(path), "w", format=container, options=options) as out:
        video = out.add_stream(codec, rate=fps)
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.gop_size = 6
        sound = out.add_stream("aac", rate=8000, layout="mono") if audio else None
        for number in range(frames):
            left = width * number // frames
            picture = ground.crop((left, 0, left + width, height))
            if number < dark:
                picture = opening or Image.new("RGB", size)
            out.mux(video.encode(av.VideoFrame.from_image(picture)))
        out.mux(video.encode(None))
        if sound is not None:
            for block in range(frames * 8000 // fps // 1024):
                frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
                frame.planes[0].update(bytes(4096))
                frame.sample_rate, frame.pts = 8000, block * 1024
                out.mux(sound.encode(frame))
            out.mux(sound.encode(None))
    return path


def sound_only(path: Path) -> Path:
    """Write an MP4 with a sound track and no picture."""
    with av.open(str(path), "w", format="mp4") as out:
        sound = out.add_stream("aac", rate=8000, layout="mono")
        for block in range(8):
            frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
            frame.planes[0].update(bytes(4096))
            frame.sample_rate, frame.pts = 8000, block * 1024
            out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    return path
