"""Margins for an alert budget, proposed: `rounds calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands._auditing import progress
from commands._options import MODEL

if TYPE_CHECKING:
    from flows.home import Home


@click.command()
@MODEL
@click.option("--json", "as_json", is_flag=True, help="One line, as JSON.")
@click.pass_obj
def calibrate(home: Home, model: Path, as_json: bool) -> None:
    """Propose margins for an alert budget, with the false alerts to expect; writes nothing."""
    from dashboards import terminal_calibrate
    from flows.calibrate import calibrated
    from monitors.canonical import canonical

    with progress(quiet=as_json) as told:
        payload = calibrated(model, home, told)
    if as_json:
        click.echo(canonical(payload))
    else:
        terminal_calibrate.show(payload)
