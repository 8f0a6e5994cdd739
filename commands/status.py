"""A line per model: `rounds status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flows.home import Home


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One model a line, as JSON.")
@click.pass_obj
def status(home: Home, as_json: bool) -> None:
    """A line per model: last window, verdicts, freshness."""
    from dashboards import terminal
    from flows.home import now
    from monitors.ledger import Ledger

    if not home.exists():
        click.echo("No model has been audited yet: rounds run MODEL.yaml")
        return
    terminal.show_status(Ledger(home.ledger_url, now), now(), as_json)
