"""A stage: the still sky of one shot and the elements in front of it, in drawing order."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from reelgate.core.render import Backdrop, Framing
from reelgate.media.drawing import noise
from reelgate.media.drawing.camera import MARGIN, View
from reelgate.media.drawing.canvas import Canvas, painted
from reelgate.media.drawing.colour import Floats, Palette, mix, ramp
from reelgate.media.drawing.layers import Element, Sheet, mask_image, radial, sheet

_HORIZONS = {Framing.WIDE: 0.56, Framing.CLOSE: 0.64, Framing.AERIAL: 0.34, Framing.LOW: 0.72}
_FAR = 0.3
_STALE = 1 / 16
"""Seconds that far sheets may stand still."""
_FINE = 2
"""Cut-outs are drawn this much larger and then reduced, for clean edges."""


@dataclass
class Stage:
    """Where a scene is put up before it is filmed."""

    width: int
    height: int
    backdrop: Backdrop
    framing: Framing
    palette: Palette
    rng: np.random.Generator
    elements: list[Element] = field(default_factory=list[Element])
    sky: Canvas | None = None
    far: Canvas | None = None
    """The far sheets as they were drawn last; they move so little that every other frame will do."""
    far_seconds: float = 0.0

    @property
    def unit(self) -> float:
        """The size of one design pixel: the shorter side is 720 of them."""
        return min(self.width, self.height) / 720

    @property
    def horizon(self) -> float:
        """The row of the horizon."""
        return self.height * _HORIZONS[self.framing]

    @property
    def broad(self) -> int:
        """Width of a sheet with room for the camera on both sides."""
        return math.ceil(self.width * (1 + 2.6 * MARGIN))

    def add(self, *elements: Element) -> None:
        """Put elements in front of what is there."""
        self.elements.extend(elements)

    def shade(self, depth: float, toward: Floats | None = None, share: float = 0.0) -> Floats:
        """Give the colour of a silhouette at a depth, bent toward another colour."""
        colour = self.palette.at(depth)
        return colour if toward is None else mix(colour, toward, share)

    def film(self, canvas: Canvas, view: View) -> None:
        """Draw one frame."""
        limits: list[int] = []
        limit = canvas.height
        for element in reversed(self.elements):
            limits.append(limit)
            limit = min(limit, element.floor(view, canvas.height))
        limits.reverse()
        count = 0 if view.steady else self._far_count()
        if count and self.far is not None and 0 <= view.seconds - self.far_seconds < _STALE:
            canvas.take(self.far)
        else:
            if self.sky is not None:
                canvas.take(self.sky)
            room = round(self.unit * 8) + 2  # what is nearer may uncover a little before the next time
            for element, last in zip(self.elements[:count], limits, strict=False):
                element.draw(canvas, view, min(canvas.height, last + room))
            if count:
                self._hold(canvas, view)
        for element, last in zip(self.elements[count:], limits[count:], strict=True):
            element.draw(canvas, view, last)

    def _far_count(self) -> int:
        for number, element in enumerate(self.elements):
            if not isinstance(element, Sheet) or element.depth > _FAR or element.beat:
                return number
        return len(self.elements)

    def _hold(self, canvas: Canvas, view: View) -> None:
        if self.far is None:
            self.far = Canvas.blank(self.width, self.height)
        self.far.take(canvas)
        self.far_seconds = view.seconds


def open_sky(
    stage: Stage, sun: tuple[float, float] | None, *, size: float = 1.0, stars: bool = False
) -> None:
    """Paint the still sky: a gradient, the glow of the light, its disc, fixed stars."""
    palette, width, height = stage.palette, stage.width, stage.height
    rows = np.arange(height, dtype=np.float32) / np.float32(stage.horizon)
    stops = [
        (0.0, palette.zenith),
        (0.55, palette.sky),
        (0.92, mix(palette.sky, palette.haze, 0.75)),
        (1.02, palette.haze),
        (1.8, mix(palette.haze, palette.far, 0.5)),
    ]
    picture = np.repeat(ramp(stops, rows)[:, None, :], width, axis=1)
    if stars:
        _fixed_stars(stage, picture)
    if sun is not None:
        _shine(stage, picture, sun, size)
    stage.sky = painted(np.clip(picture, 0, 1), stage.rng)


def _fixed_stars(stage: Stage, picture: Floats) -> None:
    count = int(stage.width * stage.height / 1500)
    x = stage.rng.integers(0, stage.width - 1, count)
    y = (stage.rng.random(count) ** 1.4 * stage.horizon * 0.98).astype(np.int32)
    strength = stage.rng.random(count).astype(np.float32) ** 4 * np.float32(0.9)
    strength *= np.clip(1.15 - y / stage.horizon, 0, 1).astype(np.float32)
    for dy, dx, share in ((0, 0, 1.0), (0, 1, 0.35), (1, 0, 0.35)):
        spot = np.minimum(y + dy, stage.height - 1), x + dx
        picture[spot] += (1 - picture[spot]) * (strength * np.float32(share))[:, None]


def _shine(stage: Stage, picture: Floats, sun: tuple[float, float], size: float) -> None:
    light, short = stage.palette.light, min(stage.width, stage.height)
    wide = radial(stage.width, stage.height, sun, short * 0.55 * size, power=1.6, stretch=1.5)
    near = radial(stage.width, stage.height, sun, short * 0.17 * size, power=2.0)
    halo = np.clip(wide * 0.42 + near * 0.5, 0, 1)[..., None]
    picture += (light - picture) * halo * np.float32(0.55 if stage.backdrop.night else 0.9)
    x = np.arange(stage.width, dtype=np.float32) - np.float32(sun[0])
    y = np.arange(stage.height, dtype=np.float32) - np.float32(sun[1])
    radius = short * (0.052 if stage.backdrop.night else 0.062) * size
    disc = np.clip(radius + 0.5 - np.sqrt(x[None, :] ** 2 + y[:, None] ** 2), 0, 1)[..., None]
    core = light + (1 - light) * np.float32(0.6)
    picture += (core - picture) * disc


def clouds(stage: Stage, *, count: int = 2, low: float = 0.95, density: float = 0.5) -> None:
    """Hang drifting clouds, lit from the side of the light."""
    palette = stage.palette
    for number in range(count):
        deep = int(stage.horizon * (0.5 + 0.18 * number))
        wide = int(stage.width * 1.7)
        half = (max(8, wide // 3), max(8, deep // 3))
        field_ = noise.field(stage.rng, half, (wide / deep * 1.6, 4.5 + number), 5)
        rows = np.linspace(0, 1, half[1], dtype=np.float32)[:, None]
        window = noise.smooth(0.0, 0.35, rows) * noise.smooth(0.0, 0.3, 1 - rows)
        thick = noise.smooth(1 - density, 1.22 - density * 0.6, field_ * window)
        mask = mask_image(thick * np.float32(0.9)).resize((wide, deep), Image.Resampling.BICUBIC)
        lit = mix(palette.sky, palette.light, 0.62 - 0.3 * stage.backdrop.night)
        under = mix(palette.haze if stage.backdrop.low_sun else palette.sky, palette.far, 0.35)
        tint = ramp(
            [(0.0, lit), (0.55, mix(lit, under, 0.55)), (1.0, under)], np.linspace(0, 1, 16, dtype=np.float32)
        )
        stage.add(
            sheet(
                mask,
                tint,
                top=stage.horizon * (low - 0.52 - 0.3 * number) - deep * 0.25,
                depth=0.05 + 0.05 * number,
                pivot=stage.horizon,
                reach=deep,
                solid=False,
                opacity=0.85 - 0.2 * number,
                drift=stage.unit * (5 + 7 * number) * (0.6 + stage.backdrop.energy),
            )
        )


def mist(
    stage: Stage, at: float, deep: float, *, depth: float, strength: float, colour: Floats | None = None
) -> None:
    """Lay a drifting bank of mist."""
    wide, high = int(stage.width * 1.6), max(8, int(deep))
    half = (max(8, wide // 6), max(8, high // 6))
    cloud = noise.field(stage.rng, half, (3.0, 1.6), 4)
    rows = np.linspace(0, 1, half[1], dtype=np.float32)[:, None]
    window = noise.smooth(0, 0.5, rows) * noise.smooth(0, 0.5, 1 - rows)
    mask = mask_image((0.35 + 0.65 * cloud) * window).resize((wide, high), Image.Resampling.BICUBIC)
    tone = stage.palette.haze if colour is None else colour
    tint = np.repeat(tone[None, :], 2, axis=0)
    stage.add(
        sheet(
            mask, tint, top=at - deep / 2, depth=depth, pivot=stage.horizon, reach=deep, solid=False,
            opacity=strength, drift=stage.unit * 14 * (0.4 + stage.backdrop.energy),
        )
    )  # fmt: skip


def ridge(
    stage: Stage, heights: Floats, *, base: float, depth: float, top: Floats, bottom: Floats, reach: float
) -> Sheet:
    """Cut a skyline: `heights` in pixels above `base`, a gradient from its peak down over `reach`."""
    peak = float(heights.max()) + 2
    low = float(heights.min()) - 2
    rows = np.arange(math.ceil(peak - low), dtype=np.float32)[:, None]
    alpha = np.clip(rows - (np.float32(peak) - heights[None, :]) + np.float32(0.5), 0, 1)
    tint = ramp([(0.0, top), (1.0, bottom)], np.linspace(0, 1, 24, dtype=np.float32))
    return sheet(mask_image(alpha), tint, top=base - peak, depth=depth, pivot=stage.horizon, reach=reach)


@dataclass
class Cutout:
    """A drawing board for shapes with clean edges, in sheet pixels."""

    width: int
    height: int

    def __post_init__(self) -> None:
        self.image = Image.new("L", (self.width * _FINE, self.height * _FINE), 0)
        self.pen = ImageDraw.Draw(self.image)

    def polygon(self, points: list[tuple[float, float]], fill: int = 255) -> None:
        """Fill a polygon."""
        self.pen.polygon([(x * _FINE, y * _FINE) for x, y in points], fill=fill)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: int = 255) -> None:
        """Fill an ellipse around a place."""
        self.pen.ellipse([(x - rx) * _FINE, (y - ry) * _FINE, (x + rx) * _FINE, (y + ry) * _FINE], fill=fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: int = 255) -> None:
        """Fill a rectangle; what is thinner than a fine pixel is left out."""
        across, down = (right - left) * _FINE, (bottom - top) * _FINE
        if across >= 1 and down >= 1:
            x, y = left * _FINE, top * _FINE
            self.pen.rectangle([x, y, x + across - 1, y + down - 1], fill=fill)

    def stroke(self, points: list[tuple[float, float]], width: float, fill: int = 255) -> None:
        """Draw a line with round joints."""
        self.pen.line(
            [(x * _FINE, y * _FINE) for x, y in points],
            fill=fill,
            width=max(1, round(width * _FINE)),
            joint="curve",
        )

    def mask(self) -> Image.Image:
        """Give the finished mask."""
        return self.image.reduce(_FINE)
