"""What an operator sets up, and what the database says about itself."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    column,
)

from reelgate.core.health import State
from reelgate.store.tables.columns import (
    Cursor,
    at_least,
    big,
    created,
    flag,
    identifier,
    metadata,
    ms,
    real,
    text,
    whole,
    word,
)

# What a database says about itself: which programs may read it, and whether it is half a copy. Never copied.
database_facts = Table("database_facts", metadata, text("name"), text("value"), PrimaryKeyConstraint("name"))

channels = Table(
    "channels",
    metadata,
    identifier("id"),
    text("name"),
    text("dialect"),
    text("base_url"),
    text("models"),
    whole("concurrency"),
    real("poll_seconds"),
    flag("self_hosted"),
    flag("enabled"),
    text("settings"),
    whole("priority"),
    whole("weight"),
    created(),
    ms("updated_at", nullable=False),
    ms("deleted_at"),
    flag("draining"),
    text("prices"),
    text("poll_policy", nullable=True),
    PrimaryKeyConstraint("id"),
    at_least("concurrency", 1),
    at_least("weight", 0),
    Index(
        "uq_channels_name",
        "name",
        unique=True,
        sqlite_where=column("deleted_at").is_(None),
        postgresql_where=column("deleted_at").is_(None),
    ),
)

# What an upstream's own list says of a model that no profile file knows.
learned_profiles = Table(
    "learned_profiles",
    metadata,
    identifier("channel_id", ForeignKey("channels.id")),
    text("model"),
    text("profile"),
    created(),
    ms("updated_at", nullable=False),
    PrimaryKeyConstraint("channel_id", "model"),
)

# `secret` is an envelope (`core.envelope`), never the secret itself.
channel_keys = Table(
    "channel_keys",
    metadata,
    identifier("id"),
    identifier("channel_id", ForeignKey("channels.id")),
    text("name"),
    text("secret"),
    flag("enabled"),
    created(),
    ms("updated_at", nullable=False),
    ms("deleted_at"),
    PrimaryKeyConstraint("id"),
    Index(
        "uq_channel_keys_name",
        "channel_id",
        "name",
        unique=True,
        sqlite_where=column("deleted_at").is_(None),
        postgresql_where=column("deleted_at").is_(None),
    ),
)

# What outcomes say of a channel or of one of its keys; a row that is not there is well.
channel_health = Table(
    "channel_health",
    metadata,
    identifier("id"),
    identifier("channel_id", ForeignKey("channels.id")),
    text("state"),
    text("code", nullable=True),
    text("why"),
    ms("since", nullable=False),
    ms("next_at"),
    whole("failures"),
    ms("cooled_at"),
    created(),
    PrimaryKeyConstraint("id"),
    word("state", State),
    at_least("failures", 0),
)

# What upstreams say is left of the account behind a key, or behind a channel without keys.
channel_quotas = Table(
    "channel_quotas",
    metadata,
    identifier("id"),
    identifier("channel_id", ForeignKey("channels.id")),
    big("left", nullable=True),
    text("unit"),
    flag("low"),
    ms("seen_at"),
    ms("asked_at", nullable=False),
    created(),
    PrimaryKeyConstraint("id"),
)

aliases = Table("aliases", metadata, text("name"), text("model"), created(), PrimaryKeyConstraint("name"))

settings = Table(
    "settings",
    metadata,
    text("key"),
    text("value"),
    created(),
    ms("updated_at", nullable=False),
    PrimaryKeyConstraint("key"),
)

durations = Table(
    "durations",
    metadata,
    Column("id", Cursor, autoincrement=True, nullable=False),
    text("model"),
    identifier("channel_id", nullable=True),
    whole("seconds_asked"),
    big("took_ms"),
    ms("finished_at", nullable=False),
    created(),
    big("ready_ms", nullable=True),
    PrimaryKeyConstraint("id"),
    at_least("took_ms", 0),
    Index("ix_durations_model", "model", "id"),
)
