"""The committee's bias audit: `rounds audit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands._files import moment_of
from commands._options import MODEL

if TYPE_CHECKING:
    from flows.home import Home

FORMATS = ("html", "pdf", "json")


@click.command()
@MODEL
@click.option("--from", "start", metavar="T", help="The first day of the period. [the last window's]")
@click.option("--to", "end", metavar="T", help="The day after its last.")
@click.option("--window", metavar="START/END", help="The period in one word, in place of --from and --to.")
@click.option(
    "--edition",
    type=click.Choice(["shareable", "restricted"]),
    default="shareable",
    show_default=True,
    help="Shareable: screened for small counts. Restricted: for the committee alone.",
)
@click.option("--format", "formats", default="html,pdf,json", show_default=True, help="Which files to write.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Where to. [reports/ID in --home]"
)
@click.option("--at", metavar="MOMENT", help="When it is said to be made. [now]")
@click.pass_obj
def audit(
    home: Home,
    model: Path,
    start: str | None,
    end: str | None,
    window: str | None,
    edition: str,
    formats: str,
    out: Path | None,
    at: str | None,
) -> None:
    """Write the bias audit of a period from the ledger: report.html, report.pdf, report.json.

    Nothing is counted anew and no row is read. The same ledger gives the same files, byte for byte.
    Once the committee has decided, the report is issued anew, with the decision and the votes in it.
    """
    from dashboards.crosswalk import rows
    from dashboards.report import formats as setting
    from dashboards.report import issue
    from flows import run as runs
    from flows import source
    from monitors.assess import assess
    from monitors.governance.evidence import House

    wanted = [name.strip() for name in formats.split(",") if name.strip()]
    if not wanted or set(wanted) - set(FORMATS):
        raise click.BadParameter(
            f"name some of {', '.join(FORMATS)} (got {formats!r})", param_hint="--format"
        )
    config = source.read(model)
    if window:
        if start or end:
            raise click.UsageError("say --window, or --from and --to, and not both")
        start, _, end = window.partition("/")
    span = (
        moment_of(start, "--from", config) if start else None,
        moment_of(end, "--to", config) if end else None,
    )
    when = moment_of(at, "--at", config) if at else runs.now().replace(microsecond=0)
    ledger = runs.open_ledger(home)
    held = assess(ledger, config, *span, edition="restricted" if edition == "restricted" else "shareable")
    report = issue.issue(ledger, held, when, rows(House(ledger, {config.model: config}, when, only=True)))
    folder = out or home.folder / "reports" / report.id
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = {f"report.{name}": setting.FORMATS[name](report) for name in FORMATS if name in wanted}
    for name, content in made.items():
        (folder / name).write_bytes(content)
    click.echo(f"{report.id}: {report.title}, {report.period}, {report.edition} edition, {report.status}")
    click.echo(", ".join(f"{n} {word.lower()}" for word, n in report.page.counts) + ".")
    for name, hashed in issue.digests(made).items():
        click.echo(f"  {folder / name}  sha256:{hashed[:16]}")
    if edition == "restricted":
        click.echo("Contains small counts: for the committee alone. It may not be handed on.")
