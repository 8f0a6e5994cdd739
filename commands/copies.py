"""What MLflow is still owed, and what was set aside: `rounds copies`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flows.home import Home


@click.command()
@click.option("--again", metavar="DIGEST", help="Send one that was set aside again, at its model's next run.")
@click.pass_obj
def copies(home: Home, again: str | None) -> None:
    """What MLflow is still owed of each model, and what was set aside with why."""
    from flows.run import open_ledger
    from monitors import copies as kept

    ledger = open_ledger(home)
    if again:
        kept.again(ledger, again)
        click.echo(f"{again}: will be sent again")
    waiting = ledger.lacking(kept.COPIED)
    aside = kept.asides(ledger)
    click.echo(f"{waiting} owed to MLflow, {len(aside)} of them set aside")
    for each in aside:
        click.echo(
            f"{each.model} {each.window} {each.digest[:19]}: set aside {each.at:%Y-%m-%d}: {each.reason}"
        )
