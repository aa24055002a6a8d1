"""Mountains, dunes, meadows and forests: skylines behind skylines, with mist between them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from reelgate.core.render import Weather
from reelgate.media.drawing import noise
from reelgate.media.drawing.camera import View
from reelgate.media.drawing.canvas import Canvas
from reelgate.media.drawing.colour import Floats, Palette, mix, ramp, rgb
from reelgate.media.drawing.layers import Glow, mask_image, sheet
from reelgate.media.drawing.particles import dots, swarm
from reelgate.media.drawing.stage import Cutout, Stage, clouds, mist, open_sky, ridge


def sun_place(stage: Stage, height: float | None = None) -> tuple[float, float]:
    """Choose where the light stands, off the middle."""
    side = stage.rng.choice([0.3, 0.36, 0.64, 0.7])
    up = 0.86 if stage.backdrop.low_sun else 0.5
    if stage.backdrop.night:
        up = 0.36
    return stage.width * float(side), stage.horizon * (up if height is None else height)


def starry(stage: Stage) -> bool:
    """Tell whether stars are out."""
    return stage.backdrop.night and stage.backdrop.weather not in (Weather.RAIN, Weather.FOG)


def hazy_sky(stage: Stage) -> None:
    """Open the sky as the weather has it."""
    dull = stage.backdrop.weather in (Weather.RAIN, Weather.FOG, Weather.SNOW)
    open_sky(stage, sun_place(stage), size=1.6 if dull else 1.0, stars=starry(stage))
    clouds(stage, density=0.72 if dull or stage.backdrop.weather is Weather.CLOUDS else 0.46)


def mountains(stage: Stage) -> None:
    """Peaks in five depths, snow on the far ones, mist in the valleys."""
    hazy_sky(stage)
    tall = stage.height * (0.2 if stage.height > stage.width else 0.27)
    for number, depth in enumerate((0.14, 0.26, 0.42)):
        rough = noise.line(stage.rng, stage.broad, 3.2 + number * 0.8, 8, 0.52)
        heights = (np.abs(rough) ** 0.85 * 1.6 + 0.18 * noise.line(stage.rng, stage.broad, 2, 2)) * tall
        base = stage.horizon + number * stage.height * 0.075 - tall * 0.1
        top, foot = stage.shade(depth), mix(stage.shade(depth), stage.palette.haze, 0.62 - 0.1 * number)
        near = ridge(stage, heights, base=base, depth=depth, top=top, bottom=foot, reach=tall * 1.7)
        stage.add(near)
        if number < 2:
            _snow_caps(stage, heights, base, depth, share=0.5 + 0.12 * number)
        mist(stage, base + tall * 0.12, tall * 0.9, depth=depth + 0.03, strength=0.5 - 0.1 * number)
    _firs_on_ridges(stage, (0.66, 0.9))


def _snow_caps(stage: Stage, heights: Floats, base: float, depth: float, share: float) -> None:
    tall = float(heights.max())
    edge = tall * share + noise.line(stage.rng, len(heights), 22, 4, 0.7) * tall * 0.16
    edge = edge + (heights - tall * share) * 0.25
    slope = np.gradient(np.convolve(heights, np.ones(15) / 15, mode="same"))
    rows = np.arange(int(tall) + 2, dtype=np.float32)[:, None]
    level = np.float32(tall) - rows
    inside = np.clip(heights[None, :] - level + 0.5, 0, 1)
    above = np.clip((level - edge[None, :]) / (tall * 0.05) + 0.5, 0, 1)
    lit = (0.55 + 0.45 * noise.smooth(-0.5, 0.5, -slope.astype(np.float32)))[None, :]
    white = mix(stage.palette.light, rgb("#ffffff"), 0.5)
    tint = ramp(
        [(0.0, mix(white, stage.palette.haze, 0.1)), (1.0, stage.shade(depth))],
        np.linspace(0, 1, 12, dtype=np.float32),
    )
    shade = 0.9 if not stage.backdrop.night else 0.45
    stage.add(
        sheet(
            mask_image(inside * above * lit * shade),
            tint,
            top=base - tall,
            depth=depth,
            pivot=stage.horizon,
            reach=tall,
            solid=False,
        )
    )


def _firs_on_ridges(stage: Stage, depths: tuple[float, ...]) -> None:
    for number, depth in enumerate(depths):
        base = stage.horizon + stage.height * (0.17 + 0.13 * number)
        heights = noise.line(stage.rng, stage.broad, 2.2, 4) * stage.height * 0.055
        tree_line(stage, heights, base, depth, size=stage.height * (0.045 + 0.05 * number), gap=0.5)


def tree_line(
    stage: Stage, heights: Floats, base: float, depth: float, *, size: float, gap: float, share: float = 0.25
) -> None:
    """Cut a slope covered with firs."""
    peak = float(heights.max()) + size * 1.35
    deep = math.ceil(peak - float(heights.min())) + 2
    board = Cutout(stage.broad, deep)
    ground = [
        (float(x), peak - float(heights[min(x, stage.broad - 1)])) for x in range(0, stage.broad + 8, 4)
    ]
    board.polygon([(0.0, deep + 1.0), *ground, (stage.broad + 8.0, deep + 1.0)])
    x = 0.0
    while x < stage.broad:
        tall = size * float(stage.rng.uniform(0.55, 1.25))
        _fir(board, stage.rng, x, peak - float(heights[min(int(x), stage.broad - 1)]) + 2, tall)
        x += size * gap * float(stage.rng.uniform(0.35, 1.1))
    tone = stage.shade(depth)
    foot = mix(tone, stage.palette.haze, share * (1.15 - depth))
    tint = ramp([(0.0, tone), (0.5, tone), (1.0, foot)], np.linspace(0, 1, 16, dtype=np.float32))
    stage.add(
        sheet(
            board.mask(),
            tint,
            top=base - peak,
            depth=depth,
            pivot=stage.horizon,
            reach=deep + stage.height * 0.12,
        )
    )


def _fir(board: Cutout, rng: np.random.Generator, x: float, foot: float, tall: float) -> None:
    tiers = 5 if tall > 24 else 3
    lean = float(rng.uniform(-0.02, 0.02)) * tall
    for tier in range(tiers):
        low = foot - tall * (0.08 + 0.8 * tier / tiers)
        high = min(low - tall * 0.34, foot - tall * (0.3 + 0.7 * (tier + 1) / tiers) + tall * 0.02)
        half = tall * 0.19 * (1 - tier / (tiers + 0.7)) * float(rng.uniform(0.85, 1.15))
        shift = lean * tier
        droop = half * 0.22
        board.polygon(
            [
                (x + shift - half, low + droop),
                (x + shift, high),
                (x + shift + half, low + droop),
                (x + shift + half * 0.3, low - droop),
                (x + shift - half * 0.3, low - droop),
            ]
        )
    board.box(x - tall * 0.018, foot - tall * 0.2, x + tall * 0.018, foot + 4)


def desert(stage: Stage) -> None:
    """Long dunes, one side lit and one in shadow."""
    open_sky(stage, sun_place(stage), size=1.5, stars=starry(stage))
    if stage.backdrop.weather is not Weather.CLEAR:
        clouds(stage, count=1, density=0.4)
    sand = rgb("#d9a066")
    for number, depth in enumerate((0.1, 0.24, 0.45, 0.72, 1.0)):
        sweep = noise.line(stage.rng, stage.broad, 1.1 + 0.35 * number, 2, 0.3)
        sharp = -np.abs(noise.line(stage.rng, stage.broad, 1.3 + 0.3 * number, 1)) * 1.1
        heights = (sweep * 0.7 + sharp + 0.5) * stage.height * (0.028 + 0.022 * number)
        base = stage.horizon + stage.height * (0.012 + 0.095 * number)
        tone = stage.shade(0.12 + 0.66 * depth, sand, 0.34 * (1 - 0.4 * stage.backdrop.night))
        lit = mix(tone, stage.palette.light, 0.42 - 0.2 * depth)
        dune = ridge(stage, heights, base=base, depth=depth, top=lit, bottom=tone, reach=stage.height * 0.15)
        stage.add(dune)
        _lee_side(stage, heights, base, depth, mix(tone, stage.palette.ink, 0.42))
        if number < 3:
            mist(stage, base + stage.height * 0.02, stage.height * 0.1, depth=depth, strength=0.3)


def _lee_side(stage: Stage, heights: Floats, base: float, depth: float, tone: Floats) -> None:
    deep = int(stage.height * 0.17)
    peak = float(heights.max())
    slope = np.gradient(np.convolve(heights, np.ones(31) / 31, mode="same")).astype(np.float32)
    side = noise.smooth(0.0, float(np.abs(slope).max()) * 0.5 + 1e-6, slope)
    rows = np.arange(deep, dtype=np.float32)[:, None]
    below = rows - (np.float32(peak) - heights[None, :])
    lean = np.clip(np.arange(len(side))[None, :] + (below * 1.6).astype(np.int32), 0, len(side) - 1)
    alpha = np.clip(below + 0.5, 0, 1) * np.clip(1 - below / np.float32(deep * 0.8), 0, 1) * side[lean]
    stage.add(
        sheet(
            mask_image(alpha * 0.55),
            np.repeat(tone[None, :], 2, axis=0),
            top=base - peak,
            depth=depth,
            pivot=stage.horizon,
            reach=deep,
            solid=False,
        )
    )


def meadow(stage: Stage) -> None:
    """Rolling hills, long grass and flowers close to the lens."""
    hazy_sky(stage)
    green = rgb("#5f8f3e") if not stage.backdrop.night else rgb("#24503f")
    for number, depth in enumerate((0.16, 0.3, 0.5)):
        heights = noise.line(stage.rng, stage.broad, 1.4 + 0.5 * number, 3, 0.35) * stage.height * 0.05
        base = stage.horizon + stage.height * (0.01 + 0.085 * number)
        tone = stage.shade(depth, green, 0.3 + 0.15 * number)
        stage.add(
            ridge(
                stage,
                heights + stage.height * 0.03,
                base=base,
                depth=depth,
                top=mix(tone, stage.palette.light, 0.22),
                bottom=tone,
                reach=stage.height * 0.14,
            )
        )
        if number == 1:
            _grove(stage, heights, base, mix(tone, stage.palette.ink, 0.35))
        mist(stage, base + stage.height * 0.03, stage.height * 0.1, depth=depth, strength=0.26)
    for number, depth in enumerate((0.68, 0.86, 1.0)):
        _grass(stage, number, depth, green)


def _grove(stage: Stage, heights: Floats, base: float, tone: Floats) -> None:
    rng, tall = stage.rng, stage.height * 0.06
    deep = int(tall * 1.6 + float(heights.max() - heights.min()))
    board = Cutout(stage.broad, deep)
    for _ in range(4):
        centre = float(rng.uniform(0.05, 0.95)) * stage.broad
        for _ in range(int(rng.integers(3, 8))):
            x = centre + float(rng.normal(0, tall * 0.9))
            ground = deep - tall * 0.2 - float(heights[int(np.clip(x, 0, stage.broad - 1))] - heights.min())
            size = tall * float(rng.uniform(0.22, 0.42))
            board.box(x - size * 0.08, ground - size, x + size * 0.08, ground + size * 0.3)
            for dx, dy, r in ((0, -1.5, 1.0), (-0.6, -1.1, 0.7), (0.6, -1.15, 0.72)):
                board.ellipse(x + dx * size, ground + dy * size, r * size, r * size * 0.92)
    low = float(heights.min()) + stage.height * 0.03
    tint = np.stack([mix(tone, stage.palette.light, 0.2), tone])
    stage.add(
        sheet(
            board.mask(),
            tint,
            top=base - low - deep + tall * 0.25,
            depth=0.3,
            pivot=stage.horizon,
            reach=deep,
            solid=False,
        )
    )


_FLOWERS = ("#ffd166", "#ff8fab", "#fff3e0", "#ff6b6b", "#c77dff")


def _grass(stage: Stage, number: int, depth: float, green: Floats) -> None:
    tall = stage.height * (0.05 + 0.045 * number)
    deep = int(tall * 1.5)
    board, heads = Cutout(stage.broad, deep), Cutout(stage.broad, deep)
    rng = stage.rng
    for _ in range(int(stage.broad / (tall * 0.055))):
        x, high = float(rng.uniform(0, stage.broad)), tall * float(rng.uniform(0.4, 1.2))
        lean = float(rng.uniform(-0.3, 0.3)) * high
        half = tall * 0.022
        board.polygon(
            [
                (x - half, deep),
                (x + lean * 0.4 - half * 0.6, deep - high * 0.6),
                (x + lean, deep - high),
                (x + lean * 0.4 + half * 0.6, deep - high * 0.6),
                (x + half, deep),
            ]
        )
    board.box(0, deep - tall * 0.34, stage.broad, deep)
    for _ in range(int(stage.broad / (tall * 0.42))):
        x, high = float(rng.uniform(0, stage.broad)), tall * float(rng.uniform(0.6, 1.3))
        board.stroke([(x, deep), (x + tall * 0.05, deep - high)], tall * 0.016)
        _flower(heads, rng, x + tall * 0.05, deep - high, tall * float(rng.uniform(0.05, 0.085)))
    base = stage.horizon + stage.height * (0.22 + 0.12 * number)
    tone = stage.shade(depth, green, 0.42 - 0.12 * number)
    sway = (tall * 0.03 * (0.5 + stage.backdrop.energy), 0.0, 1.1 + stage.backdrop.energy, number * 1.7)
    tint = ramp(
        [
            (0.0, mix(tone, stage.palette.light, 0.3 - 0.08 * number)),
            (0.7, tone),
            (1.0, mix(tone, stage.palette.ink, 0.4)),
        ],
        np.linspace(0, 1, 12, dtype=np.float32),
    )
    stage.add(
        sheet(board.mask(), tint, top=base - tall, depth=depth, pivot=stage.horizon, reach=deep, sway=sway)
    )
    colour = rgb(_FLOWERS[int(rng.integers(len(_FLOWERS)))])
    colour = mix(colour, stage.palette.ink, 0.5 * stage.backdrop.night + 0.12)
    petals = np.repeat(mix(colour, stage.palette.light, 0.15)[None, :], 2, axis=0)
    stage.add(
        sheet(
            heads.mask(),
            petals,
            top=base - tall,
            depth=depth,
            pivot=stage.horizon,
            reach=deep,
            solid=False,
            sway=sway,
        )
    )


def _flower(board: Cutout, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    turn = float(rng.uniform(0, math.tau))
    for petal in range(5):
        angle = turn + petal * math.tau / 5
        board.ellipse(
            x + math.cos(angle) * size * 0.6,
            y + math.sin(angle) * size * 0.5,
            size * 0.5,
            size * 0.42,
            fill=235,
        )
    board.ellipse(x, y, size * 0.3, size * 0.26, fill=110)


def forest(stage: Stage) -> None:
    """Firs behind firs in the mist, trunks at the sides, light falling through."""
    stage.palette = _greened(stage)
    sun = (stage.width * float(stage.rng.choice([0.38, 0.5, 0.62])), stage.horizon * 0.55)
    open_sky(stage, sun, size=1.9, stars=starry(stage))
    for number, depth in enumerate((0.1, 0.22, 0.36, 0.52)):
        base = stage.horizon + stage.height * (-0.02 + 0.085 * number)
        heights = noise.line(stage.rng, stage.broad, 2.0, 3) * stage.height * 0.03
        tree_line(
            stage,
            heights,
            base,
            depth,
            size=stage.height * (0.14 + 0.075 * number),
            gap=0.34 + 0.05 * number,
            share=0.95,
        )
        mist(
            stage, base + stage.height * 0.03, stage.height * 0.2, depth=depth, strength=0.55 - 0.09 * number
        )
        if number == 2:
            stage.add(*_beams(stage, sun))
    heights = noise.line(stage.rng, stage.broad, 2.4, 5, 0.6) * stage.height * 0.02
    ground = stage.shade(0.86)
    stage.add(
        ridge(
            stage,
            heights + stage.height * 0.01,
            base=stage.horizon + stage.height * 0.33,
            depth=0.8,
            top=ground,
            bottom=stage.palette.ink,
            reach=stage.height * 0.16,
        )
    )
    _trunks(stage)
    _ferns(stage)
    speck = dots(0.6 * stage.unit + 0.5, 2.6 * stage.unit + 0.5, 4)
    stage.add(
        swarm(
            stage.rng,
            46,
            speck,
            stage.palette.light,
            (9 * stage.unit, -6 * stage.unit),
            sway=9 * stage.unit,
            twinkle=0.8,
            opacity=0.6,
        )
    )


def _greened(stage: Stage) -> Palette:
    leaf, moss = rgb("#0f3d2e"), rgb("#3f7f5a")
    share = 0.3 if stage.backdrop.low_sun else 0.5
    return replace(
        stage.palette,
        ink=mix(stage.palette.ink, rgb("#04140f"), 0.6),
        land=mix(stage.palette.land, leaf, share),
        far=mix(stage.palette.far, moss, share * 0.8),
        haze=mix(stage.palette.haze, rgb("#cfe6cf"), 0.25 * (not stage.backdrop.night)),
    )


class _Shafts(Glow):
    """Light falling through leaves, swaying a little."""

    def draw(self, canvas: Canvas, view: View, limit: int) -> None:
        """Lay the rays moved with the camera."""
        shift = round(view.dx * 0.3 + math.sin(view.seconds * self.beat + self.phase) * canvas.width * 0.01)
        width = canvas.width
        start = max(0, min(self.light.shape[1] - width, (self.light.shape[1] - width) // 2 - shift))
        canvas.glow(self.light[:, start : start + width], self.colour, self.top)


def _beams(stage: Stage, sun: tuple[float, float]) -> list[Glow]:
    wide, high = int(stage.width * 1.3), stage.height
    left = sun[0] + (wide - stage.width) / 2
    x = (np.arange(wide // 2, dtype=np.float32) * 2 - np.float32(left))[None, :]
    y = (np.arange(high // 2, dtype=np.float32) * 2 - np.float32(sun[1] - stage.height * 0.18))[:, None]
    angle = np.arctan2(x, np.maximum(y, 1))
    spread = noise.line(stage.rng, 720, 26, 3)
    rays = np.interp(angle, np.linspace(-1.6, 1.6, 720), spread).astype(np.float32)
    far = np.sqrt(x**2 + y**2) / np.float32(stage.height * 0.8)
    light = (
        noise.smooth(0.05, 0.75, rays)
        * np.clip(1.05 - far, 0, 1)
        * noise.smooth(0, 0.2, y / stage.height + 0.02)
    )
    big = mask_image(light * (0.34 if not stage.backdrop.night else 0.18)).resize((wide, high))
    return [_Shafts(np.asarray(big).astype(np.int16), stage.palette.light, beat=0.5)]


def _trunks(stage: Stage) -> None:
    rng, deep = stage.rng, stage.height
    board = Cutout(stage.broad, deep)
    side = (stage.broad - stage.width) / 2
    for place in (0.02, 0.15, 0.9, 1.03):
        x = side + stage.width * (place + float(rng.uniform(-0.03, 0.03)))
        half = stage.width * float(rng.uniform(0.02, 0.042))
        lean = stage.width * float(rng.uniform(-0.02, 0.02))
        board.polygon(
            [
                (x - half * 1.5, deep),
                (x - half, deep * 0.8),
                (x + lean - half * 0.7, 0),
                (x + lean + half * 0.7, 0),
                (x + half, deep * 0.8),
                (x + half * 1.5, deep),
            ]
        )
        for _ in range(5):
            y, way = float(rng.uniform(0.02, 0.45)) * deep, float(rng.choice([-1, 1]))
            end = (
                x + way * stage.width * float(rng.uniform(0.06, 0.16)),
                y - deep * float(rng.uniform(-0.02, 0.04)),
            )
            board.stroke([(x, y + deep * 0.03), ((x + end[0]) / 2, y), end], half * 0.22)
    tone = np.repeat(mix(stage.palette.ink, stage.palette.land, 0.12)[None, :], 2, axis=0)
    stage.add(sheet(board.mask(), tone, top=0.0, depth=0.95, pivot=stage.horizon, reach=deep, solid=False))


def _ferns(stage: Stage) -> None:
    deep = int(stage.height * 0.14)
    board = Cutout(stage.broad, deep)
    rng = stage.rng
    for _ in range(26):
        x, high = float(rng.uniform(0, stage.broad)), deep * float(rng.uniform(0.4, 0.85))
        for frond in range(7):
            angle = (frond - 3) * 0.36 + float(rng.uniform(-0.1, 0.1))
            tip = (x + math.sin(angle) * high * 0.9, deep - math.cos(angle) * high)
            middle = (x + math.sin(angle) * high * 0.5, deep - math.cos(angle) * high * 0.72)
            board.polygon(
                [
                    (x - 2, deep),
                    (middle[0] - high * 0.04, middle[1]),
                    tip,
                    (middle[0] + high * 0.04, middle[1]),
                    (x + 2, deep),
                ]
            )
    board.box(0, deep * 0.86, stage.broad, deep)
    tone = np.repeat(stage.palette.ink[None, :], 2, axis=0)
    stage.add(
        sheet(
            board.mask(),
            tone,
            top=stage.height - deep * 0.9,
            depth=1.0,
            pivot=stage.horizon,
            reach=deep,
            sway=(3 * stage.unit, 0, 0.9, 0.4),
        )
    )
