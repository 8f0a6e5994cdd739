"""The first ledger: one table of entries, each chained to the one before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "rounds_entries",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("key", sa.String(512), nullable=False),
        sa.Column("model", sa.String(200)),
        sa.Column("version", sa.String(200)),
        sa.Column("window", sa.String(64)),
        sa.Column("window_end", sa.String(20)),
        sa.Column("stage", sa.String(16)),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("previous", sa.String(71), nullable=False, unique=True),
        sa.Column("hash", sa.String(71), nullable=False),
        sa.UniqueConstraint("kind", "key"),
    )
    op.create_index("rounds_entries_by_model", "rounds_entries", ["kind", "model", "window_end"])
