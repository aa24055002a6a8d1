"""Streets, roads and rooms."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from reelgate.core.render import Framing, Weather
from reelgate.media.drawing import noise
from reelgate.media.drawing.camera import View
from reelgate.media.drawing.canvas import Canvas
from reelgate.media.drawing.colour import Floats, mix, ramp, rgb
from reelgate.media.drawing.layers import Glow, Sheet, Sprite, pixels, radial, sheet, stamp_image
from reelgate.media.drawing.particles import dots, swarm
from reelgate.media.drawing.scenes.land import hazy_sky, starry, sun_place, tree_line
from reelgate.media.drawing.scenes.subjects import person_mask
from reelgate.media.drawing.stage import Cutout, Stage, clouds, mist, open_sky, ridge

_CRISP = 6
"""How much wider the dashes of a road are drawn than shown, for clean edges."""
_NEON = ("#ff4fa3", "#4fe3ff", "#ffb347", "#9d6bff", "#5dffb0")


def city(stage: Stage) -> None:
    """Towers behind towers with lit windows, signs in the near rows, a wet street that mirrors them."""
    open_sky(stage, sun_place(stage, 0.6 if stage.backdrop.night else None), size=1.3, stars=starry(stage))
    clouds(stage, count=1, density=0.5)
    street = stage.horizon + (stage.height - stage.horizon) * (
        0.5 if stage.framing is not Framing.AERIAL else 1.0
    )
    for number, depth in enumerate((0.12, 0.28, 0.5, 0.78)):
        _block(stage, number, depth, street)
        if number < 3:
            deep = stage.height * 0.22
            mist(
                stage, street - deep * (0.5 + 0.12 * number), deep, depth=depth, strength=0.42 - 0.08 * number
            )
    if stage.framing is not Framing.AERIAL:
        _wet_street(stage, street)


def _block(stage: Stage, number: int, depth: float, street: float) -> None:
    rng = stage.rng
    tall = stage.height * (0.34 - 0.02 * number) + stage.horizon * (
        0.16 if stage.height > stage.width else 0.34
    )
    deep = math.ceil(tall * 1.15)
    walls, lights, signs = (Cutout(stage.broad, deep) for _ in range(3))
    x = -stage.width * 0.05
    centre = stage.broad / 2
    while x < stage.broad:
        wide = stage.unit * 720 * float(rng.uniform(0.075, 0.15)) * (0.75 + 0.3 * number)
        valley = min(1.0, abs(x + wide / 2 - centre) / (stage.width * 0.42)) if number > 1 else 0.8
        high = tall * float(rng.uniform(0.4, 0.95)) * (0.35 + 0.65 * valley)
        _tower(walls, rng, x, deep - high, wide, deep)
        _windows(
            lights,
            rng,
            (x, deep - high, x + wide, float(deep)),
            stage.unit * (4 + 2.2 * number),
            lit=0.5 if stage.backdrop.night else 0.12,
        )
        if number >= 2 and stage.backdrop.night and rng.random() < 0.75:
            _sign(
                signs,
                rng,
                x + wide * float(rng.uniform(0.1, 0.7)),
                deep - high * float(rng.uniform(0.35, 0.75)),
                stage.unit * (6 + 3 * number),
            )
        x += wide * float(rng.uniform(0.98, 1.16))
    tone = stage.shade(0.2 + 0.75 * depth)
    foot = mix(tone, stage.palette.haze, 0.45 * (1.1 - depth))
    tint = ramp([(0.0, tone), (0.45, tone), (1.0, foot)], np.linspace(0, 1, 16, dtype=np.float32))
    top = street - deep
    stage.add(sheet(walls.mask(), tint, top=top, depth=depth, pivot=stage.horizon, reach=deep))
    lamp = rgb("#ffd9a0") if stage.backdrop.night else mix(stage.palette.light, stage.palette.sky, 0.4)
    glass = np.repeat(mix(lamp, tone, 0.3 - 0.24 * depth)[None, :], 2, axis=0)
    stage.add(
        sheet(
            lights.mask(),
            glass,
            top=top,
            depth=depth,
            pivot=stage.horizon,
            reach=deep,
            solid=False,
            opacity=0.55 + 0.4 * depth,
        )
    )
    if number >= 2 and stage.backdrop.night:
        _neon(stage, signs.mask(), top, depth, deep)


def _tower(board: Cutout, rng: np.random.Generator, x: float, top: float, wide: float, deep: int) -> None:
    board.box(x, top, x + wide, deep)
    kind = int(rng.integers(5))
    if kind == 0:
        board.box(x + wide * 0.2, top - wide * 0.22, x + wide * 0.8, top)
    elif kind == 1:
        board.polygon([(x, top), (x + wide * 0.5, top - wide * 0.4), (x + wide, top)])
    elif kind == 2:
        board.stroke([(x + wide * 0.5, top), (x + wide * 0.5, top - wide * 0.75)], 1.4)
        board.box(x + wide * 0.35, top - wide * 0.14, x + wide * 0.65, top)
    elif kind == 3:
        board.box(x + wide * 0.12, top - wide * 0.14, x + wide * 0.3, top)


def _windows(
    board: Cutout, rng: np.random.Generator, wall: tuple[float, float, float, float], step: float, lit: float
) -> None:
    left, top, right, bottom = wall
    columns, rows = int((right - left - step) / (step * 1.55)), int((bottom - top - step) / (step * 1.9))
    if columns < 1 or rows < 1:
        return
    share = lit * float(rng.uniform(0.35, 1.2))
    shown = rng.random((rows, columns)) < share
    bright = rng.integers(90, 255, (rows, columns))
    pad = (right - left - columns * step * 1.55 + step * 0.55) / 2
    for row, column in np.argwhere(shown):
        x, y = left + pad + float(column) * step * 1.55, top + step * 0.9 + float(row) * step * 1.9
        board.box(x, y, x + step, y + step * 1.15, fill=int(bright[row, column]))


def _sign(board: Cutout, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    tall = size * float(rng.uniform(4, 8))
    kind = int(rng.integers(3))
    if kind == 0:
        board.box(x, y, x + size * 1.1, y + tall)
        for bar in range(int(tall / size / 1.3)):
            board.box(
                x + size * 0.25,
                y + size * (0.35 + 1.3 * bar),
                x + size * 0.85,
                y + size * (1.15 + 1.3 * bar),
                fill=90,
            )
    elif kind == 1:
        board.box(x, y, x + tall * 0.7, y + size * 0.28)
        board.box(x, y + size * 0.7, x + tall * 0.5, y + size * 0.95)
    else:
        board.stroke([(x, y), (x, y + tall)], size * 0.25)


def _neon(stage: Stage, mask: Image.Image, top: float, depth: float, deep: float) -> None:
    """Let signs glow: every other stretch of the row in one of two colours, with a halo around it."""
    colours = [rgb(_NEON[int(i)]) for i in stage.rng.choice(len(_NEON), 2, replace=False)]
    stretches = np.array_split(np.arange(mask.width), 6)
    for number, colour in enumerate(colours):
        values = np.asarray(mask).copy()
        for part in stretches[1 - number :: 2]:
            values[:, part] = 0
        own = Image.fromarray(values)
        halo = np.clip(_blur(np.asarray(own.reduce(6)).astype(np.float32), 5) * 1.4, 0, 150)
        soft = Image.fromarray(halo.astype(np.uint8)).resize(own.size, Image.Resampling.BILINEAR)
        tone = np.repeat(mix(colour, rgb("#ffffff"), 0.18)[None, :], 2, axis=0)
        lit = ImageChops.lighter(own, soft)
        stage.add(sheet(lit, tone, top=top, depth=depth, pivot=stage.horizon, reach=deep, solid=False))


def _blur(values: Floats, radius: int) -> Floats:
    kernel = np.hanning(radius * 2 + 1).astype(np.float32)
    kernel /= kernel.sum()
    padded = np.pad(values, radius)
    across = sum(kernel[i] * padded[:, i : i + values.shape[1]] for i in range(len(kernel)))
    return np.asarray(
        sum(kernel[i] * np.asarray(across)[i : i + values.shape[0]] for i in range(len(kernel))),
        dtype=np.float32,
    )


@dataclass(frozen=True)
class Mirror:
    """A wet ground that mirrors what stands above its edge, broken by small ripples."""

    top: int
    strength: float
    darken: float
    unit: float
    bends: Floats

    def floor(self, view: View, height: int) -> int:
        """Hide what lies below its edge, although it reads what lies above."""
        return height

    def draw(self, canvas: Canvas, view: View, limit: int) -> None:
        """Fold the picture over the edge, wavering more toward the lens."""
        deep = canvas.height - self.top
        rows = np.arange(deep, dtype=np.float32)
        waver = (
            np.sin(rows * 0.55 / self.unit**0.5 + view.seconds * 2.6 + self.bends[:deep] * 9)
            * (1 + rows / deep * 7)
            * self.unit
        )
        source = np.clip(self.top - 1 - rows * 1.25 + waver, 0, self.top - 1).astype(np.int32)
        fade = np.clip(self.strength * (1 - 0.55 * rows / deep), 0, 1)
        weight = (fade * 128).astype(np.int16)[:, None]
        for plane, divide in ((canvas.y, 1), (canvas.u, 2), (canvas.v, 2)):
            start = self.top // divide
            picked = plane[source[::divide][: plane.shape[0] - start] // divide]
            part = plane[start:]
            step = picked - part
            step *= weight[::divide][: len(part)]
            step >>= 7
            part += step
        shade = canvas.y[self.top :]
        shade -= ((shade - np.int16(16)) * np.int16(self.darken * 128)) >> 7


def _wet_street(stage: Stage, street: float) -> None:
    deep = stage.height - street
    tone = mix(stage.palette.ink, stage.palette.land, 0.35)
    heights = np.zeros(stage.broad, np.float32)
    stage.add(
        ridge(
            stage,
            heights,
            base=street,
            depth=0.0,
            top=mix(tone, stage.palette.haze, 0.2),
            bottom=stage.palette.ink,
            reach=deep,
        )
    )
    wet = 0.72 if stage.backdrop.night or stage.backdrop.weather is Weather.RAIN else 0.34
    bends = noise.line(stage.rng, stage.height, 60, 3)
    stage.add(Mirror(int(street) // 2 * 2, wet, 0.22, stage.unit, bends))
    _people(stage, street)


def _people(stage: Stage, street: float) -> None:
    rng = stage.rng
    for _ in range(4):
        near = float(rng.uniform(0.2, 0.9))
        tall = int(stage.height * (0.05 + 0.06 * near))
        x = stage.width * float(rng.uniform(0.06, 0.94))
        way = float(rng.choice([-1.0, 1.0])) * stage.width * 0.02 * (0.4 + near)
        stage.add(
            Sprite(
                person_mask(tall, umbrella=stage.backdrop.weather is Weather.RAIN),
                stage.palette.ink,
                x,
                street + tall * 0.22 + stage.height * 0.05 * near,
                0.7 + 0.3 * near,
                stage.horizon,
                speed=(way, 0),
                bob=tall * 0.012,
                beat=8.0,
            )
        )


@dataclass(frozen=True)
class Lane:
    """The middle line of a road, running toward the lens."""

    mask_of: Image.Image
    vanish: tuple[float, float]
    foot: float
    half: float
    colour: Floats
    speed: float

    def floor(self, view: View, height: int) -> int:
        """Hide nothing."""
        return height

    def draw(self, canvas: Canvas, view: View, limit: int) -> None:
        """Draw each dash as a trapezium in perspective."""
        deep = self.foot - self.vanish[1]
        size = (int(self.half * 4) // 2 * 2, int(deep) // 2 * 2)
        board = Image.new("L", (size[0] * _CRISP, size[1]), 0)
        pen = ImageDraw.Draw(board)
        middle = board.width / 2
        offset = (view.seconds * self.speed) % 1.0
        for dash in range(-1, 9):
            low = self._depth(dash + offset) * deep
            high = self._depth(dash + offset - 0.45) * deep
            if high >= board.height or low <= 1:
                continue
            a, b = self.half * _CRISP * low / deep, self.half * _CRISP * high / deep
            pen.polygon(
                [(middle - a, low), (middle - b, high), (middle + b, high), (middle + a, low)], fill=215
            )
        at = (self.vanish[0] + view.dx * 0.35 - size[0] / 2, self.vanish[1] + view.dy * 0.1)
        stamp_image(canvas, board, at, size, self.colour)

    @staticmethod
    def _depth(place: float) -> float:
        return 1.5 ** (place - 8) * 1.3 if place > -20 else 0.0


def road(stage: Stage) -> None:
    """A road running to the horizon between hills and poles."""
    hazy_sky(stage)
    for number, depth in enumerate((0.12, 0.25)):
        heights = (noise.line(stage.rng, stage.broad, 2.4 + number, 6, 0.5) + 0.35) * stage.height * 0.07
        tone = stage.shade(depth)
        stage.add(
            ridge(
                stage,
                heights,
                base=stage.horizon + 2,
                depth=depth,
                top=tone,
                bottom=mix(tone, stage.palette.haze, 0.6),
                reach=stage.height * 0.1,
            )
        )
        mist(stage, stage.horizon, stage.height * 0.08, depth=depth, strength=0.35)
    flat = np.zeros(stage.broad, np.float32)
    tree_line(
        stage, flat, stage.horizon + stage.height * 0.012, 0.2, size=stage.height * 0.035, gap=0.9, share=0.5
    )
    ground = stage.shade(0.42)
    flat = np.zeros(stage.broad, np.float32)
    stage.add(
        ridge(
            stage,
            flat,
            base=stage.horizon + 1,
            depth=0.0,
            top=mix(ground, stage.palette.haze, 0.35),
            bottom=stage.shade(0.8),
            reach=stage.height * 0.45,
        )
    )
    _tarmac(stage)
    stage.add(_poles(stage))


def _tarmac(stage: Stage) -> None:
    deep = int(stage.height - stage.horizon)
    board = Cutout(stage.width, deep)
    middle = stage.width / 2
    half = max(stage.width * 0.62, deep * 0.45)
    board.polygon(
        [(middle - half, deep), (middle - half * 0.012, 0), (middle + half * 0.012, 0), (middle + half, deep)]
    )
    tone = mix(stage.palette.ink, stage.palette.land, 0.4)
    tint = ramp(
        [(0.0, mix(tone, stage.palette.haze, 0.55)), (0.35, tone), (1.0, stage.palette.ink)],
        np.linspace(0, 1, 16, dtype=np.float32),
    )
    wide = Cutout(stage.broad, deep)
    shift = (stage.broad - stage.width) / 2
    wide.polygon(
        [
            (shift + middle - half, deep),
            (shift + middle - half * 0.012, 0),
            (shift + middle + half * 0.012, 0),
            (shift + middle + half, deep),
        ]
    )
    edges = Cutout(stage.broad, deep)
    for side in (-1, 1):
        edges.polygon(
            [
                (shift + middle + side * half * 0.93, deep),
                (shift + middle + side * half * 0.011, 0),
                (shift + middle + side * half * 0.012, 0),
                (shift + middle + side * half * 0.955, deep),
            ],
            fill=170,
        )
    line = mix(stage.palette.light, stage.palette.haze, 0.3)
    stage.add(
        sheet(wide.mask(), tint, top=stage.horizon, depth=0.35, pivot=stage.horizon, reach=deep, solid=False)
    )
    stage.add(
        sheet(
            edges.mask(),
            np.repeat(line[None, :], 2, axis=0),
            top=stage.horizon,
            depth=0.35,
            pivot=stage.horizon,
            reach=deep,
            solid=False,
            opacity=0.7,
        )
    )
    stage.add(
        Lane(
            board.image,
            (middle, stage.horizon),
            float(stage.height + 4),
            stage.width * 0.022,
            line,
            1.1 + 2.2 * stage.backdrop.energy,
        )
    )


@dataclass(frozen=True)
class Poles:
    """Telegraph poles that pass by on one side."""

    mask: Image.Image
    vanish: tuple[float, float]
    width: float
    colour: Floats
    speed: float

    def floor(self, view: View, height: int) -> int:
        """Hide nothing."""
        return height

    def draw(self, canvas: Canvas, view: View, limit: int) -> None:
        """Draw each pole where it has come to."""
        offset = (view.seconds * self.speed) % 1.0
        for number in range(7):
            near = 1.62 ** (number + offset - 6)
            size = (self.mask.width * near, self.mask.height * near)
            x = self.vanish[0] + self.width * near * 1.02 + view.dx * 0.35 * (0.3 + near)
            y = self.vanish[1] + (canvas.height - self.vanish[1]) * near * 0.72
            stamp_image(
                canvas,
                self.mask,
                (x - size[0] / 2, y - size[1]),
                size,
                self.colour,
                min(1.0, 0.25 + near * 2.4),
            )


def _poles(stage: Stage) -> Poles:
    high = int(stage.height * 0.95)
    board = Cutout(int(high * 0.34), high)
    middle = board.width / 2
    board.box(middle - high * 0.011, high * 0.02, middle + high * 0.011, high)
    for y in (0.08, 0.15):
        board.box(middle - high * 0.12, high * y, middle + high * 0.12, high * y + high * 0.012)
        for x in (-0.11, -0.055, 0.055, 0.11):
            board.box(middle + high * (x - 0.006), high * (y - 0.02), middle + high * (x + 0.006), high * y)
    return Poles(
        board.mask(),
        (stage.width / 2, stage.horizon),
        stage.width * 0.95,
        stage.palette.ink,
        0.6 + 1.2 * stage.backdrop.energy,
    )


def room(stage: Stage) -> None:
    """A room with a tall window: the world outside, light on the floor, dust in the air."""
    palette, width, height = stage.palette, stage.width, stage.height
    open_sky(stage, (width * 0.5, stage.horizon * 0.55), size=1.2, stars=starry(stage))
    heights = (noise.line(stage.rng, stage.broad, 3, 5) + 0.4) * height * 0.04
    tone = stage.shade(0.26)
    stage.add(
        ridge(
            stage,
            heights,
            base=stage.horizon * 0.98,
            depth=0.1,
            top=tone,
            bottom=mix(tone, palette.haze, 0.4),
            reach=height * 0.1,
        )
    )
    wall, floor_row = _wall(stage)
    stage.add(wall)
    stage.add(_floor(stage, floor_row))
    stage.add(_window_light(stage, floor_row))
    _furniture(stage, floor_row)
    speck = dots(0.6 * stage.unit + 0.5, 2.4 * stage.unit + 0.4, 4)
    stage.add(
        swarm(
            stage.rng,
            60,
            speck,
            palette.light,
            (6 * stage.unit, 5 * stage.unit),
            sway=8 * stage.unit,
            beat=0.7,
            twinkle=0.8,
            opacity=0.5,
        )
    )


def _pane(stage: Stage) -> tuple[float, float, float, float]:
    wide = min(stage.width * 0.56, stage.height * 0.62)
    return stage.width / 2 - wide / 2, stage.height * 0.14, stage.width / 2 + wide / 2, stage.height * 0.6


def _wall(stage: Stage) -> tuple[Sheet, float]:
    left, top, right, bottom = _pane(stage)
    shift, deep = (stage.broad - stage.width) / 2, int(stage.height * 0.74)
    lift = int(stage.height * 0.08)
    board = Cutout(stage.broad, deep + lift)
    board.box(0, 0, stage.broad, deep + lift)
    board.box(shift + left, top + lift, shift + right, bottom + lift, fill=0)
    bar = stage.unit * 9
    middle = shift + stage.width / 2
    board.box(middle - bar / 2, top + lift, middle + bar / 2, bottom + lift)
    for share in (0.34, 0.67):
        y = top + lift + (bottom - top) * share
        board.box(shift + left, y - bar * 0.35, shift + right, y + bar * 0.35)
    board.box(shift + left - bar * 3, bottom + lift, shift + right + bar * 3, bottom + lift + bar * 1.4)
    dark = mix(stage.palette.ink, stage.palette.land, 0.45)
    tint = ramp(
        [(0.0, stage.palette.ink), (0.5, dark), (1.0, mix(dark, stage.palette.haze, 0.12))],
        np.linspace(0, 1, 12, dtype=np.float32),
    )
    return sheet(
        board.mask(), tint, top=-lift, depth=0.45, pivot=stage.horizon, reach=deep + lift
    ), stage.height * 0.74


def _floor(stage: Stage, row: float) -> Sheet:
    tone = mix(stage.palette.ink, stage.palette.land, 0.7)
    tint = mix(tone, stage.palette.haze, 0.2)
    return ridge(
        stage,
        np.zeros(stage.broad, np.float32),
        base=row,
        depth=0.55,
        top=tint,
        bottom=stage.palette.ink,
        reach=stage.height * 0.26,
    )


def _window_light(stage: Stage, row: float) -> Glow:
    left, top, right, bottom = _pane(stage)
    image = Image.new("L", (stage.width // 2, stage.height // 2), 0)
    pen = ImageDraw.Draw(image)
    slant, deep = stage.width * 0.17, stage.height - row
    for column in range(2):
        a = left + (right - left) * (0.5 * column + 0.03)
        b = left + (right - left) * (0.5 * column + 0.47)
        for pane in range(2):
            y1, y2 = row + deep * (0.14 + 0.38 * pane), row + deep * (0.44 + 0.38 * pane)
            s1, s2 = slant * (0.25 + 0.5 * pane), slant * (0.65 + 0.5 * pane)
            pen.polygon(
                [((x + s) / 2, y / 2) for x, s, y in ((a, s1, y1), (b, s1, y1), (b, s2, y2), (a, s2, y2))],
                fill=200,
            )
    light = _blur(np.asarray(image).astype(np.float32), 4) * 0.42
    halo = radial(
        stage.width // 2, stage.height // 2, (stage.width / 4, (top + bottom) / 4), stage.height * 0.24
    )
    picture = Image.fromarray(np.clip(light + halo * 62, 0, 255).astype(np.uint8)).resize(
        (stage.width, stage.height), Image.Resampling.BILINEAR
    )
    return Glow(pixels(picture), stage.palette.light, breath=0.12, beat=0.6)


def _furniture(stage: Stage, row: float) -> None:
    deep = int(stage.height * 0.5)
    board = Cutout(stage.broad, deep)
    shift = (stage.broad - stage.width) / 2
    foot, unit, width = deep * 0.86, stage.unit, stage.width
    x = shift + width * 0.8
    board.box(x - 60 * unit, foot - 120 * unit, x + 120 * unit, foot - 108 * unit)
    for leg in (-48, 104):
        board.box(x + leg * unit, foot - 110 * unit, x + (leg + 8) * unit, foot)
    board.polygon(
        [
            (x + 10 * unit, foot - 120 * unit),
            (x + 50 * unit, foot - 120 * unit),
            (x + 44 * unit, foot - 168 * unit),
            (x + 16 * unit, foot - 168 * unit),
        ]
    )
    for leaf in range(9):
        angle = -1.25 + leaf * 0.31
        reach = (120 + 38 * math.sin(leaf * 2.1)) * unit
        tip = (x + 30 * unit + math.sin(angle) * reach, foot - 168 * unit - math.cos(angle) * reach)
        side = (
            x + 30 * unit + math.sin(angle + 0.22) * reach * 0.6,
            foot - 168 * unit - math.cos(angle + 0.22) * reach * 0.6,
        )
        other = (
            x + 30 * unit + math.sin(angle - 0.22) * reach * 0.6,
            foot - 168 * unit - math.cos(angle - 0.22) * reach * 0.6,
        )
        board.polygon([(x + 30 * unit, foot - 166 * unit), side, tip, other])
    c = shift + width * 0.16
    board.polygon(
        [
            (c - 70 * unit, foot - 70 * unit),
            (c + 60 * unit, foot - 70 * unit),
            (c + 66 * unit, foot - 50 * unit),
            (c - 66 * unit, foot - 50 * unit),
        ]
    )
    board.polygon(
        [
            (c - 74 * unit, foot - 200 * unit),
            (c - 58 * unit, foot - 204 * unit),
            (c - 50 * unit, foot - 60 * unit),
            (c - 68 * unit, foot - 60 * unit),
        ]
    )
    for leg in (-60, 50):
        board.box(c + leg * unit, foot - 54 * unit, c + (leg + 7) * unit, foot)
    tone = np.repeat(stage.palette.ink[None, :], 2, axis=0)
    stage.add(
        sheet(
            board.mask(),
            tone,
            top=row + stage.height * 0.07 - foot,
            depth=0.75,
            pivot=stage.horizon,
            reach=deep,
            solid=False,
        )
    )
