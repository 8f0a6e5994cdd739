"""Migrations: how a ledger of an earlier Rounds becomes one of this, in place and without touching an entry.

Each file in `versions/` is one step, applied by Alembic. Steps only add: what was written stays as it
was written, or its hashes would not hold.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from monitors.errors import LedgerError

HEAD = "0004"  # the newest step; a new ledger is made as it leaves it
FIRST = "0001"  # of ledgers that say nothing, which were made before there were steps
TABLE = "rounds_schema"


def upgrade(connection: sa.Connection, held: str | None) -> None:
    """Take every step a ledger lacks, inside the caller's transaction; `held` is the last it has taken.

    Raises LedgerError where a newer Rounds has taken steps that this one does not know.
    """
    if held == HEAD:
        return
    if held is not None and held not in _known():
        raise LedgerError(
            f"the ledger was written by a newer Rounds (its schema is {held}, and this program knows up to "
            f"{HEAD}); nothing was read or changed. Run that version, or bring back a backup from before"
        )
    from alembic import command  # a fifth of a second, which only an upgrade is worth
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    if held is None:
        command.stamp(config, FIRST)
    command.upgrade(config, HEAD)


def _known() -> set[str]:
    steps = (Path(__file__).parent / "versions").glob("[0-9]*.py")
    return {step.name.partition("_")[0] for step in steps}
