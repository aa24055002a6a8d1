"""Work that parses strangers' files. Runs in a child process under limits, started by `media.child`, never in the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Job:
    """What a job is given: its arguments and open files. It can reach nothing else of the server."""

    args: Mapping[str, Any]
    files: tuple[int, ...]
    """Descriptors of the files the caller opened, in the caller's order."""
    tell: Callable[[object], None]
    """Sends a note (anything JSON can say) to the caller while the job runs."""
