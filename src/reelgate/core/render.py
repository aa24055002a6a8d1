"""The plan of an animatic as data: what `media` draws in a child process, frame by frame, and nothing else.

A plan is complete: the same plan and the same stored pictures give the same frames and the same sound.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from reelgate.core.task import Size


class Move(StrEnum):
    """How the camera moves."""

    PUSH_IN = "push_in"
    PULL_OUT = "pull_out"
    PAN_LEFT = "pan_left"
    PAN_RIGHT = "pan_right"
    TILT_UP = "tilt_up"
    TILT_DOWN = "tilt_down"


class Framing(StrEnum):
    """How near the camera stands, which decides where the horizon lies."""

    WIDE = "wide"
    CLOSE = "close"
    AERIAL = "aerial"
    LOW = "low"


class Style(StrEnum):
    """The scenes the renderer can draw."""

    ABSTRACT = "abstract"
    CITY = "city"
    COSMOS = "cosmos"
    DESERT = "desert"
    FIRE = "fire"
    FOREST = "forest"
    MEADOW = "meadow"
    MOUNTAINS = "mountains"
    PORTRAIT = "portrait"
    ROAD = "road"
    ROOM = "room"
    SEA = "sea"
    SKY = "sky"
    UNDERWATER = "underwater"


class Weather(StrEnum):
    """What falls, floats or hangs in the air."""

    CLEAR = "clear"
    CLOUDS = "clouds"
    EMBERS = "embers"
    FIREFLIES = "fireflies"
    FOG = "fog"
    PETALS = "petals"
    RAIN = "rain"
    SNOW = "snow"


class Subject(StrEnum):
    """A small silhouette that gives a scene its scale."""

    ANIMAL = "animal"
    BALLOON = "balloon"
    BIRDS = "birds"
    BOAT = "boat"
    CAR = "car"
    FISH = "fish"
    HOUSE = "house"
    LIGHTHOUSE = "lighthouse"
    PERSON = "person"
    ROCKET = "rocket"


class Look(StrEnum):
    """A grade laid over footage."""

    WARM = "warm"
    COOL = "cool"
    MONO = "mono"
    NIGHT = "night"
    FADED = "faded"
    VIVID = "vivid"


class Colours(msgspec.Struct, frozen=True, kw_only=True):
    """The palette of a scene as `#rrggbb`, from the nearest silhouette to the light."""

    ink: str
    land: str
    far: str
    haze: str
    sky: str
    zenith: str
    light: str


class Backdrop(msgspec.Struct, frozen=True, kw_only=True):
    """A generated moving picture: a scene drawn from words, fully given by its parts and its seed."""

    style: Style
    colours: Colours
    night: bool = False
    """Whether the light is a moon and windows are lit."""
    low_sun: bool = False
    """Whether the light stands near the horizon."""
    weather: Weather = Weather.CLEAR
    subject: Subject | None = None
    energy: float = 0.3
    """0 calm to 1 wild."""
    seed: int = 0


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A stored picture, or a stored clip of which frames are shown."""

    sha256: str
    clip: bool = False


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A named character as shown on a card over the scene."""

    name: str
    picture: Picture


class Shot(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of the clip with one picture, one move and one caption."""

    frames: int
    title: str
    caption: str
    move: Move
    backdrop: Backdrop
    """What is drawn when there is no picture, and what is heard in any case."""
    framing: Framing = Framing.WIDE
    pace: float = 0.5
    """0 hardly moving to 1 sweeping."""
    picture: Picture | None = None
    """Shown instead of the backdrop; a clip is shown in motion, going on over consecutive shots."""
    cast: tuple[Figure, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the renderer needs to make one clip."""

    size: Size
    fps: int
    shots: tuple[Shot, ...]
    lead_in: Picture | None = None
    """A clip that is played whole before the first shot (an extension)."""
    lead_in_frames: int = 0
    look: Look | None = None
    """A grade laid over clip frames (an edit)."""
    label: str
    """What the clip says about itself in its corner."""
    seed: int
    audio: bool = True

    @property
    def total_frames(self) -> int:
        """Frames the finished clip has."""
        return self.lead_in_frames + sum(shot.frames for shot in self.shots)

    @property
    def files(self) -> frozenset[str]:
        """The stored files the renderer opens, by SHA-256."""
        shown = [shot.picture for shot in self.shots if shot.picture is not None]
        cast = [figure.picture for shot in self.shots for figure in shot.cast]
        lead = [self.lead_in] if self.lead_in is not None else []
        return frozenset(picture.sha256 for picture in (*shown, *cast, *lead))
