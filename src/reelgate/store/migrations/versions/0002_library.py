"""The library: items, folders, tags, presets, shares, and what words are searched with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from reelgate.store.tables.library import SEARCH_ON_POSTGRESQL, SEARCH_ON_SQLITE

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
CURSOR = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply the step."""
    _shapes()
    _items()
    _tags()
    _presets()
    _shares()
    op.create_table(
        "library_origins",
        sa.Column("project_id", ID, nullable=False),
        sa.Column("sha256", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_library_origins_project_id")),
        sa.PrimaryKeyConstraint("project_id", "sha256", name=op.f("pk_library_origins")),
    )
    op.create_index("ix_library_origins_item_id", "library_origins", ["item_id"])
    op.create_table(
        "library_state",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_library_state")),
    )
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SEARCH_ON_SQLITE if on_sqlite else SEARCH_ON_POSTGRESQL:
        op.get_bind().exec_driver_sql(statement)


def _shapes() -> None:
    op.create_table(
        "library_shapes",
        sa.Column("id", CURSOR, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("channel_id", ID, nullable=False),
        sa.Column("aspect", sa.Text(), nullable=False),
        sa.Column("favourite", sa.Boolean(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('task', 'clip', 'upload', 'character')", name=op.f("ck_library_shapes_kind_word")
        ),
        sa.CheckConstraint("rating >= 0", name=op.f("ck_library_shapes_rating_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_shapes")),
        sa.UniqueConstraint(
            "kind",
            "status",
            "model",
            "channel_id",
            "aspect",
            "favourite",
            "rating",
            name=op.f("uq_library_shapes_kind_status_model_channel_id_aspect_favourite_rating"),
        ),
    )
    op.create_table(
        "library_folders",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_library_folders_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_folders")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_library_folders_project_id_name")),
    )


def _items() -> None:
    op.create_table(
        "library_items",
        sa.Column("no", CURSOR, autoincrement=True, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("shelf", sa.Integer(), nullable=False),
        sa.Column("shape", sa.BigInteger(), nullable=False),
        sa.Column("length_ms", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("folder_id", ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("trashed_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("shelf >= 0", name=op.f("ck_library_items_shelf_range")),
        sa.ForeignKeyConstraint(
            ["folder_id"], ["library_folders.id"], name=op.f("fk_library_items_folder_id")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_library_items_project_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_library_items_user_id")),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_library_items")),
        sa.UniqueConstraint("id", name=op.f("uq_library_items_id")),
    )
    order = ["project_id", "shelf", "created_at", "no", "shape", "length_ms", "cost"]
    op.create_index("ix_library_items_walk", "library_items", order)
    shape = ["project_id", "shelf", "shape", "created_at", "length_ms", "cost"]
    op.create_index("ix_library_items_shape", "library_items", shape)
    for name, key in (("ix_library_items_length", "length_ms"), ("ix_library_items_cost", "cost")):
        op.create_index(name, "library_items", ["project_id", "shelf", key, "no", "shape"])
    for name, columns, where in (
        ("ix_library_items_folder", ["folder_id", "shelf", "shape"], sa.text("folder_id IS NOT NULL")),
        ("ix_library_items_trashed_at", ["trashed_at"], sa.text("trashed_at IS NOT NULL")),
    ):
        op.create_index(name, "library_items", columns, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "library_texts",
        sa.Column("no", CURSOR, autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["no"], ["library_items.no"], name=op.f("fk_library_texts_no")),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_library_texts")),
    )


def _tags() -> None:
    op.create_table(
        "library_tags",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_library_tags_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_tags")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_library_tags_project_id_name")),
    )
    op.create_table(
        "library_item_tags",
        sa.Column("tag_id", ID, nullable=False),
        sa.Column("no", CURSOR, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["no"], ["library_items.no"], name=op.f("fk_library_item_tags_no")),
        sa.ForeignKeyConstraint(["tag_id"], ["library_tags.id"], name=op.f("fk_library_item_tags_tag_id")),
        sa.PrimaryKeyConstraint("tag_id", "no", name=op.f("pk_library_item_tags")),
    )
    op.create_index("ix_library_item_tags_no", "library_item_tags", ["no"])


def _presets() -> None:
    op.create_table(
        "library_presets",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_library_presets_project_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_library_presets_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_presets")),
    )
    op.create_index("ix_library_presets_project_id", "library_presets", ["project_id"])


def _shares() -> None:
    op.create_table(
        "library_shares",
        sa.Column("id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("hide_prompt", sa.Boolean(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_library_shares_project_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_library_shares_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_shares")),
        sa.UniqueConstraint("digest", name=op.f("uq_library_shares_digest")),
    )
    op.create_index("ix_library_shares_item_id", "library_shares", ["item_id"])
    op.create_index("ix_library_shares_project_id", "library_shares", ["project_id"])
