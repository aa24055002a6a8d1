"""Logging, metrics and traces: structured, redacted last, and silent about prompts and secrets."""

from __future__ import annotations

from reelgate.telemetry.logs import (
    about_request,
    about_task,
    configure,
    current_request,
    hide,
    log,
    prompt_shown,
    redact,
)
from reelgate.telemetry.meter import Meter

__all__ = [
    "Meter",
    "about_request",
    "about_task",
    "configure",
    "current_request",
    "hide",
    "log",
    "meter",
    "prompt_shown",
    "redact",
]

meter = Meter()
"""What this process counts."""
