"""Many small things in the air: flakes, drops, embers, petals, stars, bubbles, dust."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from reelgate.media.drawing.camera import View
from reelgate.media.drawing.canvas import Canvas
from reelgate.media.drawing.colour import Floats, Ints, yuv

_PHASES = 4
_FULL = 64


@dataclass(frozen=True)
class Swarm:
    """Soft dots on straight paths with a sway, wrapping round the frame; near ones are larger and quicker."""

    x: Floats
    y: Floats
    near: Floats
    """0 far to 1 near, for each dot."""
    phase: Floats
    stamps: tuple[tuple[Ints, ...], ...]
    """By size, then by sub-pixel place."""
    colour: Floats
    velocity: tuple[float, float]
    """Pixels a second of the nearest dots."""
    sway: float = 0.0
    beat: float = 1.0
    twinkle: float = 0.0
    opacity: float = 1.0
    bounds: tuple[float, float] = (0.0, 1.0)
    """The part of the frame's height it lives in."""

    def floor(self, view: View, height: int) -> int:
        """Hide nothing."""
        return height

    def draw(self, canvas: Canvas, view: View, limit: int) -> None:
        """Stamp every dot where it is now."""
        width, height = canvas.width, canvas.height
        low, high = self.bounds[0] * height, self.bounds[1] * height
        pace = 0.35 + 0.65 * self.near
        seconds = np.float32(view.seconds)
        x = self.x * (width + 60) + np.float32(self.velocity[0]) * pace * seconds
        x += np.float32(self.sway) * pace * np.sin(seconds * np.float32(self.beat) + self.phase)
        x += np.float32(view.dx) * self.near
        y = self.y * (high - low + 40) + np.float32(self.velocity[1]) * pace * seconds
        y += np.float32(view.dy) * self.near
        x = np.mod(x, width + 60) - 30
        y = np.mod(y, high - low + 40) - 20 + np.float32(low)
        shine = 1 - self.twinkle * (0.5 + 0.5 * np.sin(seconds * (2 + 3 * self.near) + self.phase * 3))
        weight = np.rint(shine * np.float32(self.opacity * _FULL)).astype(np.int16)
        rank = np.minimum((self.near * len(self.stamps)).astype(np.int32), len(self.stamps) - 1)
        layer: Ints = np.zeros((height, width), np.int16)
        for i in np.flatnonzero(weight > 0).tolist():
            _stamp(layer, self.stamps[int(rank[i])], float(x[i]), float(y[i]), int(weight[i]))
        canvas.lay(layer, np.repeat(yuv(self.colour)[None, :], height, axis=0), 0)


def _stamp(layer: Ints, places: tuple[Ints, ...], x: float, y: float, weight: int) -> None:
    left, top = math.floor(x), math.floor(y)
    mask = places[int((y - top) * _PHASES) * _PHASES + int((x - left) * _PHASES)]
    deep, wide = mask.shape
    left -= wide // 2
    top -= deep // 2
    if left < 0 or top < 0 or left + wide > layer.shape[1] or top + deep > layer.shape[0]:
        return
    part = layer[top : top + deep, left : left + wide]
    np.maximum(part, mask if weight == _FULL else mask * np.int16(weight) >> 6, out=part)


def dots(
    smallest: float, largest: float, kinds: int, *, soft: float = 1.0, tall: float = 1.0
) -> tuple[tuple[Ints, ...], ...]:
    """Make round stamps from `smallest` to `largest` radius, each at every sub-pixel place."""
    found: list[tuple[Ints, ...]] = []
    for kind in range(kinds):
        radius = smallest + (largest - smallest) * kind / max(1, kinds - 1)
        across, down = math.ceil(radius * 2 + 2), math.ceil(radius * tall * 2 + 2)
        across, down = across + across % 2, down + down % 2
        row = np.arange(down, dtype=np.float32) - np.float32(down / 2 - 0.5)
        column = np.arange(across, dtype=np.float32) - np.float32(across / 2 - 0.5)
        places: list[Ints] = []
        for phase in range(_PHASES * _PHASES):
            dy, dx = phase // _PHASES / _PHASES - 0.5, phase % _PHASES / _PHASES - 0.5
            r = np.sqrt(
                (column[None, :] - np.float32(dx)) ** 2
                + ((row[:, None] - np.float32(dy)) / np.float32(tall)) ** 2
            )
            edge = np.clip((radius + 0.5 * soft - r) / (soft * max(1.0, radius * 0.6)), 0, 1)
            places.append((edge * 128).astype(np.int16))
        found.append(tuple(places))
    return tuple(found)


def swarm(
    rng: np.random.Generator,
    count: int,
    stamps: tuple[tuple[Ints, ...], ...],
    colour: Floats,
    velocity: tuple[float, float],
    *,
    sway: float = 0.0,
    beat: float = 1.0,
    twinkle: float = 0.0,
    opacity: float = 1.0,
    bounds: tuple[float, float] = (0.0, 1.0),
    still: bool = False,
) -> Swarm:
    """Scatter `count` dots; far ones are many, near ones few."""
    near = rng.random(count, dtype=np.float32) ** 2
    return Swarm(
        x=rng.random(count, dtype=np.float32),
        y=rng.random(count, dtype=np.float32),
        near=near * np.float32(0.1) if still else near,
        phase=rng.random(count, dtype=np.float32) * np.float32(math.tau),
        stamps=stamps,
        colour=colour,
        velocity=velocity,
        sway=sway,
        beat=beat,
        twinkle=twinkle,
        opacity=opacity,
        bounds=bounds,
    )


@dataclass(frozen=True)
class Streaks:
    """Rain: two tileable curtains of slanted streaks that fall at different speeds."""

    curtains: tuple[Ints, ...]
    colour: Floats
    speed: float

    def floor(self, view: View, height: int) -> int:
        """Hide nothing."""
        return height

    def draw(self, canvas: Canvas, view: View, limit: int) -> None:
        """Let the curtains fall; they move too fast for fractions of a pixel to be seen."""
        height, width = canvas.y.shape
        luma = np.int16(yuv(self.colour)[0])
        for number, curtain in enumerate(self.curtains):
            deep, wide = curtain.shape
            fall = int(self.speed * (0.7 + 0.5 * number) * view.seconds) % deep
            slide = int(self.speed * 0.16 * (0.7 + 0.5 * number) * view.seconds) % wide
            shown = np.roll(curtain, (fall, -slide), (0, 1))[:height, :width]
            plane = canvas.y
            step = luma - plane
            step *= shown
            step >>= 7
            plane += step


def rain(
    rng: np.random.Generator, size: tuple[int, int], colour: Floats, *, heavy: float, unit: float
) -> Streaks:
    """Make rain for a frame of `size`; `unit` is the pixel size of the design."""
    width, height = size
    curtains: list[Ints] = []
    for number in range(2):
        curtain = np.zeros((height + 64, width + 32), np.int16)
        length = int((34 + 40 * number) * unit)
        along = np.arange(length)
        fade = (np.sin(along / length * math.pi) * (26 + 26 * number)).astype(np.int16)
        for _ in range(int((110 - 40 * number) * (0.5 + heavy))):
            x, y = int(rng.integers(curtain.shape[1])), int(rng.integers(curtain.shape[0]))
            columns = (x - (along * 0.16).astype(np.int32)) % curtain.shape[1]
            rows = (y + along) % curtain.shape[0]
            curtain[rows, columns] = np.maximum(curtain[rows, columns], fade)
            if number:
                nearby = (columns + 1) % curtain.shape[1]
                curtain[rows, nearby] = np.maximum(curtain[rows, nearby], fade // 2)
        curtains.append(curtain)
    return Streaks(tuple(curtains), colour, 1500 * unit)
