"""Allowances, buckets and turns: how much, how often, and who is next."""

from __future__ import annotations

from sqlalchemy import (
    PrimaryKeyConstraint,
    Table,
)

from reelgate.core.limits import Subject
from reelgate.store.tables.columns import (
    at_least,
    big,
    created,
    identifier,
    metadata,
    ms,
    text,
    whole,
    word,
)

# `subject_id` is no foreign key: it names a key, a user or a channel, and outlives them harmlessly.
allowances = Table(
    "allowances",
    metadata,
    text("subject"),
    identifier("subject_id"),
    whole("requests_per_minute", nullable=True),
    whole("calls_per_minute", nullable=True),
    whole("concurrency", nullable=True),
    whole("weight", nullable=True),
    whole("priority", nullable=True),
    whole("max_priority", nullable=True),
    created(),
    ms("updated_at", nullable=False),
    PrimaryKeyConstraint("subject", "subject_id"),
    word("subject", Subject),
    at_least("requests_per_minute", 0),
    at_least("calls_per_minute", 0),
    at_least("concurrency", 0),
    at_least("weight", 1),
)

# When a piece of housekeeping was last taken on, by whichever process.
duties = Table("duties", metadata, text("name"), big("taken_at"), PrimaryKeyConstraint("name"))

# When each bucket is full again, in microseconds since 1970.
buckets = Table("buckets", metadata, text("name"), big("full_at"), PrimaryKeyConstraint("name"))

# The row without a user holds the lane's own virtual time.
turns = Table(
    "turns",
    metadata,
    identifier("lane"),
    identifier("user_id"),
    big("following"),
    PrimaryKeyConstraint("lane", "user_id"),
)
