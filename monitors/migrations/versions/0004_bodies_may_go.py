"""A body may be emptied where a later entry names it: the guard that let nothing through is made anew."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Take the old guard away; whoever opens the ledger puts the new one there, in the same transaction."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute('DROP TRIGGER IF EXISTS "rounds_entries_UPDATE"')
