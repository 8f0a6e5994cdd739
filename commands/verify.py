"""The ledger's chain, checked: `rounds verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flows.home import Home


@click.command()
@click.option("--expected-head", metavar="H", help="The head hash an anchor outside has kept.")
@click.option("--anchor", type=click.Path(path_type=Path), help="A file that holds it.")
@click.pass_obj
def verify(home: Home, expected_head: str | None, anchor: Path | None) -> None:
    """Check the ledger's chain."""
    from flows.run import now
    from monitors.errors import LedgerError
    from monitors.ledger import Ledger

    ledger = Ledger(home.ledger_url, now)
    count, head = ledger.verify(), ledger.head()
    wanted = expected_head or (anchor.read_text(encoding="utf-8").strip() if anchor else None)
    if wanted and not ledger.holds(wanted):
        raise LedgerError(f"{wanted} is not in this ledger: entries were cut off or rewritten")
    click.echo(f"{count} entries, each linked to the one before. Head: {head}")
    if wanted is None:
        click.echo("That shows no entry was altered; keep the head elsewhere to show none was cut off.")
