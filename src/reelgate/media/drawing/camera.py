"""The camera: where it stands at each moment of a shot, and how near things move more than far ones."""

from __future__ import annotations

from dataclasses import dataclass

from reelgate.core.render import Move, Shot

# How far across, how far down, how much nearer.
_AXES = {
    Move.PAN_LEFT: (1.0, 0.0, 0.0),
    Move.PAN_RIGHT: (-1.0, 0.0, 0.0),
    Move.TILT_UP: (0.0, 0.7, 0.0),
    Move.TILT_DOWN: (0.0, -0.7, 0.0),
    Move.PUSH_IN: (0.12, 0.0, 1.0),
    Move.PULL_OUT: (-0.12, 0.0, -1.0),
}
MARGIN = 0.16
"""How far beyond each side of the frame layers are painted, as a share of its width."""


def eased(t: float) -> float:
    """Start and stop gently, with an even middle: the integral of a trapezoid with soft corners."""
    t = min(1.0, max(0.0, t))
    return t * t * (3 - 2 * t) * 0.6 + t * 0.4


@dataclass(frozen=True)
class View:
    """Where the camera is in one frame; offsets in pixels of the nearest layer."""

    dx: float
    dy: float
    zoom: float
    """Growth of the nearest layer."""
    seconds: float
    """Time since the shot began."""
    progress: float
    steady: bool = False
    """Whether nothing grows during the shot, so that what is scaled once stays so."""

    def scale(self, depth: float) -> float:
        """Give how large a layer at `depth` appears."""
        return 1.0 + self.zoom * depth


def view_at(shot: Shot, width: int, fps: int, frame: float, length: int) -> View:
    """Give the camera of one frame of a shot that is seen for `length` frames."""
    across, down, dolly = _AXES[shot.move]
    progress = min(1.0, max(0.0, frame / max(1, length - 1)))
    along = eased(progress) - 0.5
    reach = width * MARGIN * (0.45 + 0.5 * min(1.0, shot.pace))
    zoom = 0.06 + 0.2 * min(1.0, shot.pace)
    return View(
        dx=across * along * 1.7 * reach,
        dy=down * along * 1.2 * reach,
        zoom=max(0.0, 0.02 + zoom * (0.5 + dolly * along)),
        seconds=frame / fps,
        progress=progress,
        steady=dolly == 0,
    )
