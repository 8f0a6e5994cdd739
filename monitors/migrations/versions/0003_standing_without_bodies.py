"""Which audit of a window stands is told by an index alone, without reading past large bodies."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
HELD = ["kind", "model", "window_end", "version", "window", "stage", "digest"]


def upgrade() -> None:
    """Put the wider index in the place of the one it begins with."""
    op.create_index("rounds_entries_by_window", "rounds_entries", HELD, if_not_exists=True)
    op.drop_index("rounds_entries_by_model", "rounds_entries", if_exists=True)
