"""The schema, once: every table, constraint and index, the same on SQLite and PostgreSQL.

Times are integer milliseconds, money is integer micro-units, JSON is text written by msgspec, so
that a row reads the same on both databases. Words of a closed vocabulary are checked by the
database against the enum they come from.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    column,
    literal_column,
)

from reelgate.core.events import EventType
from reelgate.core.health import State
from reelgate.core.lifecycle import Status
from reelgate.core.limits import Subject
from reelgate.core.money import EntryKind
from reelgate.core.people import BudgetWindow, LinkKind, Role, SessionKind
from reelgate.core.task import AttemptState, Variant, Verb
from reelgate.core.task import Role as InputRole

KNOWN: Final = ("0001",)
"""The revisions of the schema this code knows, oldest first."""
HEAD: Final = KNOWN[-1]
"""The schema revision this code speaks."""

DEFAULT_USER: Final = "user_default"
DEFAULT_PROJECT: Final = "proj_default"
DEFAULT_ACCOUNT: Final = "acct_default"

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# Ids are compared byte by byte on both databases, so that a page is cut at the same place.
_Id = Text().with_variant(Text(collation="C"), "postgresql")
# SQLite only numbers rows by itself in a column declared INTEGER.
_Cursor = BigInteger().with_variant(Integer(), "sqlite")


class DeliveryState(StrEnum):
    """How the telling of one event to one endpoint stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class RepeatKind(StrEnum):
    """Why an idempotency row exists: the caller sent a key, or an SDK's retry was recognised."""

    EXPLICIT = "explicit"
    RETRY = "retry"


class ParentKind(StrEnum):
    """What a lineage edge starts from."""

    TASK = "task"
    CHARACTER = "character"
    UPLOAD = "upload"


def _id(name: str, *constraints: Any, nullable: bool = False) -> Column[str]:
    return Column(name, _Id, *constraints, nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _ms(name: str, *, nullable: bool = True) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _whole(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=nullable)


def _big(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _real(name: str) -> Column[float]:
    return Column(name, Float, nullable=True)


def _created() -> Column[int]:
    return _ms("created_at", nullable=False)


def _word(name: str, words: type[StrEnum]) -> CheckConstraint:
    return CheckConstraint(column(name, Text).in_([word.value for word in words]), name=f"{name}_word")


def _at_least(name: str, least: int) -> CheckConstraint:
    return CheckConstraint(column(name, Integer) >= literal_column(str(least)), name=f"{name}_range")


# What a database says about itself: which programs may read it, and whether it is half a copy. Never copied.
database_facts = Table(
    "database_facts", metadata, _text("name"), _text("value"), PrimaryKeyConstraint("name")
)

# `login` is the name somebody signs in with, in one spelling; `password` is its argon2id digest.
users = Table(
    "users",
    metadata,
    _id("id"),
    _text("name"),
    _text("login", nullable=True),
    _text("email", nullable=True),
    _text("role"),
    _text("password", nullable=True),
    _whole("token_version"),
    _ms("disabled_at"),
    _ms("last_login_at"),
    _created(),
    _ms("updated_at", nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("login"),
    _word("role", Role),
)

teams = Table(
    "teams",
    metadata,
    _id("id"),
    _text("name"),
    _created(),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("name"),
)

team_members = Table(
    "team_members",
    metadata,
    _id("team_id", ForeignKey("teams.id")),
    _id("user_id", ForeignKey("users.id")),
    _text("role"),
    _created(),
    PrimaryKeyConstraint("team_id", "user_id"),
    _word("role", Role),
    Index("ix_team_members_user_id", "user_id"),
)

# A project with a team is open to all of its members.
projects = Table(
    "projects",
    metadata,
    _id("id"),
    _id("user_id", ForeignKey("users.id")),
    _text("name"),
    _id("team_id", ForeignKey("teams.id"), nullable=True),
    _created(),
    PrimaryKeyConstraint("id"),
    Index("ix_projects_user_id", "user_id"),
    Index("ix_projects_team_id", "team_id"),
)

# Who somebody is at an OpenID provider.
identities = Table(
    "identities",
    metadata,
    _text("issuer"),
    _text("subject"),
    _id("user_id", ForeignKey("users.id")),
    _created(),
    PrimaryKeyConstraint("issuer", "subject"),
    Index("ix_identities_user_id", "user_id"),
)

# One sign-in: in a browser with a cookie, or of a program with tokens.
sessions = Table(
    "sessions",
    metadata,
    _id("id"),
    _id("user_id", ForeignKey("users.id")),
    _text("kind"),
    _text("digest", nullable=True),
    _text("address"),
    _text("agent"),
    _created(),
    _ms("seen_at", nullable=False),
    _ms("expires_at", nullable=False),
    _ms("revoked_at"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("digest"),
    _word("kind", SessionKind),
    Index("ix_sessions_user_id", "user_id"),
    Index("ix_sessions_expires_at", "expires_at"),
)

# A token that was exchanged stays, so that whoever shows it again is noticed.
refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    _id("digest"),
    _id("session_id", ForeignKey("sessions.id")),
    _created(),
    _ms("expires_at", nullable=False),
    _ms("used_at"),
    PrimaryKeyConstraint("digest"),
    Index("ix_refresh_tokens_session_id", "session_id"),
)

# What links sent to people open, once.
links = Table(
    "links",
    metadata,
    _id("id"),
    _text("kind"),
    _text("digest"),
    _id("user_id", ForeignKey("users.id"), nullable=True),
    _text("role", nullable=True),
    _id("team_id", ForeignKey("teams.id"), nullable=True),
    _text("note"),
    _id("made_by", ForeignKey("users.id"), nullable=True),
    _created(),
    _ms("expires_at", nullable=False),
    _ms("used_at"),
    _ms("revoked_at"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("digest"),
    _word("kind", LinkKind),
    _word("role", Role),
)

# What our own tokens are signed with; `secret` is an envelope (`core.envelope`).
signing_keys = Table(
    "signing_keys",
    metadata,
    _id("id"),
    _text("secret"),
    _created(),
    _ms("retired_at"),
    PrimaryKeyConstraint("id"),
)

accounts = Table(
    "accounts",
    metadata,
    _id("id"),
    _id("project_id", ForeignKey("projects.id")),
    _text("currency"),
    _big("balance"),
    _big("held"),
    _big("credit_limit", nullable=True),
    _created(),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("project_id", "currency"),
    _at_least("held", 0),
    _at_least("credit_limit", 0),
    CheckConstraint("credit_limit IS NULL OR balance + credit_limit >= held", name="covered"),
)

api_keys = Table(
    "api_keys",
    metadata,
    _id("id"),
    _id("user_id", ForeignKey("users.id")),
    _id("project_id", ForeignKey("projects.id")),
    _text("name"),
    _text("digest"),
    _text("hint"),
    _text("scopes"),
    _text("models", nullable=True),
    _big("budget", nullable=True),
    _text("budget_currency", nullable=True),
    _text("budget_window", nullable=True),
    _created(),
    _ms("expires_at"),
    _ms("revoked_at"),
    _ms("last_used_at"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("digest"),
    _at_least("budget", 0),
    _word("budget_window", BudgetWindow),
    Index("ix_api_keys_user_id", "user_id"),
)

channels = Table(
    "channels",
    metadata,
    _id("id"),
    _text("name"),
    _text("dialect"),
    _text("base_url"),
    _text("models"),
    _whole("concurrency"),
    _real("poll_seconds"),
    _flag("self_hosted"),
    _flag("enabled"),
    _text("settings"),
    _whole("priority"),
    _whole("weight"),
    _created(),
    _ms("updated_at", nullable=False),
    _ms("deleted_at"),
    _flag("draining"),
    _text("prices"),
    _text("poll_policy", nullable=True),
    PrimaryKeyConstraint("id"),
    _at_least("concurrency", 1),
    _at_least("weight", 0),
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
    _id("channel_id", ForeignKey("channels.id")),
    _text("model"),
    _text("profile"),
    _created(),
    _ms("updated_at", nullable=False),
    PrimaryKeyConstraint("channel_id", "model"),
)

# `secret` is an envelope (`core.envelope`), never the secret itself.
channel_keys = Table(
    "channel_keys",
    metadata,
    _id("id"),
    _id("channel_id", ForeignKey("channels.id")),
    _text("name"),
    _text("secret"),
    _flag("enabled"),
    _created(),
    _ms("updated_at", nullable=False),
    _ms("deleted_at"),
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
    _id("id"),
    _id("channel_id", ForeignKey("channels.id")),
    _text("state"),
    _text("code", nullable=True),
    _text("why"),
    _ms("since", nullable=False),
    _ms("next_at"),
    _whole("failures"),
    _ms("cooled_at"),
    _created(),
    PrimaryKeyConstraint("id"),
    _word("state", State),
    _at_least("failures", 0),
)

aliases = Table("aliases", metadata, _text("name"), _text("model"), _created(), PrimaryKeyConstraint("name"))

settings = Table(
    "settings",
    metadata,
    _text("key"),
    _text("value"),
    _created(),
    _ms("updated_at", nullable=False),
    PrimaryKeyConstraint("key"),
)

# `channel_id` is no foreign key: a channel that lives in the configuration file has no row.
# `prompt`, `size`, `seconds_total`, `verb` and `parent_id` repeat the request, so that a status
# read need not decode it.
tasks = Table(
    "tasks",
    metadata,
    _id("id"),
    _id("user_id", ForeignKey("users.id")),
    _id("project_id", ForeignKey("projects.id")),
    _id("key_id", ForeignKey("api_keys.id"), nullable=True),
    _text("surface"),
    _text("status"),
    _text("model"),
    _text("served_model"),
    _text("request"),
    _text("prompt"),
    _text("size"),
    _whole("seconds_total"),
    _text("verb"),
    _id("parent_id", nullable=True),
    _big("quote"),
    _text("currency"),
    _big("priority"),
    _id("channel_id", nullable=True),
    _id("attempt_id", nullable=True),
    _whole("attempts"),
    _whole("progress", nullable=True),
    _text("phase", nullable=True),
    _text("word", nullable=True),
    _text("error", nullable=True),
    _big("lease_epoch"),
    _ms("leased_at"),
    _whole("event_seq"),
    _created(),
    _ms("updated_at", nullable=False),
    _ms("started_at"),
    _ms("finished_at"),
    _ms("completed_at"),
    _ms("expires_at"),
    _ms("deadline_at"),
    _ms("overdue_at"),
    _ms("unconfirmed_at"),
    _ms("cancel_requested_at"),
    _ms("deleted_at"),
    _flag("disputed"),
    _big("turn", nullable=True),
    _ms("start_after"),
    _text("request_id", nullable=True),
    _text("traceparent", nullable=True),
    _text("effective", nullable=True),
    _text("adapted", nullable=True),
    PrimaryKeyConstraint("id"),
    _word("status", Status),
    _word("verb", Verb),
    _at_least("quote", 0),
    _at_least("attempts", 0),
    _at_least("lease_epoch", 0),
    _at_least("event_seq", 0),
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
    _id("task_id", ForeignKey("tasks.id")),
    _whole("position"),
    _text("role"),
    _id("sha256", ForeignKey("blobs.sha256")),
    _created(),
    PrimaryKeyConstraint("task_id", "position"),
    _word("role", InputRole),
    Index("ix_task_inputs_sha256", "sha256"),
)

# What the callbacks of a channel's upstream are signed with. The id is the channel's.
callback_keys = Table(
    "callback_keys",
    metadata,
    _id("id", ForeignKey("channels.id")),
    _text("secret"),
    _created(),
    _ms("updated_at", nullable=False),
    PrimaryKeyConstraint("id"),
)

attempts = Table(
    "attempts",
    metadata,
    _id("id"),
    _id("task_id", ForeignKey("tasks.id")),
    _whole("number"),
    _id("channel_id"),
    _text("upstream_model"),
    _text("client_token"),
    _text("state"),
    _text("ref", nullable=True),
    _text("error", nullable=True),
    _big("lease_epoch"),
    _created(),
    _ms("submitted_at"),
    _ms("ended_at"),
    _id("key_id", nullable=True),
    _text("why", nullable=True),
    _text("upstream_id", nullable=True),
    _big("cost", nullable=True),
    _ms("nudged_at"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("task_id", "number"),
    UniqueConstraint("client_token"),
    _word("state", AttemptState),
    _at_least("number", 1),
    Index("ix_attempts_channel_id_ref", "channel_id", "ref"),
    Index("ix_attempts_channel_id_upstream_id", "channel_id", "upstream_id"),
)

idempotency = Table(
    "idempotency",
    metadata,
    _text("scope"),
    _text("key"),
    _text("kind"),
    _text("fingerprint"),
    _id("task_id", ForeignKey("tasks.id")),
    _created(),
    _ms("expires_at", nullable=False),
    PrimaryKeyConstraint("scope", "key"),
    _word("kind", RepeatKind),
    Index("ix_idempotency_recent", "scope", "fingerprint", "created_at"),
    Index("ix_idempotency_expires_at", "expires_at"),
)

events = Table(
    "events",
    metadata,
    Column("cursor", _Cursor, autoincrement=True, nullable=False),
    _id("id"),
    _id("task_id", ForeignKey("tasks.id")),
    _id("user_id"),
    _id("project_id"),
    _whole("seq"),
    _text("type"),
    _text("data"),
    _created(),
    PrimaryKeyConstraint("cursor"),
    UniqueConstraint("id"),
    UniqueConstraint("task_id", "seq"),
    _word("type", EventType),
    _at_least("seq", 1),
    Index("ix_events_project_id_cursor", "project_id", "cursor"),
    # A cursor is never given twice, not even when the newest rows were pruned.
    sqlite_autoincrement=True,
)

blobs = Table(
    "blobs",
    metadata,
    _id("sha256"),
    _big("bytes"),
    _text("media_type"),
    _created(),
    _ms("touched_at", nullable=False),
    PrimaryKeyConstraint("sha256"),
    _at_least("bytes", 0),
)

condemned_blobs = Table(
    "condemned_blobs",
    metadata,
    _id("sha256"),
    _created(),
    PrimaryKeyConstraint("sha256"),
)

assets = Table(
    "assets",
    metadata,
    _id("id"),
    _id("task_id", ForeignKey("tasks.id")),
    _text("variant"),
    _id("sha256", ForeignKey("blobs.sha256")),
    _text("media_type"),
    _big("bytes"),
    _whole("width", nullable=True),
    _whole("height", nullable=True),
    _real("seconds"),
    _created(),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("task_id", "variant"),
    _word("variant", Variant),
    Index("ix_assets_sha256", "sha256"),
)

characters = Table(
    "characters",
    metadata,
    _id("id"),
    _id("user_id", ForeignKey("users.id")),
    _id("project_id", ForeignKey("projects.id")),
    _text("name"),
    _id("sha256", ForeignKey("blobs.sha256")),
    _id("portrait_sha256", ForeignKey("blobs.sha256")),
    _text("media_type"),
    _real("seconds"),
    _created(),
    PrimaryKeyConstraint("id"),
    Index("ix_characters_sha256", "sha256"),
    Index("ix_characters_portrait_sha256", "portrait_sha256"),
    Index("ix_characters_page", "project_id", "created_at", "id"),
)

uploads = Table(
    "uploads",
    metadata,
    _id("id"),
    _id("user_id", ForeignKey("users.id")),
    _id("project_id", ForeignKey("projects.id")),
    _text("filename"),
    _text("purpose"),
    _id("sha256", ForeignKey("blobs.sha256")),
    _text("media_type"),
    _big("bytes"),
    _created(),
    _ms("expires_at"),
    PrimaryKeyConstraint("id"),
    Index("ix_uploads_sha256", "sha256"),
    Index("ix_uploads_page", "project_id", "created_at", "id"),
    Index("ix_uploads_expires_at", "expires_at"),
)

lineage = Table(
    "lineage",
    metadata,
    _id("child_id", ForeignKey("tasks.id")),
    _id("parent_id"),
    _text("parent_kind"),
    _text("verb"),
    _text("diff"),
    _created(),
    PrimaryKeyConstraint("child_id", "parent_id", "verb"),
    _word("parent_kind", ParentKind),
    _word("verb", Verb),
    Index("ix_lineage_parent_id", "parent_id"),
)

# A hold is closed by setting `closed_at` once, by compare-and-set; amounts never change.
ledger = Table(
    "ledger",
    metadata,
    _id("id"),
    _id("account_id", ForeignKey("accounts.id")),
    _id("task_id", ForeignKey("tasks.id"), nullable=True),
    _text("kind"),
    _big("amount"),
    _text("currency"),
    _text("note", nullable=True),
    _created(),
    _ms("closed_at"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("task_id", "kind"),
    _word("kind", EntryKind),
    CheckConstraint("kind = 'deposit' OR (amount >= 0 AND task_id IS NOT NULL)", name="entry"),
    Index("ix_ledger_account_id", "account_id", "created_at"),
)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    _id("id"),
    _id("project_id", ForeignKey("projects.id")),
    _id("user_id", ForeignKey("users.id")),
    _text("name"),
    _text("url"),
    _text("event_types"),
    _text("secret"),
    _text("old_secret", nullable=True),
    _ms("old_secret_until"),
    _flag("enabled"),
    _text("disabled_reason", nullable=True),
    _ms("failing_since"),
    _created(),
    _ms("updated_at", nullable=False),
    _ms("deleted_at"),
    PrimaryKeyConstraint("id"),
    Index("ix_webhook_endpoints_project_id", "project_id"),
)

# `event_id` is no foreign key: a delivery carries its own body and outlives the pruned log.
deliveries = Table(
    "deliveries",
    metadata,
    _id("id"),
    _id("endpoint_id", ForeignKey("webhook_endpoints.id")),
    _id("event_id"),
    _id("task_id", ForeignKey("tasks.id")),
    _whole("seq"),
    _text("state"),
    _whole("attempts"),
    _ms("next_at"),
    _whole("last_status", nullable=True),
    _text("last_error", nullable=True),
    _text("body"),
    _created(),
    _ms("delivered_at"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("endpoint_id", "event_id"),
    _word("state", DeliveryState),
    _at_least("attempts", 0),
    Index("ix_deliveries_due", "state", "next_at"),
    Index("ix_deliveries_order", "endpoint_id", "task_id", "seq"),
    Index("ix_deliveries_created_at", "endpoint_id", "created_at"),
)

durations = Table(
    "durations",
    metadata,
    Column("id", _Cursor, autoincrement=True, nullable=False),
    _text("model"),
    _id("channel_id", nullable=True),
    _whole("seconds_asked"),
    _big("took_ms"),
    _ms("finished_at", nullable=False),
    _created(),
    _big("ready_ms", nullable=True),
    PrimaryKeyConstraint("id"),
    _at_least("took_ms", 0),
    Index("ix_durations_model", "model", "id"),
)

# `subject_id` is no foreign key: it names a key, a user or a channel, and outlives them harmlessly.
allowances = Table(
    "allowances",
    metadata,
    _text("subject"),
    _id("subject_id"),
    _whole("requests_per_minute", nullable=True),
    _whole("calls_per_minute", nullable=True),
    _whole("concurrency", nullable=True),
    _whole("weight", nullable=True),
    _whole("priority", nullable=True),
    _whole("max_priority", nullable=True),
    _created(),
    _ms("updated_at", nullable=False),
    PrimaryKeyConstraint("subject", "subject_id"),
    _word("subject", Subject),
    _at_least("requests_per_minute", 0),
    _at_least("calls_per_minute", 0),
    _at_least("concurrency", 0),
    _at_least("weight", 1),
)

# When a piece of housekeeping was last taken on, by whichever process.
duties = Table("duties", metadata, _text("name"), _big("taken_at"), PrimaryKeyConstraint("name"))

# When each bucket is full again, in microseconds since 1970.
buckets = Table("buckets", metadata, _text("name"), _big("full_at"), PrimaryKeyConstraint("name"))

# The row without a user holds the lane's own virtual time.
turns = Table(
    "turns", metadata, _id("lane"), _id("user_id"), _big("following"), PrimaryKeyConstraint("lane", "user_id")
)
