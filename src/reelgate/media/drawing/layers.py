"""What a scene is made of: sheets with parallax, sprites, drifting particles, light.

Every element draws itself on a canvas for a view; a sheet that fills everything beneath it says from
which row on, so that what it hides is not drawn at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from PIL import Image

from reelgate.media.drawing.camera import View
from reelgate.media.drawing.canvas import Bytes, Canvas
from reelgate.media.drawing.colour import Floats, Ints, yuv

_STEPS = 256


class Element(Protocol):
    """Something in a scene."""

    def draw(self, canvas: Canvas, view: View, limit: int) -> None:
        """Paint itself; rows from `limit` on will be hidden and need no paint."""
        ...

    def floor(self, view: View, height: int) -> int:
        """Give the row from which on everything behind is hidden; `height` when nothing is."""
        ...


def pixels(image: Image.Image) -> Ints:
    """Give an 8-bit picture as whole numbers."""
    return np.asarray(image).astype(np.int16)


def mask_image(alpha: Floats) -> Image.Image:
    """Make a mask from numbers between 0 and 1."""
    values: Bytes = (np.clip(alpha, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)
    return Image.fromarray(values)


def _weights(band: Image.Image, opacity: float) -> Ints:
    alpha = pixels(band)
    if opacity < 1:
        alpha *= np.int16(round(opacity * 128))
        alpha >>= 7
    alpha += alpha >> 7
    alpha >>= 1
    return alpha


def _between(one: Ints, other: Ints, share: np.int16) -> Ints:
    if not share:
        return one
    step = other - one
    step *= share
    step >>= 7
    step += one
    return step


@dataclass(frozen=True)
class Sheet:
    """A wide cut-out with a colour gradient from top to bottom."""

    mask: Image.Image
    top: float
    """Row of the mask's upper edge while the camera rests."""
    depth: float
    """0 does not move, 1 moves fully."""
    tint: Floats
    """YUV from the mask's upper edge downward over `reach` rows."""
    pivot: float
    """The row that stays put when the camera comes nearer."""
    reach: float
    solid: bool = True
    """Whether everything below the mask is filled."""
    opacity: float = 1.0
    drift: float = 0.0
    """Own motion to the left, pixels a second, as far as the mask is wide."""
    sway: float = 0.0
    bob: float = 0.0
    beat: float = 0.0
    phase: float = 0.0
    scaled: dict[float, Ints] = field(default_factory=dict[float, Ints], repr=False, compare=False)
    """The mask at the scales it was needed in, 0 to 128, with a row and a column to spare."""

    def _place(self, view: View, width: int) -> tuple[float, float, float]:
        scale = view.scale(self.depth)
        wave = math.sin(view.seconds * self.beat + self.phase) if self.beat else 0.0
        lift = math.cos(view.seconds * self.beat + self.phase) * self.bob if self.beat else 0.0
        left = (
            (0 - width / 2 - view.dx * self.depth) / scale
            + self.mask.width / 2
            + self.drift * view.seconds
            + wave * self.sway
        )
        above = (0 - self.pivot - view.dy * self.depth - lift) / scale + self.pivot - self.top
        return left, above, scale

    def floor(self, view: View, height: int) -> int:
        """Give the first row under the mask's lower edge."""
        if not self.solid or self.opacity < 1:
            return height
        _, above, scale = self._place(view, 2)
        return max(0, min(height, math.floor((self.mask.height - above) * scale)))

    def draw(self, canvas: Canvas, view: View, limit: int) -> None:
        """Paint the visible band of the mask and fill what lies below."""
        width, height = canvas.width, min(canvas.height, limit)
        left, above, scale = self._place(view, width)
        left = min(max(0.0, left), self.mask.width - width / scale)
        first = max(0, math.ceil(-above * scale))
        last = min(height, math.floor((self.mask.height - above) * scale))
        colours = self._rows(above, scale, max(first, 0), height)
        if last > first:
            if view.steady or not self.depth:
                alpha = self._shifted(scale, left * scale, above * scale + first, (width, last - first))
            else:
                box = (left, above + first / scale, left + width / scale, above + last / scale)
                band = self.mask.resize((width, last - first), Image.Resampling.BILINEAR, box=box)
                alpha = _weights(band, self.opacity)
            canvas.lay(alpha, colours[: last - first], first)
        if self.solid and height > last:
            below = max(last, 0)
            canvas.fill_rows(colours[below - first :], below)

    def _shifted(self, scale: float, left: float, top: float, size: tuple[int, int]) -> Ints:
        """Give a part of the scaled mask, moved by fractions of a pixel; much cheaper than scaling it again."""
        mask = self.scaled.get(scale)
        if mask is None:
            whole = (math.ceil(self.mask.width * scale), math.ceil(self.mask.height * scale))
            mask = _weights(self.mask.resize(whole, Image.Resampling.BILINEAR), self.opacity)
            mask = self.scaled[scale] = np.pad(mask, ((0, 2), (0, 2)), mode="edge")
        x, y = math.floor(left), math.floor(top)
        part = mask[y : y + size[1] + 1, x : x + size[0] + 1]
        across, down = np.int16((left - x) * 128), np.int16((top - y) * 128)
        part = _between(part[:, :-1], part[:, 1:], across)
        return _between(part[:-1], part[1:], down)

    def _rows(self, above: float, scale: float, first: int, last: int) -> Floats:
        steps = len(self.tint) - 1
        rows = np.arange(first, max(first, last), dtype=np.float32)
        rows *= np.float32(steps / (scale * self.reach))
        rows += np.float32(above * steps / self.reach + 0.5)
        return self.tint[np.clip(rows, 0, steps).astype(np.int32)]


def sheet(
    mask: Image.Image,
    colours: Floats,
    *,
    top: float,
    depth: float,
    pivot: float,
    reach: float,
    solid: bool = True,
    opacity: float = 1.0,
    drift: float = 0.0,
    sway: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
) -> Sheet:
    """Make a sheet; `sway` is reach across, reach down, speed and phase of its own motion.

    Rows that show nothing, or that a fill draws as well, are cut off.
    """
    tint = yuv(colours)
    values: Bytes = np.asarray(mask)
    if solid:
        open_rows = np.flatnonzero((values < 255).any(axis=1))
        mask = mask.crop((0, 0, mask.width, int(open_rows[-1]) + 2 if len(open_rows) else 1))
    else:
        shown = np.flatnonzero(values.any(axis=1))
        first, last = (
            (max(0, int(shown[0]) - 1), min(mask.height, int(shown[-1]) + 2)) if len(shown) else (0, 1)
        )
        mask = mask.crop((0, first, mask.width, last))
        tint = _stretched(tint, first / reach, last / reach)
        top, reach = top + first, float(last - first)
    return Sheet(
        mask=mask,
        top=top,
        depth=depth,
        tint=_stretched(tint, 0.0, 1.0),
        pivot=pivot,
        reach=reach,
        solid=solid,
        opacity=opacity,
        drift=drift,
        sway=sway[0],
        bob=sway[1],
        beat=sway[2],
        phase=sway[3],
    )


def _stretched(tint: Floats, first: float, last: float) -> Floats:
    """Give a part of a gradient in fine steps."""
    at = np.linspace(first, last, _STEPS, dtype=np.float32)
    places = np.linspace(0, 1, len(tint), dtype=np.float32)
    fine = np.stack([np.interp(at, places, tint[:, i]) for i in range(3)], axis=-1)
    return np.rint(fine).astype(np.float32)


@dataclass(frozen=True)
class Sprite:
    """A small silhouette on its own path."""

    mask: Image.Image
    colour: Floats
    x: float
    y: float
    """Place of its middle bottom while the camera rests and it has not moved."""
    depth: float
    pivot: float
    speed: tuple[float, float] = (0.0, 0.0)
    bob: float = 0.0
    beat: float = 1.3
    squeeze: float = 0.0
    """How much it flaps: its height breathes by this share."""
    flap: float = 7.0
    phase: float = 0.0
    opacity: float = 1.0

    def floor(self, view: View, height: int) -> int:
        """Hide nothing."""
        return height

    def draw(self, canvas: Canvas, view: View, limit: int) -> None:
        """Paint it, with fractions of a pixel."""
        scale = view.scale(self.depth)
        middle = (
            (canvas.width / 2)
            + (self.x + self.speed[0] * view.seconds - canvas.width / 2) * scale
            + view.dx * self.depth
        )
        lift = math.sin(view.seconds * self.beat + self.phase) * self.bob
        bottom = (
            (self.y + self.speed[1] * view.seconds + lift - self.pivot) * scale
            + self.pivot
            + view.dy * self.depth
        )
        breath = 1 - self.squeeze * (0.5 + 0.5 * math.sin(view.seconds * self.flap + self.phase))
        wide, high = self.mask.width * scale, self.mask.height * scale * breath
        stamp_image(
            canvas, self.mask, (middle - wide / 2, bottom - high), (wide, high), self.colour, self.opacity
        )


def stamp_image(
    canvas: Canvas,
    mask: Image.Image,
    at: tuple[float, float],
    size: tuple[float, float],
    colour: Floats,
    opacity: float = 1.0,
) -> None:
    """Lay one colour through a mask placed with fractions of a pixel."""
    left, top = max(0, math.ceil(at[0])), max(0, math.ceil(at[1]))
    right = min(canvas.width, math.floor(at[0] + size[0]))
    bottom = min(canvas.height, math.floor(at[1] + size[1]))
    if right - left < 1 or bottom - top < 1:
        return
    rx, ry = mask.width / size[0], mask.height / size[1]
    box = ((left - at[0]) * rx, (top - at[1]) * ry, (right - at[0]) * rx, (bottom - at[1]) * ry)
    box = (box[0], box[1], min(box[2], mask.width), min(box[3], mask.height))
    part = mask.resize((right - left, bottom - top), Image.Resampling.BILINEAR, box=box)
    alpha = (pixels(part) * np.int16(round(opacity * 128)) >> 8).astype(np.int16)
    canvas.lay(alpha, np.repeat(yuv(colour)[None, :], bottom - top, axis=0), top, left)


@dataclass(frozen=True)
class Glow:
    """Light that lies still or breathes: a soft field laid over everything drawn so far."""

    light: Ints
    """0 to 255, the size of the canvas or a part of it."""
    colour: Floats
    top: int = 0
    left: int = 0
    breath: float = 0.0
    beat: float = 1.0
    phase: float = 0.0

    def floor(self, view: View, height: int) -> int:
        """Hide nothing."""
        return height

    def draw(self, canvas: Canvas, view: View, limit: int) -> None:
        """Pull the canvas toward the colour."""
        light = self.light
        if self.breath:
            strength = 1 - self.breath * (0.5 + 0.5 * math.sin(view.seconds * self.beat + self.phase))
            light = (light * np.int16(round(strength * 128)) >> 7).astype(np.int16)
        canvas.glow(light, self.colour, self.top, self.left)


def radial(
    width: int,
    height: int,
    at: tuple[float, float],
    radius: float,
    *,
    power: float = 2.0,
    stretch: float = 1.0,
) -> Floats:
    """Give a round fall-off of light around a place, 1 in the middle."""
    x = (np.arange(width, dtype=np.float32) - np.float32(at[0])) / np.float32(radius * stretch)
    y = (np.arange(height, dtype=np.float32) - np.float32(at[1])) / np.float32(radius)
    distance = np.sqrt(x[None, :] ** 2 + y[:, None] ** 2)
    return 1 / (1 + distance ** np.float32(power) * 4)
