"""Whose turn it is on a busy lane: start-time fair queuing, in whole numbers.

Every lane has a virtual time that moves on by one turn when every user who waits has had one. A task
takes its turn after its user's last one, and never before the lane's present. A user who queued a
thousand tasks has turns far ahead; another one's first task gets the present turn. Turns only grow,
so whatever waits is overtaken by a bounded number of others: waiting is ageing.

Runners order by one whole number of 32 bits, higher first: `stamp` makes it from turn and priority.
"""

from __future__ import annotations

from typing import Final

TURN: Final = 120
"""One turn of a user of weight 1; it can be halved, thirded and so on without a rest."""
BEGINNING: Final = -64 * TURN
"""The virtual time of a lane before anybody took a turn there. What waits without a turn, from the days when
there was one user alone, counts as turn 0: others pass it, but not for ever."""
HEAD_START: Final = 16 * TURN
"""What one point of priority is worth: a task passes at most 16 turns of every other user for it."""
HEAVIEST: Final = 20
HIGHEST: Final = 100
"""Priorities go from the negative of this to this."""
REWIND_AT: Final = 1 << 24
"""From this virtual time on an idle lane begins anew, so that stamps stay within 32 bits."""
_INT32: Final = (1 << 31) - 1


def cost(weight: int) -> int:
    """Tell how far a task moves its user's next turn on; a user of weight 2 pays half."""
    return max(1, TURN // weight)


def join(virtual: int | None, following: int | None, weight: int) -> tuple[int, int]:
    """Give a task's turn and its user's following one, from the lane's virtual time and the user's place in it."""
    present = BEGINNING if virtual is None else virtual
    turn = present if following is None else max(present, following)
    return turn, turn + cost(weight)


def serve(virtual: int | None, turn: int) -> int:
    """Give the lane's virtual time once a task of that turn has begun."""
    return turn if virtual is None else max(virtual, turn)


def stamp(turn: int, priority: int) -> int:
    """Give the number runners order by, higher first."""
    return max(-_INT32, min(_INT32, priority * HEAD_START - turn))


def points(stamped: int, turn: int | None) -> int:
    """Give the priority a stamp was made with."""
    return round((stamped + (turn or 0)) / HEAD_START)
