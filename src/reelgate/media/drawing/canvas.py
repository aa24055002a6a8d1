"""The canvas: three planes of whole numbers (4:2:0), and the few ways to lay something over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelgate.media.drawing.colour import Floats, Ints, yuv

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Canvas:
    """One frame being painted, in video levels."""

    y: Ints
    u: Ints
    v: Ints

    @classmethod
    def blank(cls, width: int, height: int) -> Canvas:
        """Give a canvas of even sides with undefined contents."""
        return cls(
            np.empty((height, width), np.int16),
            np.empty((height // 2, width // 2), np.int16),
            np.empty((height // 2, width // 2), np.int16),
        )

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.y.shape[1]

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.y.shape[0]

    def take(self, other: Canvas) -> None:
        """Become a copy of another canvas."""
        np.copyto(self.y, other.y)
        np.copyto(self.u, other.u)
        np.copyto(self.v, other.v)

    def toward(self, other: Canvas, share: float) -> None:
        """Dissolve into another canvas: 0 leaves this one, 1 gives the other."""
        weight = np.int16(round(share * 128))
        for mine, theirs in ((self.y, other.y), (self.u, other.u), (self.v, other.v)):
            step = theirs - mine
            step *= weight
            step >>= 7
            mine += step

    def lay(self, alpha: Ints, rows: Floats, top: int, left: int = 0) -> None:
        """Lay colour through a mask (0 to 128); `rows` holds one YUV colour per row of the mask."""
        height, width = alpha.shape
        y = self.y[top : top + height, left : left + width]
        _blend(y, rows[:, :1].astype(np.int16), alpha)
        odd_row, odd_column = top & 1, left & 1
        small = alpha[odd_row::2, odd_column::2]
        tint = rows[odd_row::2]
        for plane, channel in ((self.u, 1), (self.v, 2)):
            part = plane[
                (top + odd_row) // 2 : (top + odd_row) // 2 + small.shape[0],
                (left + odd_column) // 2 : (left + odd_column) // 2 + small.shape[1],
            ]
            deep, wide = part.shape
            _blend(part, tint[:deep, channel : channel + 1].astype(np.int16), small[:deep, :wide])

    def fill_rows(self, rows: Floats, top: int) -> None:
        """Fill whole rows from `top` on with one colour each."""
        self.y[top : top + len(rows)] = rows[:, :1].astype(np.int16)
        odd = top & 1
        half = rows[odd::2]
        first = (top + odd) // 2
        deep = min(len(half), self.u.shape[0] - first)
        self.u[first : first + deep] = half[:deep, 1:2].astype(np.int16)
        self.v[first : first + deep] = half[:deep, 2:3].astype(np.int16)

    def glow(self, light: Ints, colour: Floats, top: int = 0, left: int = 0) -> None:
        """Add light: `light` (0 to 255) pulls the canvas toward `colour` like a screen."""
        rows = np.repeat(yuv(colour)[None, :], light.shape[0], axis=0)
        self.lay((light >> 1).astype(np.int16), rows, top, left)


def _blend(plane: Ints, colour: Ints, alpha: Ints) -> None:
    step = colour - plane
    step *= alpha
    step += np.int16(64)
    step >>= 7
    plane += step


def painted(picture: Floats, rng: np.random.Generator | None = None) -> Canvas:
    """Turn an RGB picture (height, width, 3; 0 to 1) into a canvas, dithered against banding."""
    levels = yuv(picture)
    if rng is not None:
        levels = levels + rng.uniform(-0.6, 0.6, picture.shape[:2]).astype(np.float32)[..., None]
    y = np.rint(levels[..., 0]).astype(np.int16)
    chroma = levels[..., 1:]
    half = (chroma[::2, ::2] + chroma[1::2, ::2] + chroma[::2, 1::2] + chroma[1::2, 1::2]) / 4
    return Canvas(
        np.ascontiguousarray(y),
        np.rint(half[..., 0]).astype(np.int16),
        np.rint(half[..., 1]).astype(np.int16),
    )
