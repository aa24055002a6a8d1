"""The demo's reference picture: a red sail on a mountain lake at dusk, drawn when it is needed."""

from __future__ import annotations

import itertools
import math
import random
from pathlib import Path
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]

SKY: Final[tuple[tuple[float, Colour], ...]] = (
    (0.0, (24, 32, 74)),
    (0.45, (98, 72, 132)),
    (0.75, (232, 128, 112)),
    (1.0, (255, 206, 140)),
)
RIDGES: Final[tuple[tuple[float, float, Colour], ...]] = (
    (0.80, 0.17, (150, 98, 136)),
    (0.90, 0.13, (98, 70, 118)),
    (0.985, 0.085, (48, 44, 84)),
)
"""How high each ridge stands in the sky, how rough it is, and its colour; far ones first."""


def draw(path: Path, width: int = 720, height: int = 1280) -> None:
    """Write the picture as a PNG; always the same one for a size."""
    shore = int(height * 0.58)
    above = _sky(width, shore)
    _sun(above, (int(width * 0.64), int(shore * 0.83)), int(width * 0.075))
    for number, (level, rough, colour) in enumerate(RIDGES):
        _ridge(above, level, rough, colour, random.Random(11 + number))  # noqa: S311
    picture = Image.new("RGB", (width, height))
    picture.paste(above, (0, 0))
    picture.paste(_water(above, height - shore), (0, shore))
    _boat(picture, (int(width * 0.40), shore + int(height * 0.105)), width * 0.19)
    _vignette(picture).save(path, "PNG")


def _mix(stops: tuple[tuple[float, Colour], ...], at: float) -> Colour:
    for (low, first), (high, second) in itertools.pairwise(stops):
        if at <= high:
            share = (at - low) / (high - low)
            red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
            return (red, green, blue)
    return stops[-1][1]


def _sky(width: int, height: int) -> Image.Image:
    column = Image.new("RGB", (1, height))
    for y in range(height):
        column.putpixel((0, y), _mix(SKY, y / (height - 1)))
    return column.resize((width, height))


def _sun(picture: Image.Image, centre: tuple[int, int], radius: int) -> None:
    x, y = centre
    glow = Image.new("RGB", picture.size)
    pen = ImageDraw.Draw(glow)
    for step, light in ((6.0, 26), (3.6, 48), (2.2, 70)):
        reach = radius * step
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=(light, light * 2 // 3, light // 3))
    picture.paste(ImageChops.screen(picture, glow.filter(ImageFilter.GaussianBlur(radius * 1.1))))
    disc = Image.new("L", (picture.width * 2, picture.height * 2))
    box = tuple(2 * v for v in (x - radius, y - radius, x + radius, y + radius))
    ImageDraw.Draw(disc).ellipse(box, fill=255)
    picture.paste((255, 240, 208), mask=disc.resize(picture.size, Image.Resampling.LANCZOS))


def _ridge(picture: Image.Image, level: float, rough: float, colour: Colour, dice: random.Random) -> None:
    width, height = picture.size
    waves = [(dice.uniform(0.6, 1.4) * 2**k, dice.uniform(0, math.tau), 0.52**k) for k in range(7)]
    mask = Image.new("L", (width * 2, height * 2))
    top = [
        (x, 2 * height * (level - rough * _height(x / (2 * width), waves)))
        for x in range(0, 2 * width + 4, 4)
    ]
    ImageDraw.Draw(mask).polygon([(0, 2 * height), *top, (2 * width + 4, 2 * height)], fill=255)
    picture.paste(colour, mask=mask.resize(picture.size, Image.Resampling.LANCZOS))


def _height(at: float, waves: list[tuple[float, float, float]]) -> float:
    total = sum(share * (1 - abs(math.sin(math.pi * pace * at * 2 + shift))) for pace, shift, share in waves)
    return total / sum(share for _, _, share in waves)


def _water(above: Image.Image, height: int) -> Image.Image:
    """Mirror what is above, line by line out of place, darker towards the viewer."""
    mirrored = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    dice = random.Random(5)  # noqa: S311
    water = Image.new("RGB", (above.width, height))
    for y in range(height):
        depth = y / height
        sway = (math.sin(y * y * 0.0009 + y * 0.31) + dice.uniform(-0.35, 0.35)) * (2 + 15 * depth)
        source = min(mirrored.height - 1, int(y * (1.05 + 0.25 * depth) + abs(sway) * 0.4))
        line = mirrored.crop((0, source, above.width, source + 1))
        water.paste(ImageChops.offset(line, round(sway), 0), (0, y))
    deep = Image.new("RGB", water.size, (16, 26, 62))
    shade = Image.linear_gradient("L").resize(water.size).point([70 + v * 130 // 255 for v in range(256)])
    return Image.composite(deep, water, shade).filter(ImageFilter.GaussianBlur(0.6))


def _boat(picture: Image.Image, at: tuple[int, int], length: float) -> None:
    x, y = at
    layer = Image.new("RGBA", (picture.width * 2, picture.height * 2))
    pen = ImageDraw.Draw(layer)

    def shape(points: list[tuple[float, float]], fill: tuple[int, int, int, int], flip: float = 1.0) -> None:
        pen.polygon([(2 * (x + px * length), 2 * (y + py * length * flip)) for px, py in points], fill=fill)

    hull = [(-0.5, -0.06), (0.52, -0.1), (0.36, 0.09), (-0.34, 0.09)]
    main_sail = [(-0.02, -0.12), (-0.02, -1.3), (0.44, -0.16)]
    fore_sail = [(-0.07, -0.14), (-0.07, -1.12), (-0.44, -0.12)]
    shape(main_sail, (196, 58, 52, 105), -0.8)
    shape(fore_sail, (226, 120, 96, 90), -0.8)
    shape(main_sail, (206, 48, 44, 255))
    shape(fore_sail, (240, 122, 92, 255))
    shape(hull, (44, 26, 34, 255))
    small = layer.resize(picture.size, Image.Resampling.LANCZOS)
    picture.paste(small, mask=small.getchannel("A"))


def _vignette(picture: Image.Image) -> Image.Image:
    edge = (
        Image.radial_gradient("L")
        .resize(picture.size)
        .point([max(0, v - 110) * 90 // 145 for v in range(256)])
    )
    return Image.composite(Image.new("RGB", picture.size, (8, 10, 30)), picture, edge)
