"""Runs migrations on the connection that `reelgate.store.migrate` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from reelgate.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
