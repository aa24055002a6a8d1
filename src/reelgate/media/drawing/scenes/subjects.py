"""Small silhouettes that give a scene its scale, drawn from a few curves."""

from __future__ import annotations

import math
from dataclasses import replace

from PIL import Image

from reelgate.core.render import Style, Subject, Weather
from reelgate.media.drawing.colour import mix, rgb
from reelgate.media.drawing.layers import Sprite
from reelgate.media.drawing.stage import Cutout, Stage

Points = list[tuple[float, float]]


def person_mask(tall: int, *, umbrella: bool = False) -> Image.Image:
    """A standing figure, seen from behind."""
    wide = int(tall * 0.7)
    board, c = Cutout(wide, tall), wide / 2

    def at(points: Points) -> Points:
        return [(c + x * tall, y * tall) for x, y in points]

    board.ellipse(c, tall * 0.175, tall * 0.055, tall * 0.068)
    board.polygon(
        at(
            [
                (-0.03, 0.22),
                (0.03, 0.22),
                (0.11, 0.28),
                (0.125, 0.52),
                (0.095, 0.54),
                (0.1, 0.72),
                (-0.1, 0.72),
                (-0.095, 0.54),
                (-0.125, 0.52),
                (-0.11, 0.28),
            ]
        )
    )
    board.polygon(at([(-0.09, 0.7), (-0.005, 0.7), (-0.02, 0.99), (-0.08, 0.99)]))
    board.polygon(at([(0.09, 0.7), (0.005, 0.7), (0.03, 0.99), (0.085, 0.99)]))
    if umbrella:
        dome = [(-0.3 + 0.6 * i / 12, 0.13 - 0.13 * math.sin(math.pi * i / 12)) for i in range(13)]
        board.polygon(at([*dome, (0.2, 0.1), (0.1, 0.135), (0.0, 0.1), (-0.1, 0.135), (-0.2, 0.1)]))
        board.stroke(at([(0.06, 0.05), (0.1, 0.42)]), tall * 0.012)
    return board.mask()


def _boat(tall: int) -> Image.Image:
    board = Cutout(int(tall * 0.9), tall)

    def at(points: Points) -> Points:
        return [((0.45 + x) * tall, y * tall) for x, y in points]

    board.polygon(at([(-0.34, 0.82), (0.36, 0.82), (0.27, 0.98), (-0.24, 0.98)]))
    board.stroke(at([(0.0, 0.02), (0.0, 0.84)]), tall * 0.016)
    main = [
        (0.025, 0.05),
        *[(0.025 + 0.3 * math.sin(t / 10 * 1.45), 0.05 + 0.7 * t / 10) for t in range(11)],
        (0.025, 0.76),
    ]
    board.polygon(at(main), fill=225)
    board.polygon(at([(-0.025, 0.12), (-0.08, 0.42), (-0.27, 0.76), (-0.025, 0.76)]), fill=190)
    return board.mask()


def _lighthouse(tall: int) -> Image.Image:
    board = Cutout(int(tall * 1.1), tall)

    def at(points: Points) -> Points:
        return [((0.55 + x) * tall, y * tall) for x, y in points]

    board.polygon(at([(-0.5, 1.0), (-0.34, 0.88), (-0.18, 0.82), (0.16, 0.81), (0.36, 0.9), (0.52, 1.0)]))
    board.polygon(at([(-0.07, 0.84), (-0.045, 0.2), (0.045, 0.2), (0.07, 0.84)]))
    board.polygon(at([(-0.065, 0.205), (-0.065, 0.18), (0.065, 0.18), (0.065, 0.205)]))
    board.polygon(at([(-0.035, 0.18), (-0.035, 0.11), (0.035, 0.11), (0.035, 0.18)]), fill=140)
    board.polygon(at([(-0.05, 0.11), (0.0, 0.05), (0.05, 0.11)]))
    return board.mask()


def _house(tall: int) -> Image.Image:
    board = Cutout(int(tall * 1.4), tall)

    def at(points: Points) -> Points:
        return [((0.7 + x) * tall, y * tall) for x, y in points]

    board.polygon(
        at(
            [
                (-0.45, 1.0),
                (-0.45, 0.5),
                (-0.55, 0.52),
                (-0.18, 0.12),
                (0.5, 0.14),
                (0.58, 0.5),
                (0.48, 0.5),
                (0.48, 1.0),
            ]
        )
    )
    board.polygon(at([(0.22, 0.2), (0.22, 0.02), (0.32, 0.02), (0.32, 0.2)]))
    for x in (-0.3, 0.05, 0.27):
        board.polygon(at([(x, 0.6), (x + 0.12, 0.6), (x + 0.12, 0.76), (x, 0.76)]), fill=70)
    return board.mask()


def _balloon(tall: int) -> Image.Image:
    board = Cutout(int(tall * 0.8), tall)
    c = board.width / 2
    board.ellipse(c, tall * 0.34, tall * 0.32, tall * 0.33)
    board.polygon(
        [
            (c - tall * 0.29, tall * 0.46),
            (c - tall * 0.07, tall * 0.8),
            (c + tall * 0.07, tall * 0.8),
            (c + tall * 0.29, tall * 0.46),
        ]
    )
    for side in (-0.2, -0.07, 0.07, 0.2):
        board.stroke(
            [
                (c + side * tall * 0.9, tall * 0.06 + abs(side) * tall * 0.25),
                (c + side * tall * 1.3, tall * 0.36),
                (c + side * tall * 0.34, tall * 0.79),
            ],
            tall * 0.008,
            fill=150,
        )
    for side in (-1, 1):
        board.stroke(
            [(c + side * tall * 0.06, tall * 0.8), (c + side * tall * 0.045, tall * 0.9)], tall * 0.008
        )
    board.box(c - tall * 0.055, tall * 0.89, c + tall * 0.055, tall * 0.98)
    return board.mask()


def _rocket(tall: int) -> Image.Image:
    board = Cutout(int(tall * 0.5), tall)
    c = board.width / 2

    def at(points: Points) -> Points:
        return [(c + x * tall, y * tall) for x, y in points]

    side = [(0.11 * math.sin(math.pi * min(1.0, t / 12) ** 0.7), 0.02 + 0.72 * t / 16) for t in range(17)]
    board.polygon(at([*side, *[(-x, y) for x, y in reversed(side)]]))
    board.polygon(at([(-0.08, 0.5), (-0.2, 0.74), (-0.06, 0.7)]))
    board.polygon(at([(0.08, 0.5), (0.2, 0.74), (0.06, 0.7)]))
    board.ellipse(c, tall * 0.26, tall * 0.04, tall * 0.04, fill=90)
    board.polygon(at([(-0.055, 0.75), (0.055, 0.75), (0.02, 0.9), (0.0, 1.0), (-0.02, 0.9)]), fill=170)
    return board.mask()


def _car(tall: int) -> Image.Image:
    board = Cutout(int(tall * 1.5), tall)

    def at(points: Points) -> Points:
        return [((0.75 + x) * tall, y * tall) for x, y in points]

    board.polygon(
        at(
            [
                (-0.42, 0.42),
                (-0.3, 0.12),
                (-0.24, 0.08),
                (0.24, 0.08),
                (0.3, 0.12),
                (0.42, 0.42),
                (0.52, 0.5),
                (0.54, 0.8),
                (-0.54, 0.8),
                (-0.52, 0.5),
            ]
        )
    )
    board.polygon(at([(-0.33, 0.38), (-0.24, 0.16), (0.24, 0.16), (0.33, 0.38)]), fill=165)
    for side in (-0.46, 0.3):
        board.polygon(at([(side, 0.75), (side + 0.16, 0.75), (side + 0.16, 0.98), (side, 0.98)]))
    return board.mask()


def _tail_lights(tall: int) -> Image.Image:
    board = Cutout(int(tall * 1.5), tall)
    for side in (-0.43, 0.31):
        board.box((0.75 + side) * tall, tall * 0.54, (0.87 + side) * tall, tall * 0.61)
    return board.mask()


def _animal(tall: int) -> Image.Image:
    board = Cutout(int(tall * 1.7), tall)

    def at(points: Points) -> Points:
        return [(x * tall, y * tall) for x, y in points]

    board.polygon(
        at(
            [
                (0.42, 0.42),
                (0.7, 0.38),
                (1.02, 0.4),
                (1.18, 0.36),
                (1.24, 0.56),
                (1.16, 0.68),
                (0.8, 0.66),
                (0.56, 0.7),
                (0.42, 0.6),
            ]
        )
    )
    board.polygon(
        at(
            [
                (1.08, 0.5),
                (1.14, 0.2),
                (1.18, 0.08),
                (1.25, 0.18),
                (1.3, 0.16),
                (1.34, 0.06),
                (1.38, 0.2),
                (1.52, 0.33),
                (1.5, 0.39),
                (1.34, 0.42),
                (1.24, 0.58),
            ]
        )
    )
    for x, lean in ((0.5, -0.03), (0.62, 0.05), (1.04, -0.02), (1.14, 0.04)):
        board.polygon(
            at([(x - 0.05, 0.58), (x + 0.06, 0.58), (x + lean + 0.03, 0.98), (x + lean - 0.03, 0.98)])
        )
    tail = [
        (0.46 - 0.36 * math.sin(t / 10 * 1.6), 0.47 + 0.1 * math.sin(t / 10 * 3.4) + 0.2 * (t / 10))
        for t in range(11)
    ]
    for (x, y), size in zip(
        tail, (0.05, 0.06, 0.07, 0.08, 0.088, 0.09, 0.088, 0.08, 0.065, 0.045, 0.025), strict=True
    ):
        board.ellipse(x * tall, y * tall, size * tall, size * tall)
    return board.mask()


def _fish(tall: int) -> Image.Image:
    board = Cutout(int(tall * 2.2), tall)

    def at(points: Points) -> Points:
        return [(x * tall, y * tall) for x, y in points]

    body = [(0.55 + 1.4 * t / 20, 0.5 - 0.3 * math.sin(math.pi * (t / 20) ** 0.8)) for t in range(21)]
    under = [(x, 1.0 - y + 0.02) for x, y in reversed(body)]
    board.polygon(at([*body, *under]))
    board.polygon(at([(0.64, 0.5), (0.2, 0.16), (0.3, 0.5), (0.2, 0.84)]))
    board.polygon(at([(1.05, 0.26), (1.2, 0.05), (1.45, 0.24)]))
    return board.mask()


def _bird(tall: int) -> Image.Image:
    board = Cutout(int(tall * 2.6), tall)
    c = board.width / 2
    for side in (-1, 1):
        upper = [
            (c + side * tall * 1.25 * t / 10, tall * (0.72 - 0.62 * math.sin(t / 10 * 2.0)))
            for t in range(11)
        ]
        lower = [(x, y + tall * 0.15 * (1 - i / 10)) for i, (x, y) in enumerate(upper)]
        board.polygon([*upper, *reversed(lower)])
    board.ellipse(c, tall * 0.79, tall * 0.09, tall * 0.15)
    return board.mask()


def _birds(stage: Stage) -> None:
    rng = stage.rng
    x, y = stage.width * float(rng.uniform(0.25, 0.5)), stage.horizon * float(rng.uniform(0.34, 0.55))
    tone = mix(stage.palette.ink, stage.palette.far, 0.25)
    for number in range(7):
        row = (number + 1) // 2 * (-1 if number % 2 else 1)
        tall = int(stage.unit * float(rng.uniform(11, 17))) + 3
        place = (
            x - abs(row) * stage.unit * 46 + float(rng.uniform(-8, 8)) * stage.unit,
            y + row * stage.unit * 24,
        )
        stage.add(
            Sprite(
                _bird(tall),
                tone,
                place[0],
                place[1],
                0.25,
                stage.horizon,
                speed=(26 * stage.unit, -4 * stage.unit),
                bob=4 * stage.unit,
                squeeze=0.65,
                flap=8.5,
                phase=number * 0.9,
            )
        )


def _school(stage: Stage) -> None:
    rng = stage.rng
    x, y = stage.width * float(rng.uniform(0.2, 0.4)), stage.height * float(rng.uniform(0.4, 0.5))
    for number in range(13):
        near = float(rng.uniform(0.2, 1.0))
        tall = int(stage.unit * (10 + 18 * near)) + 2
        place = (
            x + float(rng.uniform(-0.24, 0.3)) * stage.width,
            y + float(rng.uniform(-0.11, 0.11)) * stage.height,
        )
        tone = mix(stage.shade(0.4 + 0.5 * near), stage.palette.haze, 0.1)
        stage.add(
            Sprite(
                _fish(tall),
                tone,
                place[0],
                place[1],
                0.3 + 0.4 * near,
                stage.horizon,
                speed=(stage.unit * (26 + 16 * near), 0),
                bob=5 * stage.unit,
                squeeze=0.1,
                flap=9,
                phase=number * 1.3,
                beat=1.6,
            )
        )


def _single(stage: Stage, subject: Subject) -> Sprite:
    style, rng = stage.backdrop.style, stage.rng
    side = stage.width * float(rng.choice([0.34, 0.62]))
    ground = stage.horizon + (stage.height - stage.horizon) * _GROUND.get(style, 0.4)
    dark, unit = stage.palette.ink, stage.unit
    match subject:
        case Subject.BOAT:
            return Sprite(
                _boat(int(150 * unit)),
                mix(dark, stage.palette.land, 0.2),
                side,
                stage.horizon + stage.height * 0.075,
                0.3,
                stage.horizon,
                speed=(7 * unit, 0),
                bob=3 * unit,
            )
        case Subject.LIGHTHOUSE:
            return Sprite(
                _lighthouse(int(300 * unit)),
                mix(dark, stage.palette.land, 0.3),
                stage.width * 0.72,
                stage.horizon + stage.height * 0.03,
                0.28,
                stage.horizon,
            )
        case Subject.BALLOON:
            return Sprite(
                _balloon(int(170 * unit)),
                mix(stage.palette.land, rgb("#c8553d"), 0.45),
                side,
                stage.horizon * 0.72,
                0.35,
                stage.horizon,
                speed=(6 * unit, -5 * unit),
                bob=4 * unit,
            )
        case Subject.ROCKET:
            return Sprite(
                _rocket(int(230 * unit)),
                mix(stage.palette.light, stage.palette.far, 0.25),
                side,
                stage.height * 0.74,
                0.6,
                stage.horizon,
                speed=(0, -34 * unit),
                bob=1.5 * unit,
                beat=9,
            )
        case Subject.CAR:
            return Sprite(
                _car(int(118 * unit)),
                mix(dark, stage.palette.haze, 0.26),
                stage.width * 0.5 + 62 * unit,
                stage.horizon + (stage.height - stage.horizon) * 0.47,
                0.5,
                stage.horizon,
                bob=1.2 * unit,
                beat=11,
            )
        case Subject.HOUSE:
            return Sprite(
                _house(int(130 * unit)), mix(dark, stage.palette.land, 0.2), side, ground, 0.5, stage.horizon
            )
        case Subject.ANIMAL:
            return Sprite(
                _animal(int(112 * unit)),
                dark,
                side,
                ground,
                0.66,
                stage.horizon,
                speed=(13 * unit, 0),
                bob=2 * unit,
                beat=6,
            )
        case _:
            return Sprite(
                person_mask(int(170 * unit), umbrella=stage.backdrop.weather is Weather.RAIN),
                dark,
                side,
                ground,
                0.66,
                stage.horizon,
                speed=(5 * unit, 0),
                bob=1.6 * unit,
                beat=5,
            )


_GROUND = {
    Style.MOUNTAINS: 0.5,
    Style.DESERT: 0.5,
    Style.MEADOW: 0.5,
    Style.FOREST: 0.72,
    Style.ROAD: 0.42,
    Style.CITY: 0.66,
    Style.ROOM: 0.7,
    Style.FIRE: 0.46,
    Style.SEA: 0.98,
    Style.SKY: 0.4,
}


def place_subject(stage: Stage, subject: Subject) -> None:
    """Put a silhouette where it belongs in the scene."""
    if subject is Subject.BIRDS:
        _birds(stage)
    elif subject is Subject.FISH:
        _school(stage)
    else:
        sprite = _single(stage, subject)
        stage.add(sprite)
        if subject is Subject.CAR:
            stage.add(replace(sprite, mask=_tail_lights(int(118 * stage.unit)), colour=rgb("#ff4433")))
