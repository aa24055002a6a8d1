"""Stored pictures in front of the camera: slow, even moves over a well-cut detail, or whole over a soft fill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from reelgate.core.render import Move
from reelgate.media.drawing.camera import eased
from reelgate.media.drawing.canvas import Canvas, painted
from reelgate.media.drawing.colour import Floats, Ints
from reelgate.media.drawing.layers import mask_image, pixels

Planes = tuple[Image.Image, Image.Image, Image.Image]
Box = tuple[float, float, float, float]
_APART = 1.75
"""From this difference of shape on a picture is shown whole over a fill instead of cut to cover."""
_ROOM = 1.2
"""How much larger than the frame a picture is kept, so that a push in stays sharp."""
_BIAS = 0.38
"""Where the cut leans when a picture is too tall: faces and horizons live above the middle."""


def cover(size: tuple[int, int], aspect: float, bias: float = _BIAS) -> Box:
    """Give the largest box of a shape inside a picture, leaning upward."""
    width, height = size
    if width / height > aspect:
        wide = height * aspect
        return ((width - wide) / 2, 0.0, (width + wide) / 2, float(height))
    high = width / aspect
    top = (height - high) * bias
    return (0.0, top, float(width), top + high)


def planes_of(canvas: Canvas) -> Planes:
    """Turn a canvas into 8-bit pictures that can be resampled."""
    y, u, v = (Image.fromarray(plane.astype(np.uint8)) for plane in (canvas.y, canvas.u, canvas.v))
    return y, u, v


def to_canvas(image: Image.Image) -> Canvas:
    """Turn an RGB picture of even sides into a canvas."""
    return painted(np.asarray(image).astype(np.float32) / np.float32(255))


def sample(planes: Planes, box: Box, canvas: Canvas) -> None:
    """Fill a canvas with a box of a picture, with fractions of a pixel."""
    for image, plane, share in zip(planes, (canvas.y, canvas.u, canvas.v), (1.0, 0.5, 0.5), strict=True):
        part = (
            max(0.0, box[0] * share),
            max(0.0, box[1] * share),
            min(float(image.width), box[2] * share),
            min(float(image.height), box[3] * share),
        )
        size = (plane.shape[1], plane.shape[0])
        np.copyto(plane, np.asarray(image.resize(size, Image.Resampling.BILINEAR, box=part)))


@dataclass(frozen=True)
class Still:
    """A picture with a camera moving over it."""

    planes: Planes
    move: Move
    pace: float
    aspect: float
    fill: Canvas | None = None
    """What is seen around the picture when it is shown whole."""
    card: tuple[int, int, int, int] | None = None
    """Where the whole picture lies: left, top, width, height."""

    def film(self, canvas: Canvas, progress: float) -> None:
        """Fill the canvas with what the camera sees."""
        along = eased(progress)
        if self.fill is None or self.card is None:
            sample(self.planes, self._box(along), canvas)
            return
        canvas.take(self.fill)
        left, top, wide, high = self.card
        window = Canvas(
            canvas.y[top : top + high, left : left + wide],
            canvas.u[top // 2 : (top + high) // 2, left // 2 : (left + wide) // 2],
            canvas.v[top // 2 : (top + high) // 2, left // 2 : (left + wide) // 2],
        )
        sample(self.planes, self._box(along, reach=0.07), window)

    def _box(self, along: float, reach: float | None = None) -> Box:
        width, height = self.planes[0].size
        whole = cover((width, height), self.aspect)
        zoom = 0.07 + 0.09 * self.pace if reach is None else reach
        share = 1 - zoom * _NEARER.get(self.move, lambda _: 1.0)(along)
        wide, high = (whole[2] - whole[0]) * share, (whole[3] - whole[1]) * share
        room = (width - wide, height - high) if reach is None else (whole[2] - wide, whole[3] - high)
        across, down = _TOWARD.get(self.move, lambda _: (0.0, 0.0))(along - 0.5)
        left = (whole[0] + whole[2] - wide) / 2 + across * min(room[0], wide * _SWEEP)
        top = (whole[1] + whole[3] - high) / 2 + down * min(room[1], high * _SWEEP)
        left, top = min(max(0.0, left), width - wide), min(max(0.0, top), height - high)
        return (left, top, left + wide, top + high)


_SWEEP = 0.42
"""How far a pan goes at most, as a share of what is seen."""
_NEARER: dict[Move, Callable[[float], float]] = {
    Move.PUSH_IN: lambda along: along,
    Move.PULL_OUT: lambda along: 1 - along,
}
_TOWARD: dict[Move, Callable[[float], tuple[float, float]]] = {
    Move.PAN_RIGHT: lambda off: (off, 0.0),
    Move.PAN_LEFT: lambda off: (-off, 0.0),
    Move.TILT_UP: lambda off: (0.0, -off),
    Move.TILT_DOWN: lambda off: (0.0, off),
}


def still(image: Image.Image, size: tuple[int, int], move: Move, pace: float) -> Still:
    """Prepare a picture for a frame of `size`."""
    aspect, own = size[0] / size[1], image.width / image.height
    apart = max(own / aspect, aspect / own)
    panning = (
        move in (Move.PAN_LEFT, Move.PAN_RIGHT) if own > aspect else move in (Move.TILT_UP, Move.TILT_DOWN)
    )
    if apart > _APART and not panning:
        return _whole(image, size, move, pace)
    scale = max(size[0] / image.width, size[1] / image.height) * _ROOM
    return Still(planes_of(to_canvas(_resized(image, scale))), move, pace, aspect)


def _resized(image: Image.Image, scale: float) -> Image.Image:
    wide, high = (max(2, round(side * scale) // 2 * 2) for side in image.size)
    return image.resize(
        (wide, high), Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC, reducing_gap=2.0
    )


def _whole(image: Image.Image, size: tuple[int, int], move: Move, pace: float) -> Still:
    margin = round(min(size) * 0.055)
    room = (size[0] - 2 * margin, size[1] * 0.72)
    scale = min(room[0] / image.width, room[1] / image.height)
    wide, high = (max(4, round(side * scale) // 2 * 2) for side in image.size)
    left = (size[0] - wide) // 4 * 2
    top = max(0, round((size[1] - high) * 0.42)) // 2 * 2
    fill = soft_fill(image, size)
    shadow(fill, (left, top, wide, high), size)
    return Still(
        planes_of(to_canvas(_resized(image, scale * _ROOM))),
        move,
        pace,
        wide / high,
        fill,
        (left, top, wide, high),
    )


def soft_fill(image: Image.Image, size: tuple[int, int]) -> Canvas:
    """Make a dim, blurred ground out of a picture."""
    box = cover(image.size, size[0] / size[1], 0.5)
    small = image.resize((36, max(8, round(36 * size[1] / size[0]))), Image.Resampling.BOX, box=box)
    middle = small.resize((size[0] // 4, size[1] // 4), Image.Resampling.BICUBIC).resize(
        size, Image.Resampling.BICUBIC
    )
    values = np.asarray(middle).astype(np.float32) / np.float32(255)
    return painted(np.clip(values * np.float32(0.62), 0, 1), np.random.Generator(np.random.PCG64(5)))


def shadow(canvas: Canvas, card: tuple[int, int, int, int], size: tuple[int, int]) -> None:
    """Darken the ground softly around a card."""
    left, top, wide, high = card
    reach = np.float32(min(size) * 0.05)
    x = np.arange(size[0], dtype=np.float32)
    y = np.arange(size[1], dtype=np.float32) - np.float32(reach * 0.35)
    off_x = np.maximum(np.maximum(left - x, x - (left + wide)), 0)[None, :]
    off_y = np.maximum(np.maximum(top - y, y - (top + high)), 0)[:, None]
    near = np.exp(-((np.sqrt(off_x**2 + off_y**2) / reach) ** 2)) * np.float32(0.46)
    alpha: Ints = pixels(mask_image(near)) >> 1
    dark: Floats = np.tile(np.array([16, 128, 128], np.float32), (size[1], 1))
    canvas.lay(alpha, dark, 0)


@dataclass(frozen=True)
class Card:
    """A character's picture in a thin frame over the scene."""

    picture: Canvas
    alpha: Ints
    left: int
    top: int
    shade: Ints

    def lay(self, canvas: Canvas, strength: float) -> None:
        """Lay the card over a frame; it fades in."""
        if strength <= 0:
            return
        weight = np.int16(round(min(1.0, strength) * 128))
        dark: Floats = np.tile(np.array([16, 128, 128], np.float32), (self.shade.shape[0], 1))
        canvas.lay(self.shade * weight >> 7, dark, 0, 0)
        high, wide = self.alpha.shape
        for plane, own, step in (
            (canvas.y, self.picture.y, 1),
            (canvas.u, self.picture.u, 2),
            (canvas.v, self.picture.v, 2),
        ):
            spot = plane[
                self.top // step : (self.top + high) // step, self.left // step : (self.left + wide) // step
            ]
            spot += ((own - spot) * (self.alpha[::step, ::step] * weight >> 7)) >> 7


def cards(images: list[Image.Image], size: tuple[int, int]) -> list[Card]:
    """Arrange up to three portraits side by side in the middle of the frame."""
    images = images[:3]
    count = len(images)
    wide = min(size[0] * (0.46, 0.36, 0.28)[count - 1], size[1] * 0.42) if count else 0.0
    wide = int(wide) // 2 * 2
    high = int(wide * 1.2) // 2 * 2
    gap = int(size[0] * 0.035)
    left = (size[0] - count * wide - (count - 1) * gap) // 2
    top = int((size[1] - high) * 0.4) // 2 * 2
    return [
        _card(image, (left + i * (wide + gap)) // 2 * 2, top, wide, high, size)
        for i, image in enumerate(images)
    ]


def _card(image: Image.Image, left: int, top: int, wide: int, high: int, size: tuple[int, int]) -> Card:
    edge = max(2, round(wide * 0.022))
    inner = (wide - 2 * edge, high - 2 * edge)
    framed = Image.new("RGB", (wide, high), (244, 241, 234))
    part = cover(image.size, inner[0] / inner[1], 0.25)
    framed.paste(image.resize(inner, Image.Resampling.LANCZOS, box=part), (edge, edge))
    radius = np.float32(wide * 0.045)
    x = np.abs(np.arange(wide, dtype=np.float32) - np.float32(wide / 2 - 0.5)) - np.float32(wide / 2) + radius
    y = np.abs(np.arange(high, dtype=np.float32) - np.float32(high / 2 - 0.5)) - np.float32(high / 2) + radius
    corner = np.sqrt(np.maximum(x, 0)[None, :] ** 2 + np.maximum(y, 0)[:, None] ** 2)
    alpha = (np.clip(radius - corner + np.float32(0.5), 0, 1) * 128).astype(np.int16)
    ground = Canvas.blank(*size)
    ground.y.fill(255)
    ground.u.fill(128)
    ground.v.fill(128)
    shadow(ground, (left, top, wide, high), size)
    return Card(to_canvas(framed), alpha, left, top, ((255 - ground.y) * 128 // 239).astype(np.int16))
