"""Stored clips in front of the camera: frames by time, cut to cover, graded."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from PIL import Image

from reelgate.core.render import Look
from reelgate.media.drawing.canvas import Bytes, Canvas
from reelgate.media.drawing.encode import MAKER
from reelgate.media.drawing.frames import cropped, from_frame
from reelgate.media.drawing.pictures import cover

_CLEAR = (0.09, 0.75)
"""The rows of our own clips that carry no lettering when a clip does not say it, as shares of the height."""
_LEAST = 0.3
"""A smaller share than this is no picture any more."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What a clip of ours says about itself in its metadata."""

    maker: str
    model: str
    generated: bool = False
    seed: int = 0
    clear: tuple[float, float] = _CLEAR
    """The rows that carry no lettering, as shares of the height."""


def mark_of(container: InputContainer) -> Mark | None:
    """Give the mark of a clip that we drew; None for anybody else's."""
    try:
        mark = msgspec.json.decode(container.metadata.get("comment", ""), type=Mark)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    top, bottom = mark.clear
    sound = mark.maker == MAKER and top >= 0 and bottom <= 1 and bottom - top >= _LEAST
    return mark if sound else None


class Footage:
    """A clip played forward once, one frame for each moment asked for."""

    def __init__(self, container: InputContainer, size: tuple[int, int], *, clean: bool) -> None:
        """Take an open clip; `clean` cuts away the lettering of clips that we drew ourselves."""
        self._container = container
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "NONE"
        self._size = size
        mark = mark_of(container) if clean else None
        self._rows = (0.0, 1.0) if mark is None else mark.clear
        self._frames = self._decode()
        self._now = next(self._frames, None)
        self._next = next(self._frames, None)
        self._start = self._time(self._now) if self._now is not None else 0.0

    def _decode(self) -> Iterator[VideoFrame]:
        try:
            yield from self._container.decode(self._stream)
        except FFmpegError:
            return

    @staticmethod
    def _time(frame: VideoFrame) -> float:
        return 0.0 if frame.pts is None else frame.time

    def film(self, canvas: Canvas, seconds: float) -> None:
        """Fill the canvas with the frame shown at `seconds`; the last one stays."""
        while self._next is not None and self._time(self._next) - self._start <= seconds + 0.002:
            self._now, self._next = self._next, next(self._frames, None)
        if self._now is None:
            canvas.y.fill(16)
            canvas.u.fill(128)
            canvas.v.fill(128)
            return
        from_frame(self._cut(self._now), canvas)

    def _cut(self, frame: VideoFrame) -> VideoFrame:
        """Cut what is to be seen out of a frame and bring it to size."""
        width, height = self._size
        if frame.rotation:
            frame = VideoFrame.from_ndarray(np.asarray(_picture(frame)), format="rgb24")
        if frame.format.name != "yuv420p":
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
        top, bottom = (round(frame.height * share) for share in self._rows)
        box = cover((frame.width, bottom - top), width / height, 0.5)
        shown = cropped(frame, (box[0], box[1] + top, box[2], box[3] + top))
        if (shown.width, shown.height) == self._size:
            return shown
        return shown.reformat(width=width, height=height, interpolation="BICUBIC")

    def still(self, seconds: float) -> Image.Image | None:
        """Give the frame shown at `seconds` as a picture."""
        while self._next is not None and self._time(self._next) - self._start <= seconds:
            self._now, self._next = self._next, next(self._frames, None)
        return None if self._now is None else _picture(self._now)

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()


def _picture(frame: VideoFrame) -> Image.Image:
    picture = Image.fromarray(frame.to_ndarray(format="rgb24"))
    return picture.rotate(frame.rotation, expand=True) if frame.rotation else picture


class Grade:
    """A named look: a tone curve and a turn of the colours, as three tables."""

    def __init__(self, look: Look) -> None:
        """Work the look out once."""
        gamma, lift, gain, saturation, blue, red = _LOOKS[look]
        tone = (np.arange(256, dtype=np.float32) - 16) / 219
        curve = np.clip(tone, 0, 1) ** np.float32(gamma)
        curve = curve + np.float32(0.09) * np.sin((curve - np.float32(0.5)) * np.float32(np.pi)) * np.clip(
            1 - np.abs(curve - 0.5) * 2, 0, 1
        )
        self._luma: Bytes = np.clip(16 + 219 * (lift + curve * (gain - lift)), 16, 235).astype(np.uint8)
        chroma = np.arange(256, dtype=np.float32) - 128
        self._blue: Bytes = np.clip(128 + chroma * saturation + blue, 16, 240).astype(np.uint8)
        self._red: Bytes = np.clip(128 + chroma * saturation + red, 16, 240).astype(np.uint8)

    def lay(self, canvas: Canvas) -> None:
        """Grade a frame."""
        for plane, table in ((canvas.y, self._luma), (canvas.u, self._blue), (canvas.v, self._red)):
            np.copyto(plane, table[np.clip(plane, 0, 255)])


_LOOKS: dict[Look, tuple[float, float, float, float, float, float]] = {
    Look.WARM: (0.97, 0.02, 1.0, 1.06, -9, 8),
    Look.COOL: (1.0, 0.02, 0.97, 0.95, 9, -7),
    Look.MONO: (1.0, 0.01, 0.98, 0.0, 0, 0),
    Look.NIGHT: (1.3, 0.0, 0.66, 0.62, 13, -6),
    Look.FADED: (0.9, 0.11, 0.93, 0.7, -3, 3),
    Look.VIVID: (1.0, 0.0, 1.0, 1.32, 0, 0),
}
