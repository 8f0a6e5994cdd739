"""The audit of the last complete window: `rounds run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands._auditing import audit_and_show
from commands._options import FAIL_ON, JSON, MODEL

if TYPE_CHECKING:
    from flows.home import Home


@click.command()
@MODEL
@click.option("--at", metavar="MOMENT", help="Audit the last window complete by then. [now]")
@JSON
@FAIL_ON
@click.pass_obj
def run(home: Home, model: Path, at: str | None, as_json: bool, fail_on: str | None) -> None:
    """Audit the last complete window before MOMENT."""
    from flows.run import last_complete

    audit_and_show(home, model, last_complete, at, as_json, fail_on)
