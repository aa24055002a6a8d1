"""Counts answers by route and logs them: what the hot path pays for being watched, so as little as possible.

Counted in plain numbers by the event loop's one thread; a scrape copies them.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from reelgate.telemetry.logs import log, shown

BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
OTHER: Final = "other"
_VERBS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_AGENT_SHOWN: Final = 60

_COUNT: Final = "reelgate_http_requests_total"
_TOOK: Final = "reelgate_http_request_seconds"


@dataclass(slots=True, eq=False)
class Took:
    """How long the answers of one route took to begin."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0


@dataclass(slots=True, eq=False)
class Cell:
    """How often one route answered with one status."""

    took: Took
    count: int = 0


class Requests(Collector):
    """Answers by method, route template and status. What has no route of ours is counted as `other`."""

    SHOWN: ClassVar[tuple[tuple[str, Literal["counter", "histogram"], str, tuple[str, ...]], ...]] = (
        (_COUNT, "counter", "Answers by route template and status.", ("method", "route", "status")),
        (_TOOK, "histogram", "How long it took until an answer began.", ("method", "route")),
    )

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str, int], Cell] = {}
        self._took: dict[tuple[str, str], Took] = {}

    def note(self, scope: Mapping[str, Any], status: int, seconds: float) -> None:
        """Count an answer that begins now; costs about a microsecond while answers are not logged."""
        route = scope.get("route")
        template = OTHER if route is None else getattr(route, "path", OTHER)
        cell = self._cells.get((scope["method"], template, status))
        if cell is None:
            cell = self._cell(scope["method"], template, status)
        cell.count += 1
        took = cell.took
        took.buckets[bisect_left(BOUNDS, seconds)] += 1
        took.seconds += seconds
        if shown.requests:
            log.log(
                logging.WARNING if status >= 500 else logging.INFO,
                "request",
                **self.told(scope, status, seconds),
            )

    def _cell(self, method: str, template: str, status: int) -> Cell:
        # A stranger may invent verbs; each would be a new line for ever.
        method = method if method in _VERBS else OTHER
        took = self._took.setdefault((method, template), Took())
        return self._cells.setdefault((method, template, status), Cell(took))

    @staticmethod
    def told(scope: Mapping[str, Any], status: int, seconds: float) -> Mapping[str, Any]:
        """Give what a line says of an answer: nothing that opens anything, and no query."""
        headers = dict(scope["headers"])
        agent = headers.get(b"user-agent", b"").decode("latin-1")
        return {
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "ms": int(seconds * 1000),
            "agent": agent if len(agent) <= _AGENT_SHOWN else f"{agent[:_AGENT_SHOWN]}…",
            "auth": _auth(headers),
        }

    def collect(self) -> Iterator[Metric]:
        """Give the counts as they are now."""
        (count, _, said, labels), (took, _, took_said, took_labels) = self.SHOWN
        counted = CounterMetricFamily(count, said, labels=labels)
        for (method, template, status), cell in list(self._cells.items()):
            counted.add_metric([method, template, str(status)], cell.count)
        yield counted
        timed = HistogramMetricFamily(took, took_said, labels=took_labels)
        for names, one in list(self._took.items()):
            timed.add_metric(list(names), _cumulative(one), one.seconds)
        yield timed


def _cumulative(took: Took) -> list[tuple[str, float]]:
    total = 0
    found: list[tuple[str, float]] = []
    for bound, number in zip((*BOUNDS, "+Inf"), list(took.buckets), strict=True):
        total += number
        found.append((str(bound), total))
    return found


def _auth(headers: Mapping[bytes, bytes]) -> str | None:
    """Say how somebody showed who they are, and nothing of what they showed."""
    given = headers.get(b"authorization")
    if given is not None:
        scheme = given.partition(b" ")[0].lower()
        return "Bearer [hidden]" if scheme == b"bearer" else "[hidden]"
    for name in (b"api-key", b"cookie"):
        if name in headers:
            return f"{name.decode()} [hidden]"
    return None
