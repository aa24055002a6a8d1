"""Seeded randomness with a shape: rolling lines, cloudy fields."""

from __future__ import annotations

import numpy as np
from PIL import Image

from reelgate.media.drawing.colour import Floats


def dice(seed: int, *salt: int) -> np.random.Generator:
    """Give a generator that depends on nothing but its numbers."""
    return np.random.Generator(np.random.PCG64([abs(seed), *salt]))


def line(rng: np.random.Generator, width: int, bumps: float, octaves: int, rough: float = 0.5) -> Floats:
    """Give a rolling line of `width` points between about -1 and 1."""
    x = np.arange(width, dtype=np.float32) / max(1, width)
    total = np.zeros(width, dtype=np.float32)
    weight, sum_of_weights = 1.0, 0.0
    for octave in range(octaves):
        knots = max(2, round(bumps * 2**octave)) + 3
        values = rng.uniform(-1, 1, knots + 1).astype(np.float32)
        place = x * (knots - 1)
        left = place.astype(np.int32)
        t = place - left
        t = t * t * (3 - 2 * t)
        total += weight * (values[left] * (1 - t) + values[left + 1] * t)
        sum_of_weights += weight
        weight *= rough
    return total / np.float32(sum_of_weights)


def field(
    rng: np.random.Generator, size: tuple[int, int], cells: tuple[float, float], octaves: int = 4
) -> Floats:
    """Give a cloudy field of `size` (width, height) between 0 and 1."""
    width, height = size
    total = np.zeros((height, width), dtype=np.float32)
    weight = 1.0
    for octave in range(octaves):
        across = max(2, round(cells[0] * 2**octave))
        down = max(2, round(cells[1] * 2**octave))
        grid = rng.random((down + 2, across + 2), dtype=np.float32)
        small = Image.fromarray(grid)
        big = small.resize(
            (width, height), Image.Resampling.BICUBIC, box=(0.5, 0.5, across + 1.5, down + 1.5)
        )
        total += np.float32(weight) * np.asarray(big, dtype=np.float32)
        weight *= 0.5
    low, high = float(total.min()), float(total.max())
    return (total - np.float32(low)) / np.float32(max(1e-6, high - low))


def smooth(low: float, high: float, value: Floats) -> Floats:
    """Rise softly from 0 at `low` to 1 at `high`."""
    t = np.clip((value - np.float32(low)) / np.float32(high - low), 0, 1)
    return t * t * (3 - 2 * t)
