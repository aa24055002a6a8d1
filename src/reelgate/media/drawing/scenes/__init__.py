"""The scenes: one function each that puts up a stage; `put_up` is the door."""

from __future__ import annotations

from collections.abc import Callable

from reelgate.core.render import Backdrop, Framing, Style
from reelgate.media.drawing import noise
from reelgate.media.drawing.colour import Palette
from reelgate.media.drawing.scenes.heavens import cosmos, sky
from reelgate.media.drawing.scenes.land import desert, forest, meadow, mountains
from reelgate.media.drawing.scenes.moods import abstract, fire, portrait
from reelgate.media.drawing.scenes.subjects import place_subject
from reelgate.media.drawing.scenes.town import city, road, room
from reelgate.media.drawing.scenes.water import sea, underwater
from reelgate.media.drawing.scenes.weather import hang_weather
from reelgate.media.drawing.stage import Stage

SCENES: dict[Style, Callable[[Stage], None]] = {
    Style.ABSTRACT: abstract,
    Style.CITY: city,
    Style.COSMOS: cosmos,
    Style.DESERT: desert,
    Style.FIRE: fire,
    Style.FOREST: forest,
    Style.MEADOW: meadow,
    Style.MOUNTAINS: mountains,
    Style.PORTRAIT: portrait,
    Style.ROAD: road,
    Style.ROOM: room,
    Style.SEA: sea,
    Style.SKY: sky,
    Style.UNDERWATER: underwater,
}


def put_up(backdrop: Backdrop, framing: Framing, size: tuple[int, int]) -> Stage:
    """Build the stage of one shot, ready to be filmed at `size`."""
    stage = Stage(
        width=size[0],
        height=size[1],
        backdrop=backdrop,
        framing=framing,
        palette=Palette.of(backdrop.colours),
        rng=noise.dice(backdrop.seed, list(Style).index(backdrop.style)),
    )
    SCENES[backdrop.style](stage)
    if backdrop.subject is not None:
        place_subject(stage, backdrop.subject)
    hang_weather(stage)
    return stage
