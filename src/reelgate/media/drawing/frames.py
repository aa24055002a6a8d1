"""From canvas to encoder frames and back: the only place that touches frame buffers."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane

from reelgate.media.drawing.canvas import Bytes, Canvas


def _buffer(plane: VideoPlane) -> Bytes:
    values: Bytes = np.frombuffer(cast("Any", plane), np.uint8)
    return values.reshape(-1, plane.line_size)


def to_frame(canvas: Canvas) -> VideoFrame:
    """Copy a canvas into a new frame."""
    frame = VideoFrame(canvas.width, canvas.height, "yuv420p")
    for plane, values in zip(frame.planes, (canvas.y, canvas.u, canvas.v), strict=True):
        high, wide = values.shape
        np.copyto(_buffer(plane)[:high, :wide], values, casting="unsafe")
    return frame


def from_frame(frame: VideoFrame, canvas: Canvas) -> None:
    """Copy a frame of the same size into a canvas."""
    for plane, values in zip(frame.planes, (canvas.y, canvas.u, canvas.v), strict=True):
        high, wide = values.shape
        np.copyto(values, _buffer(plane)[:high, :wide])


def enlarge(small: Canvas, big: Canvas) -> None:
    """Scale one canvas into another, smoothly."""
    frame = to_frame(small)
    from_frame(frame.reformat(width=big.width, height=big.height, interpolation="BICUBIC"), big)


def cropped(frame: VideoFrame, box: tuple[float, float, float, float]) -> VideoFrame:
    """Give a part of a 4:2:0 frame, its edges on even pixels."""
    left, top = round(box[0] / 2), round(box[1] / 2)
    wide, high = max(1, round((box[2] - box[0]) / 2)), max(1, round((box[3] - box[1]) / 2))
    wide, high = min(wide, frame.width // 2 - left), min(high, frame.height // 2 - top)
    if (wide * 2, high * 2) == (frame.width, frame.height):
        return frame
    part = VideoFrame(wide * 2, high * 2, "yuv420p")
    for source, target, step in zip(frame.planes, part.planes, (2, 1, 1), strict=True):
        rows = slice(top * step, (top + high) * step)
        columns = slice(left * step, (left + wide) * step)
        _buffer(target)[: high * step, : wide * step] = _buffer(source)[rows, columns]
    return part
