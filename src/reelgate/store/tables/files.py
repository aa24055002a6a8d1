"""Kept bytes and what they are shown as."""

from __future__ import annotations

from sqlalchemy import (
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from reelgate.core.task import Variant
from reelgate.store.tables.columns import (
    at_least,
    big,
    created,
    identifier,
    metadata,
    ms,
    real,
    text,
    whole,
    word,
)

blobs = Table(
    "blobs",
    metadata,
    identifier("sha256"),
    big("bytes"),
    text("media_type"),
    created(),
    ms("touched_at", nullable=False),
    PrimaryKeyConstraint("sha256"),
    at_least("bytes", 0),
)

condemned_blobs = Table(
    "condemned_blobs",
    metadata,
    identifier("sha256"),
    created(),
    PrimaryKeyConstraint("sha256"),
)

assets = Table(
    "assets",
    metadata,
    identifier("id"),
    identifier("task_id", ForeignKey("tasks.id")),
    text("variant"),
    identifier("sha256", ForeignKey("blobs.sha256")),
    text("media_type"),
    big("bytes"),
    whole("width", nullable=True),
    whole("height", nullable=True),
    real("seconds"),
    created(),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("task_id", "variant"),
    word("variant", Variant),
    Index("ix_assets_sha256", "sha256"),
)

characters = Table(
    "characters",
    metadata,
    identifier("id"),
    identifier("user_id", ForeignKey("users.id")),
    identifier("project_id", ForeignKey("projects.id")),
    text("name"),
    identifier("sha256", ForeignKey("blobs.sha256")),
    identifier("portrait_sha256", ForeignKey("blobs.sha256")),
    text("media_type"),
    real("seconds"),
    created(),
    text("platform", nullable=True),
    text("source_url", nullable=True),
    identifier("from_task", nullable=True),
    real("start_s"),
    real("end_s"),
    text("outside_id", nullable=True),
    ms("updated_at"),
    PrimaryKeyConstraint("id"),
    Index("ix_characters_sha256", "sha256"),
    Index("ix_characters_portrait_sha256", "portrait_sha256"),
    Index("ix_characters_page", "project_id", "created_at", "id"),
)

uploads = Table(
    "uploads",
    metadata,
    identifier("id"),
    identifier("user_id", ForeignKey("users.id")),
    identifier("project_id", ForeignKey("projects.id")),
    text("filename"),
    text("purpose"),
    identifier("sha256", ForeignKey("blobs.sha256")),
    text("media_type"),
    big("bytes"),
    created(),
    ms("expires_at"),
    PrimaryKeyConstraint("id"),
    Index("ix_uploads_sha256", "sha256"),
    Index("ix_uploads_page", "project_id", "created_at", "id"),
    Index("ix_uploads_expires_at", "expires_at"),
)
