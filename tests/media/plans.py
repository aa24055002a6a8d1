"""Small plans and stored pictures for the tests of the renderer."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from reelgate.core.render import Backdrop, Colours, Move, Plan, Shot, Style, Weather
from reelgate.core.task import Size

DUSK = Colours(
    ink="#1a1026",
    land="#4b1f3f",
    far="#a23b52",
    haze="#ff8c42",
    sky="#d94f5c",
    zenith="#3b2a63",
    light="#ffd27a",
)


def shot(style: Style = Style.SEA, frames: int = 12, *, seed: int = 3, **more: Any) -> Shot:
    """One shot of a scene."""
    weather = more.pop("weather", Weather.CLEAR)
    subject = more.pop("subject", None)
    night = more.pop("night", False)
    backdrop = Backdrop(style=style, colours=DUSK, weather=weather, subject=subject, night=night, seed=seed)
    said = {"title": "Shot 1", "caption": "Waves.", "move": Move.PUSH_IN} | more
    return Shot(frames=frames, backdrop=backdrop, **said)


def plan(*shots: Shot, size: tuple[int, int] = (128, 160), seed: int = 3, **more: Any) -> Plan:
    """A plan of a few small frames."""
    return Plan(size=Size(*size), fps=24, shots=shots or (shot(),), label="animatic", seed=seed, **more)


def keep(folder: Path, data: bytes) -> str:
    """Store bytes under their hash and give it."""
    name = hashlib.sha256(data).hexdigest()
    (folder / name).write_bytes(data)
    return name
