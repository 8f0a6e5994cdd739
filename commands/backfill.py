"""Every window of a span, oldest first: `rounds backfill`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands._auditing import show
from commands._files import moment_of
from commands._options import FAIL_ON, JSON, MODEL

if TYPE_CHECKING:
    from flows.home import Home


@click.command()
@MODEL
@click.option("--from", "start", metavar="T", required=True)
@click.option("--to", "end", metavar="T", required=True)
@JSON
@FAIL_ON
@click.pass_obj
def backfill(home: Home, model: Path, start: str, end: str, as_json: bool, fail_on: str | None) -> None:
    """Audit every window wholly inside [from, to), oldest first; a rerun changes nothing.

    Interrupted and run again it goes on where it stopped.
    """
    from flows import backfill as filling
    from flows import source

    config = source.read(model)
    first, last = moment_of(start, "--from", config), moment_of(end, "--to", config)
    if first >= last:
        raise click.UsageError(f"--from must be before --to (got {start} and {end})")
    show(
        home,
        model,
        lambda at, told: filling.backfill(model, home, first, last, at, told=told),
        None,
        as_json,
        fail_on,
    )
