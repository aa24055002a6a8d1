"""The sea from above and from below."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from reelgate.core.render import Framing
from reelgate.media.drawing import noise
from reelgate.media.drawing.camera import View
from reelgate.media.drawing.canvas import Canvas, painted
from reelgate.media.drawing.colour import Floats, Ints, mix, ramp, rgb, yuv
from reelgate.media.drawing.layers import Glow, Sheet, mask_image, pixels, sheet
from reelgate.media.drawing.particles import dots, swarm
from reelgate.media.drawing.scenes.land import starry, sun_place
from reelgate.media.drawing.stage import Cutout, Stage, clouds, mist, open_sky, ridge


@dataclass(frozen=True)
class Water:
    """A plane of water: two ripple patterns gliding through each other, and glitter under the light."""

    base: Canvas
    top: int
    one: Image.Image
    two: Image.Image
    swing: Ints
    """How far ripples move the brightness, per row."""
    path: Ints
    """Where the light glitters, 0 to 128, over the water's area."""
    glitter: Floats
    speed: float

    def floor(self, view: View, height: int) -> int:
        """Hide what lies below the waterline."""
        return self.top

    def draw(self, canvas: Canvas, view: View, limit: int) -> None:
        """Paint the rows between the horizon and `limit`."""
        last = min(limit + limit % 2, canvas.height)
        if last <= self.top:
            return
        deep = last - self.top
        canvas.y[self.top : last] = self.base.y[:deep]
        canvas.u[self.top // 2 : last // 2] = self.base.u[: deep // 2]
        canvas.v[self.top // 2 : last // 2] = self.base.v[: deep // 2]
        ripple = self._glide(self.one, canvas.width, deep, view.seconds * self.speed + view.dx * 0.3)
        ripple += self._glide(self.two, canvas.width, deep, -view.seconds * self.speed * 0.8 + view.dx * 0.3)
        ripple -= np.int16(255)
        step = ripple * self.swing[:deep, None]
        step >>= 7
        surface = canvas.y[self.top : last]
        surface += step
        np.maximum(surface, 16, out=surface)
        spark = np.clip(ripple - np.int16(34), 0, 60)
        spark *= self.path[:deep]
        spark >>= 5
        np.clip(spark, 0, 128, out=spark)
        canvas.lay(spark, np.repeat(yuv(self.glitter)[None, :], deep, axis=0), self.top)

    @staticmethod
    def _glide(image: Image.Image, width: int, deep: int, shift: float) -> Ints:
        room = (image.width - width) / 2
        left = room + max(-room, min(room, -shift))
        band = image.resize((width, deep), Image.Resampling.BILINEAR, box=(left, 0, left + width, deep))
        return pixels(band)


def _in_perspective(rng: np.random.Generator, wide: int, deep: int, unit: float) -> Image.Image:
    flat = noise.field(rng, (768, 768), (40, 60), 3)
    flat = (flat - flat.mean()) / (flat.std() + np.float32(1e-6)) * np.float32(0.2) + np.float32(0.5)
    row = np.arange(deep, dtype=np.float32)[:, None]
    near = (row + 3 * unit) / np.float32(deep)
    across = (np.arange(wide, dtype=np.float32)[None, :] - wide / 2) / np.float32(wide)
    x = across * 190 / (near + 0.12) + 384
    y = 330 * np.log(near + np.float32(0.015)) + 3000
    picked = flat[np.mod(y, 768).astype(np.int32), np.mod(x, 768).astype(np.int32)]
    return mask_image(picked)


def water(stage: Stage, sun: tuple[float, float] | None, *, speed: float = 14.0) -> Water:
    """Make the plane of water from the horizon down, reflecting the sky and its light."""
    palette = stage.palette
    top = int(stage.horizon) // 2 * 2
    deep = stage.height - top
    rows = np.linspace(0, 1, deep, dtype=np.float32)
    stops = [
        (0.0, mix(palette.haze, palette.far, 0.25)),
        (0.1, mix(palette.haze, palette.far, 0.65)),
        (0.45, mix(palette.far, palette.land, 0.75)),
        (1.0, mix(palette.land, palette.ink, 0.75)),
    ]
    picture = np.repeat(ramp(stops, rows)[:, None, :], stage.width, axis=1)
    path = np.zeros((deep, stage.width), np.float32)
    if sun is not None:
        x = np.arange(stage.width, dtype=np.float32)[None, :] - np.float32(sun[0])
        half = stage.width * (0.05 + 0.2 * rows[:, None] ** 0.8)
        path = np.exp(-((x / half) ** 2)) * (1.0 - 0.62 * rows[:, None])
        picture += (palette.light - picture) * (path * (0.3 if not stage.backdrop.night else 0.2))[..., None]
    wide = int(stage.width * 1.8)
    return Water(
        base=painted(np.clip(picture, 0, 1), stage.rng),
        top=top,
        one=_in_perspective(stage.rng, wide, deep, stage.unit),
        two=_in_perspective(stage.rng, wide, deep, stage.unit),
        swing=(10 + 22 * rows**0.7).astype(np.int16),
        path=np.rint((path * 0.95 + 0.05) * 128).astype(np.int16),
        glitter=mix(palette.light, rgb("#ffffff"), 0.25),
        speed=speed * stage.unit * (0.6 + stage.backdrop.energy),
    )


def sea(stage: Stage) -> None:
    """Open water to the horizon, islands far off, rolling waves and a shore close by."""
    sun = sun_place(stage)
    open_sky(stage, sun, stars=starry(stage))
    clouds(stage, density=0.52 + 0.2 * (stage.backdrop.weather.value in ("clouds", "rain", "fog")))
    heights = np.clip(noise.line(stage.rng, stage.broad, 2.3, 6, 0.5) - 0.12, -0.02, 1) * stage.height * 0.16
    tone = stage.shade(0.2)
    stage.add(
        ridge(
            stage,
            heights,
            base=stage.horizon + 1,
            depth=0.06,
            top=tone,
            bottom=mix(tone, stage.palette.haze, 0.6),
            reach=stage.height * 0.05,
        )
    )
    mist(stage, stage.horizon, stage.height * 0.06, depth=0.05, strength=0.45)
    stage.add(water(stage, sun))
    if stage.framing is not Framing.AERIAL:
        waves(stage)


def waves(stage: Stage) -> None:
    """Roll papercut waves with lit crests toward the lens."""
    rough = 0.4 + 1.3 * stage.backdrop.energy
    for number, depth in enumerate((0.42, 0.62, 0.82, 1.0)):
        amplitude = stage.height * (0.008 + 0.009 * number) * rough
        length = stage.width * (0.34 + 0.16 * number)
        x = np.arange(int(stage.broad * 1.25), dtype=np.float32)
        bend = noise.line(stage.rng, len(x), 5, 2) * 1.4
        swell = np.sin(x / np.float32(length) * math.tau + bend + number * 1.9)
        heights = (swell + 0.3 * np.abs(swell) ** 3) * amplitude + noise.line(
            stage.rng, len(x), 16, 3
        ) * amplitude * 0.3
        base = stage.horizon + (stage.height - stage.horizon) * (0.3 + 0.2 * number)
        deep_water = mix(stage.palette.land, stage.palette.zenith, 0.55)
        tone = mix(
            mix(deep_water, stage.palette.sky, 0.5 * (1 - depth)), stage.palette.ink, 0.15 + 0.5 * depth
        )
        sway = (stage.width * 0.035, amplitude * 0.8, 0.8 + 0.7 * stage.backdrop.energy, number * 1.35)
        wave = ridge(
            stage,
            heights,
            base=base,
            depth=depth,
            top=mix(tone, stage.palette.haze, 0.36 - 0.14 * depth),
            bottom=mix(tone, stage.palette.ink, 0.35),
            reach=stage.height * 0.12,
        )
        stage.add(_swaying(wave, sway))
        stage.add(_swaying(_crest(stage, heights, base, depth, number), sway))


def _swaying(layer: Sheet, sway: tuple[float, float, float, float]) -> Sheet:
    return replace(layer, sway=sway[0], bob=sway[1], beat=sway[2], phase=sway[3])


def _crest(stage: Stage, heights: Floats, base: float, depth: float, number: int) -> Sheet:
    peak, low = float(heights.max()) + 2, float(heights.min()) - 2
    rows = np.arange(math.ceil(peak - low) + 4, dtype=np.float32)[:, None]
    below = rows - (np.float32(peak) - heights[None, :])
    thick = stage.unit * (2.2 + 1.3 * number)
    ragged = 0.35 + 0.65 * noise.smooth(-0.2, 0.5, noise.line(stage.rng, len(heights), 22, 3))
    line = np.clip(below + 0.5, 0, 1) * np.clip(1 - below / (thick * ragged[None, :] + 0.5), 0, 1)
    crest = noise.smooth(-0.4, 0.9, (heights - heights.mean()) / (heights.std() + np.float32(1e-6)))
    foam = mix(stage.palette.light, rgb("#ffffff"), 0.4)
    foam = mix(foam, stage.palette.land, 0.35 * stage.backdrop.night)
    alpha = line * crest[None, :] * (0.5 + 0.2 * stage.backdrop.energy)
    return sheet(
        mask_image(alpha),
        np.repeat(foam[None, :], 2, axis=0),
        top=base - peak,
        depth=depth,
        pivot=stage.horizon,
        reach=9.0,
        solid=False,
    )


def underwater(stage: Stage) -> None:
    """Blue depths, shafts of light from above, weed and rocks, rising bubbles."""
    palette = stage.palette
    rows = np.linspace(0, 1, stage.height, dtype=np.float32)
    stops = [
        (0.0, palette.zenith),
        (0.16, palette.haze),
        (0.5, palette.sky),
        (1.0, mix(palette.far, palette.land, 0.6)),
    ]
    picture = np.repeat(ramp(stops, rows)[:, None, :], stage.width, axis=1)
    stage.sky = painted(picture, stage.rng)
    stage.add(*_shafts(stage))
    for number, depth in enumerate((0.15, 0.32, 0.55)):
        heights = (noise.line(stage.rng, stage.broad, 3 + number, 5, 0.55) + 0.4) * stage.height * 0.1
        tone = mix(stage.shade(0.3 + 0.3 * number), palette.sky, 0.45 - 0.15 * number)
        stage.add(
            ridge(
                stage,
                heights,
                base=stage.height * (0.76 + 0.075 * number),
                depth=depth,
                top=mix(tone, palette.haze, 0.18),
                bottom=tone,
                reach=stage.height * 0.16,
            )
        )
        _weed(stage, number, depth)
    speck = dots(0.7, 1.8 * stage.unit + 0.6, 3)
    stage.add(
        swarm(
            stage.rng,
            60,
            speck,
            palette.light,
            (5 * stage.unit, 7 * stage.unit),
            sway=6 * stage.unit,
            twinkle=0.5,
            opacity=0.4,
        )
    )
    stage.add(
        swarm(
            stage.rng,
            34,
            dots(1.6 * stage.unit + 0.5, 7 * stage.unit, 5),
            mix(palette.light, palette.sky, 0.25),
            (0, -70 * stage.unit),
            sway=10 * stage.unit,
            beat=2.2,
            opacity=0.4,
        )
    )


def _shafts(stage: Stage) -> list[Glow]:
    found: list[Glow] = []
    for number in range(2):
        wide, high = stage.width // 2, stage.height // 2
        x = np.arange(wide, dtype=np.float32)[None, :] / wide
        y = np.arange(high, dtype=np.float32)[:, None] / high
        place = (x - 0.5 + 0.1 * number) / (0.45 + y * 0.9) + 0.5
        spread = noise.line(stage.rng, 512, 11 + 5 * number, 3)
        rays = np.interp(place, np.linspace(-0.6, 1.6, 512), spread).astype(np.float32)
        light = noise.smooth(0.0, 0.7, rays) * np.clip(1 - y * 1.15, 0, 1) ** 1.2 * 0.5
        big = mask_image(light).resize((stage.width, stage.height))
        found.append(
            Glow(pixels(big), stage.palette.light, breath=0.75, beat=0.9 + 0.35 * number, phase=number * 2.4)
        )
    return found


def _weed(stage: Stage, number: int, depth: float) -> None:
    deep = int(stage.height * (0.16 + 0.08 * number))
    board = Cutout(stage.broad, deep)
    rng = stage.rng
    for _ in range(9 + 3 * number):
        x, high = float(rng.uniform(0, stage.broad)), deep * float(rng.uniform(0.45, 0.95))
        thick, lean = stage.unit * (5 + 4 * number), float(rng.uniform(-0.14, 0.14)) * high
        wave = float(rng.uniform(0, math.tau))
        left: list[tuple[float, float]] = []
        right: list[tuple[float, float]] = []
        for step in range(15):
            t = step / 14
            middle = x + lean * t + math.sin(t * 6 + wave) * thick * 1.1 * t
            half = thick * (1 - t) ** 0.7 * 0.6
            left.append((middle - half, deep - high * t))
            right.append((middle + half, deep - high * t))
        board.polygon([*left, *reversed(right)])
    tone = mix(stage.shade(0.5 + 0.22 * number), stage.palette.sky, 0.22 - 0.08 * number)
    tint = ramp(
        [(0.0, mix(tone, stage.palette.haze, 0.2)), (1.0, tone)], np.linspace(0, 1, 8, dtype=np.float32)
    )
    stage.add(
        sheet(
            board.mask(),
            tint,
            top=stage.height * (0.8 + 0.09 * number) - deep,
            depth=depth + 0.04,
            pivot=stage.horizon,
            reach=deep,
            solid=False,
            sway=(7 * stage.unit * (1 + number), 0, 1.1, number * 1.4),
        )
    )
