"""A tiny clip that really plays."""

# PyAV's own types are partly unknown.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import io
from fractions import Fraction
from functools import lru_cache

import av


@lru_cache(maxsize=32)
def clip(width: int = 128, height: int = 72, seconds: int = 1, fps: int = 8) -> bytes:
    """Make an H.264 MP4 of exactly this size and length, as bytes; the same call gives the same clip."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        container.metadata["title"] = "reelgate simulator"
        stream = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = Fraction(1, fps)
        for number in range(fps * seconds):
            frame = av.VideoFrame(width, height, "yuv420p")
            for plane, level in zip(frame.planes, (60 + 4 * (number % 40), 110, 150), strict=True):
                plane.update(bytes([level]) * plane.buffer_size)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()
