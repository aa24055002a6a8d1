"""The sound of an animatic: a quiet chord and the air of each scene, made from numbers, never above -3 dBFS."""

from __future__ import annotations

import math

import numpy as np

from reelgate.core.render import Backdrop, Plan, Style, Weather
from reelgate.media.drawing import noise
from reelgate.media.drawing.colour import Floats

RATE = 48_000
PEAK = 0.66
"""The loudest sample: -3.6 dBFS, so that the encoder's overshoot stays under -3."""
_CHORDS = {
    False: ((0, 7, 12, 16, 23), (0, 5, 9, 16, 21), (0, 7, 14, 16, 19)),
    True: ((0, 7, 12, 15, 22), (0, 3, 10, 14, 19), (0, 8, 12, 15, 19)),
}
_AIR: dict[Style, tuple[str, float]] = {
    Style.SEA: ("waves", 0.5),
    Style.UNDERWATER: ("deep", 0.55),
    Style.FOREST: ("leaves", 0.26),
    Style.MEADOW: ("leaves", 0.2),
    Style.MOUNTAINS: ("wind", 0.34),
    Style.DESERT: ("wind", 0.3),
    Style.SKY: ("wind", 0.26),
    Style.CITY: ("hum", 0.42),
    Style.ROAD: ("hum", 0.34),
    Style.COSMOS: ("deep", 0.4),
    Style.FIRE: ("crackle", 0.5),
    Style.ROOM: ("hush", 0.12),
    Style.PORTRAIT: ("hush", 0.14),
    Style.ABSTRACT: ("hush", 0.12),
}


def score(plan: Plan) -> Floats:
    """Give the sound of the shots of a plan, two channels of 32-bit samples, exactly as long as its frames."""
    total = round(sum(shot.frames for shot in plan.shots) * RATE / plan.fps)
    mixed = np.zeros((2, total), np.float32)
    start = 0
    beds: dict[tuple[Style, Weather, bool], int] = {}
    for number, shot in enumerate(plan.shots):
        length = round(shot.frames * RATE / plan.fps)
        over = min(RATE // 2, length // 2)
        end = min(total, start + length + over)
        key = (shot.backdrop.style, shot.backdrop.weather, shot.backdrop.night)
        salt = beds.setdefault(key, number)
        part = _air(shot.backdrop, end - start, noise.dice(plan.seed, 71, salt)) + _swell(end - start, number)
        _ramp(part, over if number else 0, over if number < len(plan.shots) - 1 else 0)
        mixed[:, start:end] += part
        start += length
    mixed += _pad(plan, total)
    _ramp(mixed, min(RATE // 3, total // 4), min(int(RATE * 0.8), total // 3))
    return _levelled(mixed)


def _levelled(sound: Floats) -> Floats:
    loud = float(np.abs(sound).max(initial=0.0))
    body = float(np.sqrt(np.mean(sound**2))) if sound.size else 0.0
    gain = min(PEAK / max(loud, 1e-6), 0.085 / max(body, 1e-6))
    return sound * np.float32(gain)


def _ramp(sound: Floats, rise: int, fall: int) -> None:
    if rise:
        sound[:, :rise] *= np.sin(np.linspace(0, math.pi / 2, rise, dtype=np.float32)) ** 2
    if fall:
        sound[:, -fall:] *= np.cos(np.linspace(0, math.pi / 2, fall, dtype=np.float32)) ** 2


def _pad(plan: Plan, length: int) -> Floats:
    rng = noise.dice(plan.seed, 72)
    dark = sum(shot.backdrop.night or shot.backdrop.weather is Weather.RAIN for shot in plan.shots) * 2 > len(
        plan.shots
    )
    chord = _CHORDS[dark][int(rng.integers(3))]
    root = 55.0 * 2 ** (int(rng.integers(0, 8)) / 12)
    time = np.arange(length, dtype=np.float32) / np.float32(RATE)
    sound = np.zeros((2, length), np.float32)
    for number, step in enumerate(chord):
        pitch = root * 2 ** (step / 12) * (2 if number else 1)
        breath = 0.6 + 0.4 * np.sin(
            time * np.float32(0.5 + 0.17 * number) + np.float32(rng.uniform(0, math.tau))
        )
        for side in range(2):
            turn = np.float32(math.tau * pitch * (1 + (side - 0.5) * 0.0035))
            tone = np.sin(time * turn + np.float32(rng.uniform(0, math.tau)))
            tone += np.float32(0.22) * np.sin(time * turn * 2)
            sound[side] += tone * breath * np.float32(0.05 / (1 + 0.28 * number))
    return sound


def _coloured(rng: np.random.Generator, length: int, low: float, high: float, slope: float) -> Floats:
    """Give stereo noise between two frequencies, falling by `slope` (1 is pink, 2 is brown)."""
    block = min(length, RATE * 6)
    size = 1 << max(8, (block - 1).bit_length())
    spectrum = np.fft.rfftfreq(size, 1 / RATE).astype(np.float32)
    shape = 1 / np.maximum(spectrum, 20) ** np.float32(slope / 2)
    shape *= 1 / (1 + (low / np.maximum(spectrum, 1)) ** 4) / (1 + (spectrum / high) ** 4)
    made = np.empty((2, length), np.float32)
    for side in range(2):
        white = rng.standard_normal(size, dtype=np.float32)
        loop = np.fft.irfft(np.fft.rfft(white) * shape, size).astype(np.float32)
        loop /= np.float32(loop.std() + 1e-9)
        made[side] = np.resize(loop, length)  # the spectrum is periodic, so the loop has no seam
    return made


def _slow(rng: np.random.Generator, length: int, per_second: float) -> Floats:
    count = max(2, int(length / RATE * per_second) + 2)
    knots = rng.random(count + 1, dtype=np.float32)
    place = np.linspace(0, count - 0.001, length, dtype=np.float32)
    left = place.astype(np.int32)
    t = place - left
    t = t * t * (3 - 2 * t)
    return knots[left] * (1 - t) + knots[left + 1] * t


def _air(backdrop: Backdrop, length: int, rng: np.random.Generator) -> Floats:
    kind, loud = _AIR[backdrop.style]
    sound = _BEDS[kind](rng, length, backdrop.energy) * np.float32(loud * (0.7 + 0.5 * backdrop.energy))
    if backdrop.weather is Weather.RAIN:
        sound = sound * np.float32(0.5) + _rain(rng, length, backdrop.energy) * np.float32(0.34)
    elif backdrop.weather is Weather.SNOW:
        sound = sound * np.float32(0.6) + _wind(rng, length, 0.2) * np.float32(0.16)
    outside = backdrop.style in (Style.FOREST, Style.MEADOW, Style.MOUNTAINS, Style.FIRE)
    if backdrop.night and outside and backdrop.weather is not Weather.RAIN:
        sound = sound * np.float32(0.7) + _crickets(rng, length) * np.float32(0.1)
    return sound * np.float32(0.3)


def _waves(rng: np.random.Generator, length: int, energy: float) -> Floats:
    time = np.arange(length, dtype=np.float32) / np.float32(RATE)
    phase = np.float32(rng.uniform(0, math.tau))
    swell = (0.5 + 0.5 * np.sin(time * np.float32(0.9 + 0.7 * energy) + phase)) ** 2
    late = (0.5 + 0.5 * np.sin(time * np.float32(0.9 + 0.7 * energy) + phase - np.float32(0.9))) ** 3
    return _coloured(rng, length, 40, 900, 1.6) * (0.35 + 0.65 * swell) + _coloured(
        rng, length, 900, 7000, 1.0
    ) * (0.45 * late)


def _wind(rng: np.random.Generator, length: int, energy: float) -> Floats:
    return _coloured(rng, length, 60, 700, 1.8) * (0.35 + 0.65 * _slow(rng, length, 0.6 + energy))


def _leaves(rng: np.random.Generator, length: int, energy: float) -> Floats:
    rustle = _coloured(rng, length, 1200, 6500, 0.8) * (0.15 + 0.4 * _slow(rng, length, 1.2 + energy))
    return _wind(rng, length, energy) * np.float32(0.7) + rustle + _birdsong(rng, length)


def _birdsong(rng: np.random.Generator, length: int) -> Floats:
    sound = np.zeros((2, length), np.float32)
    for _ in range(max(1, int(length / RATE * 0.6))):
        start, base = int(rng.integers(0, max(1, length - RATE // 2))), float(rng.uniform(2300, 3600))
        side = float(rng.uniform(0.2, 0.8))
        for note in range(int(rng.integers(2, 5))):
            size = int(RATE * float(rng.uniform(0.05, 0.11)))
            first = start + int(note * RATE * 0.13)
            if first + size > length:
                break
            t = np.linspace(0, 1, size, dtype=np.float32)
            glide = base * (1 + 0.16 * np.sin(t * np.float32(rng.uniform(2, 7))))
            tone = np.sin(np.cumsum(glide) * np.float32(math.tau / RATE)) * np.sin(t * math.pi) ** 2
            sound[:, first : first + size] += (
                tone * np.array([[1 - side], [side]], np.float32) * np.float32(0.3)
            )
    return sound


def _hum(rng: np.random.Generator, length: int, energy: float) -> Floats:
    return _coloured(rng, length, 35, 260, 2.0) * (0.6 + 0.4 * _slow(rng, length, 0.5 + energy)) + _coloured(
        rng, length, 300, 2200, 1.4
    ) * (0.06 + 0.14 * _slow(rng, length, 0.8))


def _deep(rng: np.random.Generator, length: int, energy: float) -> Floats:
    return _coloured(rng, length, 25, 220, 2.0) * (0.5 + 0.5 * _slow(rng, length, 0.5 + energy))


def _hush(rng: np.random.Generator, length: int, energy: float) -> Floats:
    return _coloured(rng, length, 80, 1800, 1.5) * (0.6 + 0.4 * _slow(rng, length, 0.4 + energy))


def _rain(rng: np.random.Generator, length: int, energy: float) -> Floats:
    return _coloured(rng, length, 700, 9000, 0.5) * (0.75 + 0.25 * _slow(rng, length, 1.0 + energy))


def _crackle(rng: np.random.Generator, length: int, energy: float) -> Floats:
    sound = _coloured(rng, length, 50, 500, 1.6) * (0.5 + 0.5 * _slow(rng, length, 5.0))
    for _ in range(int(length / RATE * (9 + 8 * energy))):
        size = int(rng.integers(200, 1100))
        first = int(rng.integers(0, max(1, length - size)))
        snap = rng.standard_normal(size, dtype=np.float32) * np.exp(
            -np.linspace(0, 9, size, dtype=np.float32)
        )
        side = float(rng.uniform(0.2, 0.8))
        room = min(size, length - first)
        sound[:, first : first + room] += (
            snap[:room] * np.array([[1 - side], [side]], np.float32) * np.float32(rng.uniform(0.5, 2.2))
        )
    return sound


def _crickets(rng: np.random.Generator, length: int) -> Floats:
    time = np.arange(length, dtype=np.float32) / np.float32(RATE)
    sound = np.zeros((2, length), np.float32)
    for side in range(2):
        pitch, rate = float(rng.uniform(4000, 4600)), float(rng.uniform(17, 22))
        pulses = np.clip(np.sin(time * np.float32(math.tau * rate)), 0, 1) ** 2
        chirps = np.clip(np.sin(time * np.float32(math.tau * 0.7) + np.float32(side * 2)) * 3, 0, 1)
        sound[side] = np.sin(time * np.float32(math.tau * pitch)) * pulses * chirps
    return sound


def _swell(length: int, number: int) -> Floats:
    """Give the soft beat that marks a new shot; the first needs none."""
    sound = np.zeros((2, length), np.float32)
    if number == 0:
        return sound
    size = min(length, RATE)
    t = np.arange(size, dtype=np.float32) / np.float32(RATE)
    beat = np.sin(np.float32(math.tau) * (46 * t + np.float32(3) * (1 - np.exp(-t * 14)))) * np.exp(-t * 5.5)
    beat *= np.minimum(1, t * 90)
    sound[:, :size] = beat * np.float32(0.13)
    return sound


_BEDS = {
    "waves": _waves,
    "deep": _deep,
    "leaves": _leaves,
    "wind": _wind,
    "hum": _hum,
    "crackle": _crackle,
    "hush": _hush,
}
