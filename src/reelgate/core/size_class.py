"""The class of a picture size, such as `720p`, by its area: a 720p square is 960 pixels wide."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from reelgate.core.task import Size

_AREAS: Final[Mapping[str, int]] = {
    "360p": 640 * 360,
    "480p": 854 * 480,
    "720p": 1_280 * 720,
    "1080p": 1_920 * 1_080,
    "4k": 3_840 * 2_160,
}


def class_of(size: Size) -> str:
    """Name the nearest class of a size: `360p`, `480p`, `720p`, `1080p` or `4k`."""
    area = size.width * size.height
    return min(_AREAS, key=lambda name: abs(math.log(_AREAS[name] / area)))
