"""Entries are found by their digest and by their hash without reading them all."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the indexes; ledgers made between the two releases may have them."""
    op.create_index("rounds_entries_by_digest", "rounds_entries", ["kind", "digest"], if_not_exists=True)
    op.create_index("rounds_entries_by_hash", "rounds_entries", ["hash"], if_not_exists=True)
