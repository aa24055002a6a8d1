"""Words of the library: what lies in it, on which shelf, and in which order it is shown."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final


class ItemKind(StrEnum):
    """What an item of the library is."""

    TASK = "task"
    """A generation asked for here, finished or not."""
    CLIP = "clip"
    """A clip brought in from elsewhere."""
    UPLOAD = "upload"
    """A picture or clip kept to work from."""
    CHARACTER = "character"
    """A figure kept from a clip."""


class Shelf(IntEnum):
    """Where an item lies."""

    OPEN = 0
    TRASH = 1


class Sort(StrEnum):
    """By what items are ordered."""

    CREATED = "created"
    DURATION = "duration"
    COST = "cost"


IMPORTED: Final = "import"
"""The surface of a task whose clip was brought in from elsewhere."""
RATING_MAX: Final = 5
NAME_MAX: Final = 200
NOTES_MAX: Final = 20_000
TAGS_MAX: Final = 50
"""Tags of one item."""
