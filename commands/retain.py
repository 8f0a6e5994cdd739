"""What is kept how long, done once now: `rounds retain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands._files import model_files

if TYPE_CHECKING:
    from flows.home import Home


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.pass_obj
def retain(home: Home, paths: tuple[Path, ...], dry_run: bool) -> None:
    """Add hours up to days and let go what the rule in retention.yaml says (docs/retention.md)."""
    from dashboards.terminal import progress
    from flows import retention
    from flows.home import now

    files = model_files(paths or (Path("configs/models"),))
    rule = retention.rule_for(files[0])
    if not rule.said:
        click.echo("Nothing is removed: no retention.yaml beside the models' folder says so.")
        return
    with progress() as told:
        done = retention.retain(files, home, now(), dry=dry_run, told=told)
    click.echo(f"The rule: {'; '.join(rule.said)}.")
    would = "would be " if dry_run else ""
    for model, days in done.summed.items():
        click.echo(f"{model}: {days:,} {would}added up")
    for model, reasons in done.waiting.items():
        click.echo(f"{model}: {len(reasons):,} not added up; the last: {reasons[-1]}")
    for part, count in done.removed.items():
        click.echo(f"{part}: {count:,} {would}let go")
    if done.left:
        click.echo(f"MLflow, at the next run: {done.left}")
    if not done.removed:
        click.echo(f"Nothing {'would be' if dry_run else 'was'} let go.")
    else:
        click.echo(f"{done.freed / 1e6:,.1f} MB of the ledger {would}given back")
