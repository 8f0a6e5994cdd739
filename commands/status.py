"""A line per model: `rounds status`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flows.home import Home
    from monitors.config import ModelConfig


@click.command()
@click.option(
    "--config", "folder", type=click.Path(path_type=Path), default=Path("configs/models"), show_default=True,
    help="The models' files: they say when each is due.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One model a line, as JSON.")
@click.option(
    "--certificate", type=click.Path(path_type=Path),
    help="The file `serve` was given: also say when it ends.",
)  # fmt: skip
@click.pass_obj
def status(home: Home, folder: Path, as_json: bool, certificate: Path | None) -> None:
    """A line per model: last window, verdicts, and whether it is heard as its schedule promised."""
    from dashboards.terminal_status import show_status
    from flows.home import now
    from monitors.ledger import Ledger

    if certificate is not None and not as_json:
        click.echo(_ending(certificate, now()))
    if not home.exists():
        click.echo("No model has been audited yet: rounds run MODEL.yaml")
        return
    show_status(Ledger(home.ledger_url, now), now(), as_json, _declared(folder))


def _ending(file: Path, at: datetime) -> str:
    """When a certificate ends, in a line."""
    from dashboards.certificate import SOON, ending
    from monitors.words.figures import date, spell

    ends = ending(file)
    if ends <= at:
        return f"The certificate in {file.name} ended on {date(ends)}: renew it, and start Rounds again."
    remedy = ": renew it, and start Rounds again" if ends < at + SOON else ""
    return f"The certificate in {file.name} ends on {date(ends)}, in {spell(ends - at)}{remedy}."


def _declared(folder: Path) -> dict[str, ModelConfig]:
    """The models of a folder; a file that cannot be read is named, and hides no other model."""
    from flows import source
    from monitors.errors import RoundsError

    found = {}
    for file in sorted(folder.glob("*.y*ml")) if folder.is_dir() else []:
        try:
            config = source.read_to_show(file)
        except RoundsError as error:
            click.echo(error, err=True)
        else:
            found[config.model] = config
    return found
