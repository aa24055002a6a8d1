"""Logging and metrics: structured, redacted last, and silent about prompts and secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECRET_KEYS = re.compile(
    r"(authorization|api[-_]?key|secret|token|password|cookie|signature)", re.IGNORECASE
)
_SECRET_TEXT = re.compile(
    r"(?i)(bearer\s+)\S+|\b(rg|sk|whsec)_[A-Za-z0-9_\-+/=]{8,}|([?&](?:key|token|sig|signature|x-amz-[a-z-]+)=)[^&\s]+"
)
_HIDDEN = "[hidden]"

log: structlog.stdlib.BoundLogger = structlog.get_logger("reelgate")


class Meter:
    """Every metric of Reelgate, by name."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.poll_lateness = Histogram(
            "reelgate_poll_lateness_seconds",
            "How much later than planned a running task was asked about.",
            buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60),
            registry=self.registry,
        )
        self.submit_seconds = Histogram(
            "reelgate_submit_seconds",
            "How long a paid call took to be answered.",
            registry=self.registry,
        )
        self.archive_seconds = Histogram(
            "reelgate_archive_seconds",
            "How long bringing a finished clip home took.",
            registry=self.registry,
        )
        self.broken_advances = Counter(
            "reelgate_broken_advances_total",
            "How often advancing a task met a surprise.",
            registry=self.registry,
        )
        self.unconfirmed = Gauge(
            "reelgate_unconfirmed_tasks",
            "Tasks whose submission nobody can vouch for.",
            registry=self.registry,
        )


meter = Meter()


def redact(value: Any) -> Any:
    """Give `value` without anything that looks like a secret."""
    if isinstance(value, str):
        return _SECRET_TEXT.sub(lambda m: f"{m.group(1) or m.group(3) or ''}{_HIDDEN}", value)
    if isinstance(value, dict):
        return {k: _HIDDEN if _SECRET_KEYS.search(str(k)) else redact(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return [redact(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def _redact_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return redact(dict(event))


def configure(form: Literal["human", "json"], level: str) -> None:
    """Set up logging for this process, on standard error."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _redact_event,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
