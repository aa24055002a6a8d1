"""What was done by whom: the audit log, everybody's own activity, and how settings changed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, PrimaryKeyConstraint, Table

from reelgate.core.audit import Outcome
from reelgate.store.tables.columns import (
    big,
    created,
    identifier,
    metadata,
    ms,
    text,
    whole,
    word,
)

# Rows are added and never changed; `digest` covers a row and, through `previous`, all rows before it.
# Ids are no foreign keys: an entry outlives whom and what it names.
audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, nullable=False, autoincrement=False),
    ms("at", nullable=False),
    text("actor"),
    identifier("user_id", nullable=True),
    identifier("key_id", nullable=True),
    text("address"),
    text("request_id", nullable=True),
    text("action"),
    text("subject", nullable=True),
    text("outcome"),
    text("details"),
    text("previous"),
    text("digest"),
    PrimaryKeyConstraint("seq"),
    word("outcome", Outcome),
)

# The one row says where the chain ends, so that a cut end is noticed and writers wait for one another.
audit_head = Table(
    "audit_head", metadata, text("name"), big("seq"), text("digest"), PrimaryKeyConstraint("name")
)

activity = Table(
    "activity",
    metadata,
    identifier("id"),
    identifier("user_id"),
    identifier("key_id", nullable=True),
    text("action"),
    text("subject", nullable=True),
    text("address"),
    text("agent"),
    whole("status", nullable=True),
    created(),
    PrimaryKeyConstraint("id"),
    Index("ix_activity_user_id", "user_id", "created_at", "id"),
    Index("ix_activity_created_at", "created_at"),
)

# `value` is JSON; none means that the setting was left to its default again.
setting_changes = Table(
    "setting_changes",
    metadata,
    identifier("id"),
    text("key"),
    text("before", nullable=True),
    text("value", nullable=True),
    text("actor"),
    created(),
    PrimaryKeyConstraint("id"),
    Index("ix_setting_changes_key", "key", "created_at", "id"),
)
