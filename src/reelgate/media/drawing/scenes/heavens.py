"""Open skies and outer space."""

from __future__ import annotations

import numpy as np
from PIL import Image

from reelgate.media.drawing import noise
from reelgate.media.drawing.canvas import painted
from reelgate.media.drawing.colour import Floats, mix, ramp, rgb
from reelgate.media.drawing.layers import Sprite, mask_image, radial, sheet
from reelgate.media.drawing.particles import dots, swarm
from reelgate.media.drawing.scenes.land import starry, sun_place
from reelgate.media.drawing.stage import Stage, clouds, open_sky


def sky(stage: Stage) -> None:
    """A sea of clouds, bank behind bank."""
    open_sky(stage, sun_place(stage, 0.8), size=1.5, stars=starry(stage))
    clouds(stage, density=0.48)
    for number, depth in enumerate((0.1, 0.22, 0.4, 0.62, 0.9)):
        _bank(stage, number, depth)


def _bank(stage: Stage, number: int, depth: float) -> None:
    wide, rng, palette = int(stage.broad * 1.15), stage.rng, stage.palette
    small = 2
    x = np.arange(wide // small, dtype=np.float32) * small
    top = np.zeros(len(x), np.float32)
    size = stage.width * (0.035 + 0.03 * number)
    for _ in range(int(wide / size * 2.4)):
        centre, radius = float(rng.uniform(0, wide)), size * float(rng.uniform(0.4, 1.25))
        inside = np.clip(radius**2 - (x - np.float32(centre)) ** 2, 0, None)
        lift = np.float32(radius * 0.25)
        top = np.maximum(top, np.sqrt(inside) * np.float32(0.85) + np.where(inside > 0, lift, 0))
    top += noise.line(rng, len(x), 2.2, 2) * np.float32(size * 0.7)
    deep = int(stage.height * (0.1 + 0.045 * number) + float(top.max()))
    rows = np.arange(deep // small, dtype=np.float32)[:, None] * small
    edge = rows - (float(top.max()) - top[None, :])
    billow = noise.field(rng, (len(x), len(rows)), (wide / size * 1.2, deep / size * 1.2), 4)
    alpha = noise.smooth(-size * 0.06, size * 0.2, edge + (billow - 0.5) * np.float32(size * 0.5))
    tone = mix(palette.haze, palette.sky, 0.3 + 0.17 * number)
    lit = mix(tone, palette.light, 0.78 - 0.1 * number)
    base = stage.horizon + stage.height * (0.02 + 0.1 * number)
    tint = ramp(
        [
            (0.0, lit),
            (0.42, mix(tone, palette.haze, 0.4)),
            (1.0, mix(tone, palette.far, 0.34 + 0.1 * number)),
        ],
        np.linspace(0, 1, 20, dtype=np.float32),
    )
    mask = mask_image(alpha).resize((wide, deep), Image.Resampling.BICUBIC)
    drift = stage.unit * (5 + 9 * number) * (0.5 + stage.backdrop.energy)
    stage.add(
        sheet(
            mask, tint, top=base - float(top.max()), depth=depth, pivot=stage.horizon, reach=deep, drift=drift
        )
    )
    _glints(stage, billow, edge, size, (wide, deep), base - float(top.max()), depth, drift, lit)


def _glints(
    stage: Stage,
    billow: Floats,
    edge: Floats,
    size: float,
    shape: tuple[int, int],
    top: float,
    depth: float,
    drift: float,
    lit: Floats,
) -> None:
    puffs = (
        noise.smooth(0.5, 0.85, billow)
        * noise.smooth(0, size * 0.25, edge)
        * np.clip(1 - edge / np.float32(shape[1] * 0.8), 0, 1)
    )
    mask = mask_image(puffs * np.float32(0.5)).resize(shape, Image.Resampling.BICUBIC)
    stage.add(
        sheet(
            mask,
            np.repeat(lit[None, :], 2, axis=0),
            top=top,
            depth=depth,
            pivot=stage.horizon,
            reach=9.0,
            solid=False,
            drift=drift,
        )
    )


def cosmos(stage: Stage) -> None:
    """Stars in three depths, a nebula, a planet with its lit side."""
    palette, width, height, rng = stage.palette, stage.width, stage.height, stage.rng
    half = (width // 3, height // 3)
    one, two = (noise.field(rng, half, (2.2, 2.2 * height / width), 6) for _ in range(2))
    vein = 1 - np.abs(noise.field(rng, half, (3, 3 * height / width), 5) - 0.5) * 2
    cloud = noise.smooth(0.34, 0.85, one) * (0.35 + 0.65 * noise.smooth(0.55, 1.0, vein))
    other = noise.smooth(0.5, 1.0, two)
    picture = np.broadcast_to(mix(palette.zenith, rgb("#02030a"), 0.6), (half[1], half[0], 3)).copy()
    picture += (mix(palette.sky, rgb("#6a3fb5"), 0.4) - picture) * (np.clip(cloud * 1.3, 0, 1) * 0.85)[
        ..., None
    ]
    picture += (mix(palette.haze, rgb("#ff6fa8"), 0.3) - picture) * np.clip(cloud**1.5 * other * 1.8, 0, 0.9)[
        ..., None
    ]
    picture += (palette.light - picture) * np.clip(cloud**3 * other**2 * 2.4, 0, 0.8)[..., None]
    big = np.stack(
        [
            np.asarray(Image.fromarray(picture[..., i]).resize((width, height), Image.Resampling.BICUBIC))
            for i in range(3)
        ],
        axis=-1,
    )
    count = int(width * height / 650)
    place = rng.integers(0, height, count), rng.integers(0, width, count)
    big[place] += (1 - big[place]) * (rng.random(count, dtype=np.float32) ** 5)[:, None]
    stage.sky = painted(np.clip(big, 0, 1), rng)
    stars = dots(0.5, 1.5 * stage.unit + 0.5, 4)
    stage.add(swarm(rng, 120, stars, rgb("#ffffff"), (-5 * stage.unit, 0), twinkle=0.8, opacity=0.9))
    _planet(stage)
    stage.add(
        swarm(
            rng,
            26,
            dots(1.0, 3.4 * stage.unit, 4, soft=2.0),
            mix(palette.light, rgb("#ffffff"), 0.5),
            (-16 * stage.unit, 2),
            twinkle=0.5,
            opacity=0.8,
        )
    )


def _planet(stage: Stage) -> None:
    palette, rng = stage.palette, stage.rng
    radius = int(min(stage.width, stage.height) * float(rng.uniform(0.24, 0.34)))
    side = radius * 2 + 4
    x = (np.arange(side, dtype=np.float32) - side / 2 + 0.5)[None, :] / radius
    y = (np.arange(side, dtype=np.float32) - side / 2 + 0.5)[:, None] / radius
    square = np.clip(1 - x**2 - y**2, 0, 1)
    z = np.sqrt(square)
    disc = np.clip((1 - np.sqrt(x**2 + y**2)) * radius + 0.5, 0, 1)
    way = float(rng.choice([-1.0, 1.0]))
    shine = np.clip(way * x * 0.62 - y * 0.48 + z * 0.5, 0, 1)
    bands = noise.field(rng, (side, side), (1.5, 13), 4)
    at = (stage.width * (0.5 - way * 0.2), stage.height * float(rng.uniform(0.36, 0.46)) + radius)
    atmosphere = radial(side * 2, side * 2, (side, side), radius * 1.3, power=5)

    def put(mask: Floats, colour: Floats, drop: float = 0.0) -> None:
        stage.add(
            Sprite(
                mask_image(mask),
                colour,
                at[0],
                at[1] + drop,
                0.4,
                stage.horizon,
                speed=(way * 3 * stage.unit, 0),
            )
        )

    put(atmosphere * 0.28, mix(palette.haze, palette.light, 0.3), side / 2)
    put(disc, mix(palette.ink, rgb("#03040c"), 0.5))
    put(disc * shine**0.8, mix(palette.far, palette.haze, 0.45))
    put(disc * shine * noise.smooth(0.35, 0.75, bands) * 0.75, mix(palette.light, palette.haze, 0.45))
    rim = disc * np.clip(1 - z * 1.6, 0, 1) ** 2 * np.clip(shine * 1.8, 0, 1)
    put(rim, palette.light)
