"""The columns of the last complete window, looked at together: `rounds multivariate`."""

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
@click.option("--at", metavar="MOMENT", help="Look at the last window complete by then. [now]")
@JSON
@FAIL_ON
@click.pass_obj
def multivariate(home: Home, model: Path, at: str | None, as_json: bool, fail_on: str | None) -> None:
    """Look at the last window's columns together, on a sample of rows, and audit it with that."""
    from flows.multivariate import look_together
    from flows.run import last_complete

    audit_and_show(home, model, last_complete, at, as_json, fail_on, before=look_together)
