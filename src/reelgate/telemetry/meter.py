"""Every figure `/metrics` shows, by name. Labels are words an operator chose or we fixed, never an id or a person.

Figures of a *process* are counted where the work is done and are added up over processes. Figures of
the *installation* are read from the rows when somebody asks and are the same whichever process answers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from reelgate.core.errors import Code
from reelgate.telemetry.requests import Requests

Kind = Literal["counter", "gauge", "histogram"]

FINE: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)
LONG: Final = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600)
COMMIT: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5)
SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128)


class Figure(msgspec.Struct, frozen=True):
    """What is said about one figure in the reference."""

    name: str
    kind: Kind
    said: str
    labels: tuple[str, ...]
    whole: bool
    """Whether it is of the installation rather than of one process."""


class Meter:
    """Every metric of Reelgate, by name."""

    def __init__(self) -> None:
        # When a series began is a second one for each, and nobody asks.
        disable_created_metrics()
        self.registry = CollectorRegistry()
        self.figures: list[Figure] = []
        self._wholes: list[tuple[Gauge, bool]] = []
        self._of_engine()
        self._of_doors()
        self._of_store()
        self._of_installation()
        self.registry.register(self.requests)
        ProcessCollector(registry=self.registry)

    def _of_engine(self) -> None:
        self.queue_wait = self._histogram(
            "reelgate_queue_wait_seconds", "How long a task waited until its paid call was made.", "channel",
            buckets=LONG,
        )  # fmt: skip
        self.submit_seconds = self._histogram(
            "reelgate_submit_seconds", "How long a paid call took to be answered.", "channel", buckets=LONG
        )
        self.submitted = self._counter(
            "reelgate_submits_total", "Paid calls by what is certain about them.", "channel", "outcome"
        )
        self.poll_lateness = self._histogram(
            "reelgate_poll_lateness_seconds",
            "How much later than planned a running task was asked about.",
            buckets=FINE,
        )
        self.archive_seconds = self._histogram(
            "reelgate_archive_seconds", "How long bringing a finished clip home took.", buckets=LONG
        )
        self.archive_retries = self._counter(
            "reelgate_archive_retries_total", "Finished clips that could not be brought home at once.", "code"
        )
        self.upstream_errors = self._counter(
            "reelgate_upstream_errors_total",
            "What upstreams refused, or answered uselessly, by our code and by what was asked.",
            "channel", "code", "during",
        )  # fmt: skip
        self.broken_advances = self._counter(
            "reelgate_broken_advances_total", "How often advancing a task met a surprise."
        )

    def _of_doors(self) -> None:
        self.requests = Requests()
        self.figures += [
            Figure(name, kind, said, labels, whole=False) for name, kind, said, labels in Requests.SHOWN
        ]
        self.live = self._gauge(
            "reelgate_live_connections", "Clients that are being told of events now.", "kind"
        )
        self.event_log_lag = self._gauge(
            "reelgate_event_log_lag", "Events that are written and not yet given to live readers."
        )
        self.deliveries = self._counter(
            "reelgate_webhook_deliveries_total",
            "Tries to tell webhook endpoints, by how they ended.",
            "outcome",
        )
        self.ready = self._gauge("reelgate_ready", "1 while `/ready` would say yes, else 0.")
        self.info = self._gauge("reelgate_info", "Always 1; says what runs.", "version", "database")

    def _of_store(self) -> None:
        self.batch_size = self._histogram(
            "reelgate_writer_batch_size", "Pieces of work that shared one commit (SQLite).", buckets=SIZES
        )
        self.batch_seconds = self._histogram(
            "reelgate_writer_batch_seconds",
            "How long one batch took, with its commit (SQLite).",
            buckets=COMMIT,
        )

    def _of_installation(self) -> None:
        whole = self._whole
        self.database_up = whole("reelgate_database_up", "1 while the rows could be read, else 0.")
        self.tasks = whole("reelgate_tasks", "Unfinished tasks by status.", "status")
        self.unconfirmed = whole(
            "reelgate_unconfirmed_tasks", "Tasks whose submission nobody can vouch for; somebody should look."
        )
        self.disputed = whole(
            "reelgate_disputed_tasks", "Ended tasks whose money is held until it is known what happened."
        )
        self.queue_lag = whole(
            "reelgate_queue_lag_seconds", "Age of the oldest task that waits for its paid call.", "channel"
        )
        self.lane_waiting = whole("reelgate_lane_waiting", "Tasks that wait for a channel.", "channel")
        self.lane_busy = whole("reelgate_lane_busy", "Tasks a channel's upstream has now.", "channel")
        self.lane_size = whole(
            "reelgate_lane_size", "Tasks a channel's upstream may have at once.", "channel"
        )
        self.ledger = whole(
            "reelgate_ledger_amount",
            "Money by kind (`held` now; `captured`, `released`, `deposited` since the beginning), in units of the currency.",
            "kind", "currency",
        )  # fmt: skip
        self.webhook_backlog = whole(
            "reelgate_webhook_backlog", "Deliveries that are due and not yet made; counted up to 10,000."
        )
        self.webhook_lag = whole(
            "reelgate_webhook_lag_seconds", "How long the oldest due delivery has waited."
        )
        self.backup_at = whole(
            "reelgate_backup_timestamp_seconds",
            "When the newest backup was made, in seconds since 1970; when the process began while there is none.",
        )
        self.disk_free = self._gauge("reelgate_disk_free_bytes", "Free bytes where the data folder is.")
        self.ended = self._counter(
            "reelgate_tasks_ended_total",
            "Tasks that ended, by how. Counted from the event log since the first look.",
            "channel", "status", "code",
            whole=True,
        )  # fmt: skip
        self.created = self._counter(
            "reelgate_tasks_created_total",
            "Tasks that were created. Counted from the event log since the first look.",
            whole=True,
        )

    def batch(self, size: int, seconds: float) -> None:
        """Count a batch that the writer committed."""
        self.batch_size.observe(size)
        self.batch_seconds.observe(seconds)

    def waited(self, channel: str, milliseconds: int) -> None:
        """Count how long a task waited for its paid call."""
        self.queue_wait.labels(channel).observe(max(0, milliseconds) / 1000)

    def upstream_error(self, channel: str, code: Code, during: Literal["submit", "poll", "job"]) -> None:
        """Count what an upstream refused or answered uselessly."""
        self.upstream_errors.labels(channel, code.value, during).inc()

    def forget_installation(self) -> None:
        """Forget what was read from the rows, so that nothing stale is shown."""
        for gauge, labelled in self._wholes:
            if labelled:
                gauge.clear()
            else:
                gauge.set(math.nan)

    def _whole(self, name: str, said: str, *labels: str) -> Gauge:
        gauge = self._gauge(name, said, *labels, whole=True)
        self._wholes.append((gauge, bool(labels)))
        return gauge

    def _note(self, name: str, kind: Kind, said: str, labels: tuple[str, ...], *, whole: bool) -> None:
        self.figures.append(Figure(name, kind, said, labels, whole))

    def _gauge(self, name: str, said: str, *labels: str, whole: bool = False) -> Gauge:
        self._note(name, "gauge", said, labels, whole=whole)
        return Gauge(name, said, labels, registry=self.registry)

    def _counter(self, name: str, said: str, *labels: str, whole: bool = False) -> Counter:
        self._note(name, "counter", said, labels, whole=whole)
        return Counter(name, said, labels, registry=self.registry)

    def _histogram(self, name: str, said: str, *labels: str, buckets: Sequence[float]) -> Histogram:
        self._note(name, "histogram", said, labels, whole=False)
        return Histogram(name, said, labels, buckets=buckets, registry=self.registry)
