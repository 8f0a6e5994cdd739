"""The ledger as one checked file, and back: `rounds backup`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flows.home import Home


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--restore", "back", is_flag=True, help="Put FILE in the place of a ledger that is gone.")
@click.pass_obj
def backup(home: Home, file: Path, back: bool) -> None:
    """Copy the ledger to FILE, also while Rounds runs, and check the copy."""
    from flows import backup as copies
    from flows.home import now

    entries = copies.restore(home, file, now) if back else copies.backup(home, file, now)
    click.echo(f"{file}: {entries:,} entries, every link of the chain holds")
