"""What falls, floats or hangs in front of any scene."""

from __future__ import annotations

from collections.abc import Callable

from reelgate.core.render import Weather
from reelgate.media.drawing.colour import mix, rgb
from reelgate.media.drawing.particles import dots, rain, swarm
from reelgate.media.drawing.stage import Stage, mist


def hang_weather(stage: Stage) -> None:
    """Add the weather of the backdrop in front of everything."""
    hang = _KINDS.get(stage.backdrop.weather)
    if hang is not None:
        hang(stage)


def _rain(stage: Stage) -> None:
    tone = mix(stage.palette.light, stage.palette.haze, 0.3)
    stage.add(
        rain(stage.rng, (stage.width, stage.height), tone, heavy=stage.backdrop.energy, unit=stage.unit)
    )
    mist(stage, stage.height * 0.8, stage.height * 0.35, depth=0.9, strength=0.14)


def _snow(stage: Stage) -> None:
    unit, energy = stage.unit, stage.backdrop.energy
    white = mix(stage.palette.light, rgb("#ffffff"), 0.6)
    flakes = dots(0.9 * unit + 0.3, 5.6 * unit, 6, soft=1.3)
    fall = (-34 * unit * (0.5 + energy), 120 * unit * (0.6 + 0.5 * energy))
    stage.add(swarm(stage.rng, 190, flakes, white, fall, sway=16 * unit, beat=1.1, opacity=0.85))


def _fog(stage: Stage) -> None:
    for number in range(3):
        at = stage.horizon + stage.height * (0.02 + 0.14 * number)
        mist(stage, at, stage.height * 0.36, depth=0.3 + 0.3 * number, strength=0.4)


def _embers(stage: Stage) -> None:
    unit = stage.unit
    glow = mix(stage.palette.light, rgb("#ff9a3d"), 0.6)
    sparks = dots(0.8, 2.8 * unit + 0.4, 4)
    stage.add(
        swarm(stage.rng, 60, sparks, glow, (16 * unit, -130 * unit), sway=22 * unit, beat=1.6, twinkle=0.7)
    )


def _fireflies(stage: Stage) -> None:
    unit = stage.unit
    lights = dots(2.0, 6.5 * unit + 1, 4, soft=2.2)
    drift, low = (8 * unit, -5 * unit), (0.35, 0.95)
    stage.add(
        swarm(stage.rng, 34, lights, rgb("#ffe98a"), drift, sway=30 * unit, beat=0.8, twinkle=1.0, bounds=low)
    )


def _petals(stage: Stage) -> None:
    unit = stage.unit
    petals = dots(1.6 * unit + 0.4, 6.0 * unit, 5, soft=0.8, tall=0.66)
    fall = (-70 * unit, 80 * unit)
    stage.add(swarm(stage.rng, 54, petals, rgb("#ffc4d6"), fall, sway=34 * unit, beat=1.8, opacity=0.9))


_KINDS: dict[Weather, Callable[[Stage], None]] = {
    Weather.RAIN: _rain,
    Weather.SNOW: _snow,
    Weather.FOG: _fog,
    Weather.EMBERS: _embers,
    Weather.FIREFLIES: _fireflies,
    Weather.PETALS: _petals,
}
