"""Fire, faces and plain colour in motion."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from reelgate.media.drawing import noise
from reelgate.media.drawing.camera import View
from reelgate.media.drawing.canvas import Canvas, painted
from reelgate.media.drawing.colour import Floats, mix, ramp, rgb, yuv
from reelgate.media.drawing.layers import Glow, Sprite, mask_image, radial, sheet, stamp_image
from reelgate.media.drawing.particles import dots, swarm
from reelgate.media.drawing.scenes.land import starry, tree_line
from reelgate.media.drawing.stage import Cutout, Stage, open_sky, ridge


@dataclass(frozen=True)
class Flow:
    """Soft bodies of colour drifting through one another."""

    homes: Floats
    """Place (x, y as shares), reach, speed and phase of each body."""
    colours: Floats
    base: Floats

    def floor(self, view: View, height: int) -> int:
        """Hide everything behind."""
        return 0

    def draw(self, canvas: Canvas, view: View, limit: int) -> None:
        """Mix the colours by nearness on a coarse grid and let it grow smooth."""
        wide, high = 32, max(8, 32 * canvas.height // canvas.width)
        ratio = canvas.height / canvas.width
        x = np.linspace(0, 1, wide, dtype=np.float32)[None, :]
        y = np.linspace(0, ratio, high, dtype=np.float32)[:, None]
        bend = np.sin(y * 5 + np.float32(view.seconds * 0.7)) * np.float32(0.07)
        total = np.full((high, wide), 0.09, np.float32)
        mixed = np.repeat(np.repeat((self.base * np.float32(0.09))[None, None, :], high, 0), wide, 1)
        for home, colour in zip(self.homes, self.colours, strict=True):
            angle = view.seconds * float(home[3]) + float(home[4])
            cx = home[0] + math.cos(angle) * 0.17 + view.dx / canvas.width * 0.5
            cy = (home[1] + math.sin(angle * 0.8) * 0.13) * ratio + view.dy / canvas.width * 0.5
            near = 1 / (0.02 + (((x + bend - cx) ** 2 + (y - cy) ** 2) / home[2] ** 2) ** 1.5)
            near = np.minimum(near, 9) / 9
            total += near
            mixed += near[..., None] * colour
        mixed /= total[..., None]
        for plane, channel in ((canvas.y, 0), (canvas.u, 1), (canvas.v, 2)):
            small = Image.fromarray(np.ascontiguousarray(mixed[..., channel]))
            size = (plane.shape[1], plane.shape[0])
            middle = small.resize((max(2, size[0] // 4), max(2, size[1] // 4)), Image.Resampling.BICUBIC)
            np.copyto(plane, np.asarray(middle.resize(size, Image.Resampling.BILINEAR)), casting="unsafe")


def abstract(stage: Stage) -> None:
    """Colours of the palette flowing, with drifting points of light."""
    palette, rng = stage.palette, stage.rng
    stage.sky = Canvas.blank(stage.width, stage.height)
    for plane in (stage.sky.y, stage.sky.u, stage.sky.v):
        plane.fill(128)
    colours = [
        palette.land,
        palette.haze,
        palette.sky,
        palette.zenith,
        palette.far,
        mix(palette.light, palette.haze, 0.35),
        palette.ink,
    ]
    homes = np.stack(
        [
            rng.uniform(0.05, 0.95, 7),
            rng.uniform(0.05, 0.95, 7),
            rng.uniform(0.3, 0.5, 7),
            rng.uniform(0.25, 0.7, 7) * (0.6 + stage.backdrop.energy),
            rng.uniform(0, math.tau, 7),
        ],
        axis=-1,
    ).astype(np.float32)
    stage.add(Flow(homes, yuv(np.stack(colours)), yuv(palette.ink)))
    _ribbons(stage)
    soft = dots(2.0, 9 * stage.unit + 1, 5, soft=1.6)
    stage.add(
        swarm(
            rng,
            40,
            soft,
            palette.light,
            (8 * stage.unit, -16 * stage.unit),
            sway=14 * stage.unit,
            twinkle=0.8,
            opacity=0.35,
        )
    )


def _ribbons(stage: Stage) -> None:
    rng = stage.rng
    for number in range(3):
        wide, deep = int(stage.broad * 1.2), int(stage.height * 0.5)
        x = np.arange(wide, dtype=np.float32)
        middle = (noise.line(rng, wide, 1.6, 2) * 0.3 + 0.5) * deep
        thick = (0.05 + 0.09 * noise.smooth(-0.7, 0.7, noise.line(rng, wide, 2.4, 2))) * deep
        y = np.arange(deep, dtype=np.float32)[:, None]
        place = (y - middle[None, :]) / thick[None, :]
        body = np.clip(1 - np.abs(place), 0, 1) ** 1.5 * 0.22
        strings = (
            np.exp(
                -(((place - np.sin(x / wide * 9 + number)[None, :] * 0.5) * thick[None, :]) ** 2)
                / (1.6 * stage.unit) ** 2
            )
            * 0.6
        )
        mask = mask_image(body + strings)
        stage.add(
            sheet(
                mask,
                np.repeat(stage.palette.light[None, :], 2, axis=0),
                top=stage.height * (0.08 + 0.26 * number),
                depth=0.3 + 0.3 * number,
                pivot=stage.horizon,
                reach=9.0,
                solid=False,
                opacity=0.5,
                sway=(stage.width * 0.05, stage.height * 0.015, 0.5 + 0.2 * number, number * 2.0),
            )
        )


def portrait(stage: Stage) -> None:
    """One figure against soft lights, its edge lit from behind."""
    palette, rng, width, height = stage.palette, stage.rng, stage.width, stage.height
    side = float(rng.choice([0.42, 0.58]))
    rows = np.linspace(0, 1, height, dtype=np.float32)
    back = np.repeat(
        ramp([(0.0, palette.zenith), (0.45, palette.sky), (1.0, mix(palette.far, palette.land, 0.6))], rows)[
            :, None, :
        ],
        width,
        axis=1,
    )
    light = radial(width, height, (width * side, height * 0.34), height * 0.34, power=1.8)[..., None]
    back += (palette.haze - back) * light * np.float32(0.85)
    stage.sky = painted(np.clip(back, 0, 1), rng)
    _bokeh(stage)
    deep = int(min(height * 0.78, width * 1.15))
    mask = _bust(deep)
    x, y = width * side, height + deep * 0.04
    rim = mix(palette.light, rgb("#ffffff"), 0.2)
    glow = Image.fromarray(
        np.clip(
            np.asarray(mask.resize((mask.width // 8, mask.height // 8))).astype(np.float32) * 0.9, 0, 255
        ).astype(np.uint8)
    ).resize(mask.size, Image.Resampling.BICUBIC)
    stage.add(
        Sprite(glow, palette.haze, x, y - deep * 0.012, 0.5, stage.horizon, bob=2 * stage.unit, opacity=0.4)
    )
    stage.add(
        Sprite(mask, rim, x + 3.2 * stage.unit, y - 3.2 * stage.unit, 0.5, stage.horizon, bob=2 * stage.unit)
    )
    stage.add(
        Sprite(mask, mix(palette.ink, palette.land, 0.18), x, y, 0.5, stage.horizon, bob=2 * stage.unit)
    )
    shade = np.asarray(mask).astype(np.float32) / 255
    across = np.linspace(0, 1, mask.width, dtype=np.float32)[None, :]
    stage.add(
        Sprite(
            mask_image(shade * noise.smooth(0.45, 1.0, across) * 0.34),
            palette.far,
            x,
            y,
            0.5,
            stage.horizon,
            bob=2 * stage.unit,
        )
    )


def _bokeh(stage: Stage) -> None:
    rng, palette, unit = stage.rng, stage.palette, stage.unit
    for number in range(26):
        radius = unit * float(rng.uniform(14, 62))
        side = int(radius * 2 + 4)
        x = (np.arange(side, dtype=np.float32) - side / 2)[None, :]
        y = (np.arange(side, dtype=np.float32) - side / 2)[:, None]
        r = np.sqrt(x**2 + y**2)
        disc = np.clip(radius - r, 0, 1) * (
            0.55 + 0.45 * np.clip((r - radius * 0.75) / (radius * 0.25), 0, 1)
        )
        colour = mix(
            palette.light, (palette.haze, palette.sky, palette.far)[number % 3], float(rng.uniform(0.1, 0.7))
        )
        place = float(rng.uniform(-0.05, 1.05)) * stage.width, float(rng.uniform(0.02, 0.86)) * stage.height
        drift = float(rng.uniform(-9, 9)) * unit, float(rng.uniform(-6, 6)) * unit
        stage.add(
            Sprite(
                mask_image(disc),
                colour,
                place[0],
                place[1],
                float(rng.uniform(0.05, 0.3)),
                stage.horizon,
                speed=drift,
                opacity=float(rng.uniform(0.1, 0.34)),
            )
        )


def _bust(deep: int) -> Image.Image:
    wide = int(deep * 1.06)
    board = Cutout(wide, deep)
    c = wide / 2

    def at(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(c + x * deep, y * deep) for x, y in points]

    board.ellipse(c, deep * 0.27, deep * 0.112, deep * 0.155)
    board.ellipse(c - deep * 0.006, deep * 0.205, deep * 0.126, deep * 0.112)
    board.ellipse(c + deep * 0.045, deep * 0.1, deep * 0.052, deep * 0.046)
    for side in (-1, 1):
        board.ellipse(c + side * deep * 0.108, deep * 0.29, deep * 0.02, deep * 0.032)
    board.polygon(
        at([(-0.06, 0.36), (-0.064, 0.44), (-0.085, 0.52), (0.085, 0.52), (0.064, 0.44), (0.06, 0.36)])
    )
    shoulders: list[tuple[float, float]] = []
    for step in range(41):
        t = step / 20 - 1
        shoulders.append(
            (
                t * 0.46,
                0.5
                + 0.1 * abs(t) ** 1.4
                + 0.42 * max(0.0, abs(t) - 0.62) ** 1.6 * 3
                - 0.045 * math.exp(-((t / 0.17) ** 2)),
            )
        )
    board.polygon(at([*shoulders, (0.5, 1.05), (-0.5, 1.05)]))
    return board.mask()


@dataclass(frozen=True)
class Flames:
    """A fire: a rising field of noise, cut to a flame's shape and coloured by its heat."""

    field: Floats
    shape: Floats
    middle: tuple[float, float]
    size: tuple[int, int]
    colours: tuple[Floats, Floats, Floats]
    speed: float

    def floor(self, view: View, height: int) -> int:
        """Hide nothing."""
        return height

    def draw(self, canvas: Canvas, view: View, limit: int) -> None:
        """Scroll the field upward and cut it three times: red, orange, nearly white."""
        high = self.shape.shape[0]
        tall = self.field.shape[0]
        scroll = view.seconds * self.speed * high
        first = np.mod(np.arange(high, dtype=np.float32) + np.float32(scroll), tall)
        low = first.astype(np.int32)
        part = (first - low)[:, None]
        rows = self.field[low] * (1 - part) + self.field[(low + 1) % tall] * part
        heat = (self.shape + (rows - np.float32(0.5)) * np.float32(1.3)).astype(np.float32)
        fine = np.asarray(Image.fromarray(heat).resize(self.size, Image.Resampling.BICUBIC))
        at = (
            round(self.middle[0] - self.size[0] / 2 + view.dx * 0.6),
            round(self.middle[1] - self.size[1] + view.dy * 0.6),
        )
        for level, colour in zip((0.26, 0.56, 0.92), self.colours, strict=True):
            mask = mask_image(noise.smooth(level, level + 0.12, fine))
            stamp_image(canvas, mask, at, self.size, colour, 0.95)


def fire(stage: Stage) -> None:
    """A camp fire in the dark, trees around, embers rising."""
    palette, width, height, rng = stage.palette, stage.width, stage.height, stage.rng
    open_sky(stage, None, stars=starry(stage))
    heights = noise.line(rng, stage.broad, 2, 3) * height * 0.03
    for number, depth in enumerate((0.3, 0.6)):
        tree_line(
            stage,
            heights,
            stage.horizon + height * (0.03 + 0.06 * number),
            depth,
            size=height * (0.16 + 0.09 * number),
            gap=0.4,
            share=0.6,
        )
    foot = height * 0.74
    halo = radial(width, height, (width / 2, foot - height * 0.08), height * 0.3, power=1.7)
    stage.add(
        Glow((halo * 150).astype(np.int16), mix(palette.haze, palette.light, 0.2), breath=0.25, beat=9.0)
    )
    ground = noise.line(rng, stage.broad, 6, 4, 0.6) * height * 0.008
    stage.add(
        ridge(
            stage,
            ground,
            base=foot - height * 0.02,
            depth=0.6,
            top=mix(palette.ink, palette.haze, 0.32),
            bottom=palette.ink,
            reach=height * 0.2,
        )
    )
    pool = radial(width, height, (width / 2, foot), height * 0.075, power=2.2, stretch=2.6)
    stage.add(Glow((pool * 170).astype(np.int16), palette.haze, breath=0.3, beat=11.0, phase=1.0))
    stage.add(_flames(stage, foot))
    _logs(stage, foot)
    spark = dots(0.8, 2.6 * stage.unit + 0.5, 4)
    stage.add(
        swarm(
            rng,
            70,
            spark,
            mix(palette.light, palette.haze, 0.3),
            (14 * stage.unit, -150 * stage.unit),
            sway=26 * stage.unit,
            beat=1.7,
            twinkle=0.7,
            opacity=0.95,
            bounds=(0.0, 0.78),
        )
    )


def _flames(stage: Stage, foot: float) -> Flames:
    palette = stage.palette
    high = int(min(stage.height * 0.3, stage.width * 0.62))
    wide = int(high * 0.8)
    small = (max(16, wide // 4), max(20, high // 4))
    x = np.linspace(-1, 1, small[0], dtype=np.float32)[None, :]
    y = np.linspace(1, 0, small[1], dtype=np.float32)[:, None]
    half = 0.6 * (1 - y) ** 0.95 * (0.45 + 0.55 * noise.smooth(-0.05, 0.3, y)) + 0.02
    shape = np.clip(1.3 - np.abs(x) / half, -1.4, 1.05) - y * 0.42
    shape -= noise.smooth(0.7, 1.0, y) * np.float32(1.1)
    shape -= (1 - noise.smooth(0.0, 0.05, y)) * np.float32(1.0)
    field = noise.field(stage.rng, (small[0], small[1] * 4), (4.5, 15), 3)
    blend = np.linspace(0, 1, 24, dtype=np.float32)[:, None]
    field[-24:] = field[-24:] * (1 - blend) + field[:24][::-1] * blend
    colours = (
        mix(palette.haze, rgb("#c2260b"), 0.65),
        mix(palette.haze, rgb("#ff8a1f"), 0.7),
        mix(palette.light, rgb("#fff0b8"), 0.6),
    )
    return Flames(
        field,
        shape,
        (stage.width / 2, foot + high * 0.03),
        (wide, high),
        colours,
        1.2 + 0.5 * stage.backdrop.energy,
    )


def _logs(stage: Stage, foot: float) -> None:
    side = int(min(stage.width * 0.42, stage.height * 0.3))
    board = Cutout(side, side // 3)
    base = side / 3
    for a, b in (((0.08, 0.8), (0.9, 0.55)), ((0.1, 0.52), (0.92, 0.82)), ((0.25, 0.86), (0.75, 0.86))):
        board.stroke([(a[0] * side, a[1] * base), (b[0] * side, b[1] * base)], side * 0.05)
    stage.add(
        Sprite(
            board.mask(),
            mix(stage.palette.ink, rgb("#1a0a04"), 0.5),
            stage.width / 2,
            foot + side * 0.07,
            0.6,
            stage.horizon,
        )
    )
