"""Who there is: people, teams, projects, ways in, balances and keys."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from reelgate.core.people import BudgetWindow, LinkKind, Role, SessionKind
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

# `login` is the name somebody signs in with, in one spelling; `password` is its argon2id digest;
# `preferences` is JSON, and nothing for whoever chose nothing.
users = Table(
    "users",
    metadata,
    identifier("id"),
    text("name"),
    text("login", nullable=True),
    text("email", nullable=True),
    text("role"),
    text("password", nullable=True),
    whole("token_version"),
    ms("disabled_at"),
    ms("last_login_at"),
    created(),
    ms("updated_at", nullable=False),
    text("preferences", nullable=True),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("login"),
    word("role", Role),
)

teams = Table(
    "teams",
    metadata,
    identifier("id"),
    text("name"),
    created(),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("name"),
)

team_members = Table(
    "team_members",
    metadata,
    identifier("team_id", ForeignKey("teams.id")),
    identifier("user_id", ForeignKey("users.id")),
    text("role"),
    created(),
    PrimaryKeyConstraint("team_id", "user_id"),
    word("role", Role),
    Index("ix_team_members_user_id", "user_id"),
)

# A project with a team is open to all of its members.
projects = Table(
    "projects",
    metadata,
    identifier("id"),
    identifier("user_id", ForeignKey("users.id")),
    text("name"),
    identifier("team_id", ForeignKey("teams.id"), nullable=True),
    created(),
    PrimaryKeyConstraint("id"),
    Index("ix_projects_user_id", "user_id"),
    Index("ix_projects_team_id", "team_id"),
)

# Who somebody is at an OpenID provider.
identities = Table(
    "identities",
    metadata,
    text("issuer"),
    text("subject"),
    identifier("user_id", ForeignKey("users.id")),
    created(),
    PrimaryKeyConstraint("issuer", "subject"),
    Index("ix_identities_user_id", "user_id"),
)

# One sign-in: in a browser with a cookie, or of a program with tokens.
sessions = Table(
    "sessions",
    metadata,
    identifier("id"),
    identifier("user_id", ForeignKey("users.id")),
    text("kind"),
    text("digest", nullable=True),
    text("address"),
    text("agent"),
    created(),
    ms("seen_at", nullable=False),
    ms("expires_at", nullable=False),
    ms("revoked_at"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("digest"),
    word("kind", SessionKind),
    Index("ix_sessions_user_id", "user_id"),
    Index("ix_sessions_expires_at", "expires_at"),
)

# A token that was exchanged stays, so that whoever shows it again is noticed.
refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    identifier("digest"),
    identifier("session_id", ForeignKey("sessions.id")),
    created(),
    ms("expires_at", nullable=False),
    ms("used_at"),
    PrimaryKeyConstraint("digest"),
    Index("ix_refresh_tokens_session_id", "session_id"),
)

# What links sent to people open, once.
links = Table(
    "links",
    metadata,
    identifier("id"),
    text("kind"),
    text("digest"),
    identifier("user_id", ForeignKey("users.id"), nullable=True),
    text("role", nullable=True),
    identifier("team_id", ForeignKey("teams.id"), nullable=True),
    text("note"),
    identifier("made_by", ForeignKey("users.id"), nullable=True),
    created(),
    ms("expires_at", nullable=False),
    ms("used_at"),
    ms("revoked_at"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("digest"),
    word("kind", LinkKind),
    word("role", Role),
)

# What our own tokens are signed with; `secret` is an envelope (`core.envelope`).
signing_keys = Table(
    "signing_keys",
    metadata,
    identifier("id"),
    text("secret"),
    created(),
    ms("retired_at"),
    PrimaryKeyConstraint("id"),
)

accounts = Table(
    "accounts",
    metadata,
    identifier("id"),
    identifier("project_id", ForeignKey("projects.id")),
    text("currency"),
    big("balance"),
    big("held"),
    big("credit_limit", nullable=True),
    created(),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("project_id", "currency"),
    at_least("held", 0),
    at_least("credit_limit", 0),
    CheckConstraint("credit_limit IS NULL OR balance + credit_limit >= held", name="covered"),
)

api_keys = Table(
    "api_keys",
    metadata,
    identifier("id"),
    identifier("user_id", ForeignKey("users.id")),
    identifier("project_id", ForeignKey("projects.id")),
    text("name"),
    text("digest"),
    text("hint"),
    text("scopes"),
    text("models", nullable=True),
    big("budget", nullable=True),
    text("budget_currency", nullable=True),
    text("budget_window", nullable=True),
    created(),
    ms("expires_at"),
    ms("revoked_at"),
    ms("last_used_at"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("digest"),
    at_least("budget", 0),
    word("budget_window", BudgetWindow),
    Index("ix_api_keys_user_id", "user_id"),
)
