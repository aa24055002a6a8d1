"""Colour as numbers: hex to RGB, even mixing in OKLab, RGB to BT.709 video levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelgate.core.render import Colours

Floats = NDArray[np.floating[Any]]
"""Single precision everywhere; numpy's own types cannot promise it."""
Ints = NDArray[np.integer[Any]]
"""16 bits, so that a product of a level and a weight of 128 fits."""

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    dtype=np.float32,
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    dtype=np.float32,
)
_FROM_LAB = np.linalg.inv(_TO_LAB).astype(np.float32)
_FROM_LMS = np.linalg.inv(_TO_LMS).astype(np.float32)
_TO_YUV = np.array(
    [[0.2126, 0.7152, 0.0722], [-0.1146, -0.3854, 0.5], [0.5, -0.4542, -0.0458]], dtype=np.float32
)


def rgb(text: str) -> Floats:
    """Read `#rrggbb` as three numbers from 0 to 1."""
    return np.array([int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)], dtype=np.float32)


def _lab(colour: Floats) -> Floats:
    return np.cbrt((colour**2.2) @ _TO_LMS.T) @ _TO_LAB.T


def _unlab(lab: Floats) -> Floats:
    linear = ((lab @ _FROM_LAB.T) ** 3) @ _FROM_LMS.T
    return np.clip(linear, 0, 1) ** np.float32(1 / 2.2)


def mix(a: Floats, b: Floats, t: float) -> Floats:
    """Blend two colours evenly to the eye."""
    return _unlab(_lab(a) * np.float32(1 - t) + _lab(b) * np.float32(t))


def ramp(stops: list[tuple[float, Floats]], at: Floats) -> Floats:
    """Give the colour at every place of `at` on a gradient through `stops`, in order."""
    places = [place for place, _ in stops]
    labs = np.stack([_lab(colour) for _, colour in stops])
    return _unlab(np.stack([np.interp(at, places, labs[:, i]) for i in range(3)], axis=-1).astype(np.float32))


def yuv(colour: Floats) -> Floats:
    """Turn RGB (0 to 1) into video levels: luma 16 to 235, chroma around 128."""
    flat = colour @ _TO_YUV.T
    return flat * np.array([219, 224, 224], dtype=np.float32) + np.array([16, 128, 128], dtype=np.float32)


@dataclass(frozen=True)
class Palette:
    """The colours of a scene, ready to be mixed."""

    ink: Floats
    land: Floats
    far: Floats
    haze: Floats
    sky: Floats
    zenith: Floats
    light: Floats

    @classmethod
    def of(cls, colours: Colours) -> Palette:
        """Read a palette from a plan."""
        return cls(
            ink=rgb(colours.ink),
            land=rgb(colours.land),
            far=rgb(colours.far),
            haze=rgb(colours.haze),
            sky=rgb(colours.sky),
            zenith=rgb(colours.zenith),
            light=rgb(colours.light),
        )

    def at(self, depth: float) -> Floats:
        """Give the colour of a silhouette by nearness: 0 is lost in the haze, 1 is ink."""
        place = np.array([depth], dtype=np.float32)
        stops = [(0.0, self.haze), (0.28, self.far), (0.62, self.land), (1.0, self.ink)]
        return ramp(stops, place)[0]
