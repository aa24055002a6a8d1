"""What is written once: events, money, and the telling of both."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from reelgate.core.events import EventType
from reelgate.core.money import EntryKind
from reelgate.store.tables.columns import (
    Cursor,
    at_least,
    big,
    created,
    flag,
    identifier,
    metadata,
    ms,
    text,
    whole,
    word,
)


class Audience(StrEnum):
    """Of whose tasks a webhook endpoint hears."""

    PROJECT = "project"
    """Those of its project."""
    USER = "user"
    """Those of its user, in whichever project."""
    TASK = "task"
    """Those that name an address of their own; the endpoint lends them its secret."""
    INSTALLATION = "installation"
    """All of them, and what concerns operators alone."""


class DeliveryState(StrEnum):
    """How the telling of one event to one endpoint stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


events = Table(
    "events",
    metadata,
    Column("cursor", Cursor, autoincrement=True, nullable=False),
    identifier("id"),
    identifier("task_id", ForeignKey("tasks.id")),
    identifier("user_id"),
    identifier("project_id"),
    whole("seq"),
    text("type"),
    text("data"),
    created(),
    PrimaryKeyConstraint("cursor"),
    UniqueConstraint("id"),
    UniqueConstraint("task_id", "seq"),
    word("type", EventType),
    at_least("seq", 1),
    Index("ix_events_project_id_cursor", "project_id", "cursor"),
    # A cursor is never given twice, not even when the newest rows were pruned.
    sqlite_autoincrement=True,
)

# A hold is closed by setting `closed_at` once, by compare-and-set; amounts never change.
ledger = Table(
    "ledger",
    metadata,
    identifier("id"),
    identifier("account_id", ForeignKey("accounts.id")),
    identifier("task_id", ForeignKey("tasks.id"), nullable=True),
    text("kind"),
    big("amount"),
    text("currency"),
    text("note", nullable=True),
    created(),
    ms("closed_at"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("task_id", "kind"),
    word("kind", EntryKind),
    CheckConstraint("kind = 'deposit' OR (amount >= 0 AND task_id IS NOT NULL)", name="entry"),
    Index("ix_ledger_account_id", "account_id", "created_at"),
)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    identifier("id"),
    identifier("project_id", ForeignKey("projects.id")),
    identifier("user_id", ForeignKey("users.id")),
    text("name"),
    text("url"),
    text("event_types"),
    text("secret"),
    text("old_secret", nullable=True),
    ms("old_secret_until"),
    flag("enabled"),
    text("disabled_reason", nullable=True),
    ms("failing_since"),
    created(),
    ms("updated_at", nullable=False),
    ms("deleted_at"),
    text("audience"),
    PrimaryKeyConstraint("id"),
    word("audience", Audience),
    Index("ix_webhook_endpoints_project_id", "project_id"),
)

# `event_id` is no foreign key: a delivery carries its own body and outlives the pruned log.
# `url` is set where it is not the endpoint's; an alert is about no task.
deliveries = Table(
    "deliveries",
    metadata,
    identifier("id"),
    identifier("endpoint_id", ForeignKey("webhook_endpoints.id")),
    identifier("event_id"),
    identifier("task_id", ForeignKey("tasks.id"), nullable=True),
    whole("seq"),
    text("state"),
    whole("attempts"),
    ms("next_at"),
    whole("last_status", nullable=True),
    text("last_error", nullable=True),
    text("body"),
    created(),
    ms("delivered_at"),
    text("url", nullable=True),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("endpoint_id", "event_id"),
    word("state", DeliveryState),
    at_least("attempts", 0),
    Index("ix_deliveries_due", "state", "next_at"),
    Index("ix_deliveries_order", "endpoint_id", "task_id", "seq"),
    Index("ix_deliveries_created_at", "endpoint_id", "created_at"),
)

mails = Table(
    "mails",
    metadata,
    identifier("id"),
    text("address"),
    text("subject"),
    text("text"),
    text("state"),
    whole("attempts"),
    ms("next_at"),
    text("last_error", nullable=True),
    created(),
    ms("sent_at"),
    PrimaryKeyConstraint("id"),
    word("state", DeliveryState),
    at_least("attempts", 0),
    Index("ix_mails_due", "state", "next_at"),
    Index("ix_mails_created_at", "created_at", "id"),
)
