"""What a process knows of the installation it serves beside the rows: its settings, its folder, its backups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reelgate.engine.backup_desk import Desk
from reelgate.settings import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Handed to the surfaces by whoever composes them."""

    role: str = "all"
    folder: Path = Path()
    """The data folder, whose disk is watched."""
    facts: tuple[Fact, ...] = ()
    """Settings that hold until the next start."""
    desk: Desk | None = None
    """Where backups are made; None where nobody said what belongs into one."""
