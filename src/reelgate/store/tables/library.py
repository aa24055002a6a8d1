"""The library: one narrow row for everything that is shown there, and what people put on it.

A row of `library_items` says of a task, an upload or a character what lists are filtered and ordered by.
What only takes few values is in `library_shapes`, one row for each combination that occurs, so that a
hundred thousand items are gone through as numbers in one index.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    DDL,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    column,
    event,
)

from reelgate.core.library import ItemKind
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

# Rows are never changed nor deleted: readers keep them in memory.
library_shapes = Table(
    "library_shapes",
    metadata,
    Column("id", Cursor, autoincrement=True, nullable=False),
    text("kind"),
    text("status"),
    text("model"),
    identifier("channel_id"),
    text("aspect"),
    flag("favourite"),
    whole("rating"),
    created(),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("kind", "status", "model", "channel_id", "aspect", "favourite", "rating"),
    word("kind", ItemKind),
    at_least("rating", 0),
)

library_folders = Table(
    "library_folders",
    metadata,
    identifier("id"),
    identifier("project_id", ForeignKey("projects.id")),
    text("name"),
    created(),
    ms("updated_at", nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("project_id", "name"),
)

# `id` is that of the task, upload or character; no foreign key, as there are three tables.
library_items = Table(
    "library_items",
    metadata,
    Column("no", Cursor, autoincrement=True, nullable=False),
    identifier("id"),
    identifier("project_id", ForeignKey("projects.id")),
    identifier("user_id", ForeignKey("users.id")),
    whole("shelf"),
    big("shape"),
    big("length_ms"),
    big("cost"),
    text("name", nullable=True),
    text("notes", nullable=True),
    identifier("folder_id", ForeignKey("library_folders.id"), nullable=True),
    created(),
    ms("updated_at", nullable=False),
    ms("trashed_at"),
    PrimaryKeyConstraint("no"),
    UniqueConstraint("id"),
    at_least("shelf", 0),
    Index("ix_library_items_walk", "project_id", "shelf", "created_at", "no", "shape", "length_ms", "cost"),
    Index("ix_library_items_shape", "project_id", "shelf", "shape", "created_at", "length_ms", "cost"),
    Index("ix_library_items_length", "project_id", "shelf", "length_ms", "no", "shape"),
    Index("ix_library_items_cost", "project_id", "shelf", "cost", "no", "shape"),
    Index(
        "ix_library_items_folder",
        "folder_id",
        "shelf",
        "shape",
        sqlite_where=column("folder_id").is_not(None),
        postgresql_where=column("folder_id").is_not(None),
    ),
    Index(
        "ix_library_items_trashed_at",
        "trashed_at",
        sqlite_where=column("trashed_at").is_not(None),
        postgresql_where=column("trashed_at").is_not(None),
    ),
)

# What an item is found by: its words, Chinese ones as pairs of characters (`core.grams`).
library_texts = Table(
    "library_texts",
    metadata,
    Column("no", Cursor, ForeignKey("library_items.no"), autoincrement=False, nullable=False),
    text("words"),
    PrimaryKeyConstraint("no"),
)

library_tags = Table(
    "library_tags",
    metadata,
    identifier("id"),
    identifier("project_id", ForeignKey("projects.id")),
    text("name"),
    created(),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("project_id", "name"),
)

library_item_tags = Table(
    "library_item_tags",
    metadata,
    identifier("tag_id", ForeignKey("library_tags.id")),
    Column("no", Cursor, ForeignKey("library_items.no"), autoincrement=False, nullable=False),
    PrimaryKeyConstraint("tag_id", "no"),
    Index("ix_library_item_tags_no", "no"),
)

library_presets = Table(
    "library_presets",
    metadata,
    identifier("id"),
    identifier("project_id", ForeignKey("projects.id")),
    identifier("user_id", ForeignKey("users.id")),
    text("name"),
    flag("shared"),
    text("body"),
    created(),
    ms("updated_at", nullable=False),
    PrimaryKeyConstraint("id"),
    Index("ix_library_presets_project_id", "project_id"),
)

# `digest` is of the link's secret, `password` an argon2id digest.
library_shares = Table(
    "library_shares",
    metadata,
    identifier("id"),
    identifier("item_id"),
    identifier("project_id", ForeignKey("projects.id")),
    identifier("user_id", ForeignKey("users.id")),
    text("digest"),
    text("password", nullable=True),
    flag("hide_prompt"),
    whole("opened"),
    created(),
    ms("expires_at"),
    ms("revoked_at"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("digest"),
    Index("ix_library_shares_item_id", "item_id"),
    Index("ix_library_shares_project_id", "project_id"),
)

# What a file of a project was taken from: the last frame of a clip, say.
library_origins = Table(
    "library_origins",
    metadata,
    identifier("project_id", ForeignKey("projects.id")),
    identifier("sha256"),
    identifier("item_id"),
    text("verb"),
    created(),
    PrimaryKeyConstraint("project_id", "sha256"),
    Index("ix_library_origins_item_id", "item_id"),
)

# How far the items follow the tasks.
library_state = Table("library_state", metadata, text("name"), text("value"), PrimaryKeyConstraint("name"))

SEARCH_ON_SQLITE: Final = (
    "CREATE VIRTUAL TABLE library_words USING fts5("
    "words, content='library_texts', content_rowid='no', tokenize='unicode61 remove_diacritics 0')",
    "CREATE TRIGGER library_words_in AFTER INSERT ON library_texts BEGIN"
    " INSERT INTO library_words (rowid, words) VALUES (new.no, new.words); END",
    "CREATE TRIGGER library_words_out AFTER DELETE ON library_texts BEGIN"
    " INSERT INTO library_words (library_words, rowid, words) VALUES ('delete', old.no, old.words); END",
    "CREATE TRIGGER library_words_over AFTER UPDATE ON library_texts BEGIN"
    " INSERT INTO library_words (library_words, rowid, words) VALUES ('delete', old.no, old.words);"
    " INSERT INTO library_words (rowid, words) VALUES (new.no, new.words); END",
)
"""What SQLite searches with; it follows `library_texts` by itself."""

SEARCH_ON_POSTGRESQL: Final = (
    "CREATE INDEX library_words ON library_texts USING gin (to_tsvector('simple', words))",
)
"""What PostgreSQL searches with."""

for _statement in SEARCH_ON_SQLITE:
    event.listen(library_texts, "after_create", DDL(_statement).execute_if(dialect="sqlite"))
for _statement in SEARCH_ON_POSTGRESQL:
    event.listen(library_texts, "after_create", DDL(_statement).execute_if(dialect="postgresql"))
