"""The plan of an animatic as data: what `media` draws in a child process, frame by frame, and nothing else.

A plan is complete: the same plan gives the same pixels and the same sound.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from reelgate.core.task import Size


class Move(StrEnum):
    """How the camera moves over a still picture."""

    PUSH_IN = "push_in"
    PULL_OUT = "pull_out"
    PAN_LEFT = "pan_left"
    PAN_RIGHT = "pan_right"
    TILT_UP = "tilt_up"
    TILT_DOWN = "tilt_down"


class Backdrop(msgspec.Struct, frozen=True, kw_only=True):
    """A generated moving picture: a scene drawn from words, fully given by its style, colours and seed."""

    style: str
    """One of the scene styles the renderer knows (`horizon`, `water`, `forest`, `city`, `night`, …)."""
    colours: tuple[str, ...]
    """`#rrggbb`, dark to light."""
    energy: float
    """0 calm to 1 wild."""
    seed: int


class Shot(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of the clip with one picture, one move and one caption."""

    frames: int
    title: str
    caption: str
    move: Move
    picture: str | None = None
    """SHA-256 of a stored picture, or of a clip whose frames are shown."""
    picture_is_clip: bool = False
    clip_start: float = 0.0
    """Where in the clip it starts, in seconds."""
    backdrop: Backdrop | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the renderer needs to make one clip."""

    size: Size
    fps: int
    shots: tuple[Shot, ...]
    lead_in: str | None = None
    """SHA-256 of a clip that is played whole before the first shot (an extension)."""
    lead_in_frames: int = 0
    look: str | None = None
    """A grade laid over clip frames (an edit), as a named look."""
    label: str
    """What the clip says about itself in its corner and metadata."""
    seed: int
    audio: bool = True

    @property
    def total_frames(self) -> int:
        """Frames the finished clip has."""
        return self.lead_in_frames + sum(shot.frames for shot in self.shots)
