"""How long jobs usually take here, for planning when to ask; learned from finished ones and kept for a minute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from reelgate.core.polling import Usual, usual_from_profile, usual_of
from reelgate.core.profile import Profile
from reelgate.core.task import Task
from reelgate.store import durations as duration_rows
from reelgate.store.durations import Ready

if TYPE_CHECKING:
    from reelgate.engine.context import Context

KEPT_S: Final = 60.0
"""How long what was read is taken for true."""

Kind = tuple[str, str | None, int]
"""Jobs that take equally long: a model on a channel, and the seconds asked for."""


class UsualTimes:
    """Answers how long jobs of a kind take, asking the rows once a minute for each kind."""

    def __init__(self) -> None:
        self._known: dict[Kind, tuple[float, Usual]] = {}

    async def of(self, ctx: Context, task: Task, profile: Profile | None) -> Usual:
        """Give how long jobs like a task take here, or what the model's profile says while they are too few."""
        kind = (task.served_model, task.channel_id, task.request.seconds)
        now = ctx.clock.monotonic()
        known = self._known.get(kind)
        if known is not None and now - known[0] < KEPT_S:
            return known[1]
        found = await ctx.backend.point(lambda conn: duration_rows.ready(conn, task.served_model))
        usual = learned(found, kind) or usual_from_profile(120 if profile is None else profile.usual_seconds)
        self._known[kind] = (now, usual)
        return usual


def learned(found: Sequence[Ready], kind: Kind) -> Usual | None:
    """Judge by finished jobs of the same kind, else of the same channel, else of the model; None when too few are."""
    _, channel_id, seconds = kind
    here = [job for job in found if job.channel_id == channel_id]
    alike = [job for job in here if job.seconds_asked == seconds]
    for jobs in (alike, here, found):
        usual = usual_of([job.ready_ms / 1000 for job in jobs])
        if usual is not None:
            return usual
    return None
