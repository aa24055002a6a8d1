"""Tasks, their inputs and attempts, what repeats them and what they come from."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    column,
)

from reelgate.core.lifecycle import Status
from reelgate.core.task import AttemptState, Verb
from reelgate.core.task import Role as InputRole
from reelgate.store.tables.columns import (
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


class RepeatKind(StrEnum):
    """Why an idempotency row exists: the caller sent a key, or an SDK's retry was recognised."""

    EXPLICIT = "explicit"
    RETRY = "retry"


class ParentKind(StrEnum):
    """What a lineage edge starts from."""

    TASK = "task"
    CHARACTER = "character"
    UPLOAD = "upload"


# `channel_id` is no foreign key: a channel that lives in the configuration file has no row.
# `prompt`, `size`, `seconds_total`, `verb` and `parent_id` repeat the request, so that a status
# read need not decode it.
tasks = Table(
    "tasks",
    metadata,
    identifier("id"),
    identifier("user_id", ForeignKey("users.id")),
    identifier("project_id", ForeignKey("projects.id")),
    identifier("key_id", ForeignKey("api_keys.id"), nullable=True),
    text("surface"),
    text("status"),
    text("model"),
    text("served_model"),
    text("request"),
    text("prompt"),
    text("size"),
    whole("seconds_total"),
    text("verb"),
    identifier("parent_id", nullable=True),
    big("quote"),
    text("currency"),
    big("priority"),
    identifier("channel_id", nullable=True),
    identifier("attempt_id", nullable=True),
    whole("attempts"),
    whole("progress", nullable=True),
    text("phase", nullable=True),
    text("word", nullable=True),
    text("error", nullable=True),
    big("lease_epoch"),
    ms("leased_at"),
    whole("event_seq"),
    created(),
    ms("updated_at", nullable=False),
    ms("started_at"),
    ms("finished_at"),
    ms("completed_at"),
    ms("expires_at"),
    ms("deadline_at"),
    ms("overdue_at"),
    ms("unconfirmed_at"),
    ms("cancel_requested_at"),
    ms("deleted_at"),
    flag("disputed"),
    big("turn", nullable=True),
    ms("start_after"),
    text("request_id", nullable=True),
    text("traceparent", nullable=True),
    text("effective", nullable=True),
    text("adapted", nullable=True),
    text("notify_url", nullable=True),
    whole("polls", nullable=True),
    PrimaryKeyConstraint("id"),
    word("status", Status),
    word("verb", Verb),
    at_least("quote", 0),
    at_least("attempts", 0),
    at_least("lease_epoch", 0),
    at_least("event_seq", 0),
    CheckConstraint("progress >= 0 AND progress <= 100", name="progress_range"),
    Index("ix_tasks_key_id", "key_id", "created_at"),
    Index("ix_tasks_status", "status", "created_at"),
    Index(
        "ix_tasks_disputed",
        "finished_at",
        sqlite_where=column("disputed", Boolean).is_(True),
        postgresql_where=column("disputed", Boolean).is_(True),
    ),
    Index(
        "ix_tasks_cancel",
        "status",
        "cancel_requested_at",
        sqlite_where=column("cancel_requested_at").is_not(None),
        postgresql_where=column("cancel_requested_at").is_not(None),
    ),
    Index(
        "ix_tasks_expires_at",
        "expires_at",
        sqlite_where=column("expires_at").is_not(None),
        postgresql_where=column("expires_at").is_not(None),
    ),
    Index(
        "ix_tasks_unfinished",
        "user_id",
        "key_id",
        sqlite_where=column("finished_at").is_(None),
        postgresql_where=column("finished_at").is_(None),
    ),
    Index(
        "ix_tasks_page",
        "project_id",
        "created_at",
        "id",
        sqlite_where=column("deleted_at").is_(None),
        postgresql_where=column("deleted_at").is_(None),
    ),
)

task_inputs = Table(
    "task_inputs",
    metadata,
    identifier("task_id", ForeignKey("tasks.id")),
    whole("position"),
    text("role"),
    identifier("sha256", ForeignKey("blobs.sha256")),
    created(),
    PrimaryKeyConstraint("task_id", "position"),
    word("role", InputRole),
    Index("ix_task_inputs_sha256", "sha256"),
)

# What the callbacks of a channel's upstream are signed with. The id is the channel's.
callback_keys = Table(
    "callback_keys",
    metadata,
    identifier("id", ForeignKey("channels.id")),
    text("secret"),
    created(),
    ms("updated_at", nullable=False),
    PrimaryKeyConstraint("id"),
)

attempts = Table(
    "attempts",
    metadata,
    identifier("id"),
    identifier("task_id", ForeignKey("tasks.id")),
    whole("number"),
    identifier("channel_id"),
    text("upstream_model"),
    text("client_token"),
    text("state"),
    text("ref", nullable=True),
    text("error", nullable=True),
    big("lease_epoch"),
    created(),
    ms("submitted_at"),
    ms("ended_at"),
    identifier("key_id", nullable=True),
    text("why", nullable=True),
    text("upstream_id", nullable=True),
    big("cost", nullable=True),
    ms("nudged_at"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("task_id", "number"),
    UniqueConstraint("client_token"),
    word("state", AttemptState),
    at_least("number", 1),
    Index("ix_attempts_channel_id_ref", "channel_id", "ref"),
    Index("ix_attempts_channel_id_upstream_id", "channel_id", "upstream_id"),
)

idempotency = Table(
    "idempotency",
    metadata,
    text("scope"),
    text("key"),
    text("kind"),
    text("fingerprint"),
    identifier("task_id", ForeignKey("tasks.id")),
    created(),
    ms("expires_at", nullable=False),
    PrimaryKeyConstraint("scope", "key"),
    word("kind", RepeatKind),
    Index("ix_idempotency_recent", "scope", "fingerprint", "created_at"),
    Index("ix_idempotency_expires_at", "expires_at"),
)

lineage = Table(
    "lineage",
    metadata,
    identifier("child_id", ForeignKey("tasks.id")),
    identifier("parent_id"),
    text("parent_kind"),
    text("verb"),
    text("diff"),
    created(),
    PrimaryKeyConstraint("child_id", "parent_id", "verb"),
    word("parent_kind", ParentKind),
    word("verb", Verb),
    Index("ix_lineage_parent_id", "parent_id"),
)
