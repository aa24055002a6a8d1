"""What people prefer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nothing in it is what everybody has who chose nothing."""
    op.add_column("users", sa.Column("preferences", sa.Text(), nullable=True))
