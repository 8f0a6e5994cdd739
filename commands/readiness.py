"""Whether data could carry a model, before there is one: `rounds readiness`."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--at", metavar="MOMENT", help="Look at it as of then. [now]")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Write readiness.html and .json there."
)
@click.option("--json", "as_json", is_flag=True, help="The whole report, as JSON.")
def readiness(source: Path, at: str | None, out: Path | None, as_json: bool) -> None:
    """Grade a source before any model exists: a data file, a file that declares one, or a model's file."""
    from commands._auditing import progress
    from dashboards import readiness as pages
    from flows.readiness import ready
    from flows.run import now
    from monitors.window import moment

    try:
        when = moment(at) if at else now()
    except ValueError as error:
        raise click.UsageError(f"--at {error}") from None
    with progress(quiet=as_json) as told:
        report = ready(source, when, told)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "readiness.html").write_text(pages.html(report), encoding="utf-8")
        (out / "readiness.json").write_text(
            json.dumps(report.payload(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    if as_json:
        click.echo(json.dumps(report.payload(), sort_keys=True, ensure_ascii=False))
        return
    pages.show(report)
    if out is not None:
        click.echo(f"\nWrote {out / 'readiness.html'} and {out / 'readiness.json'}.")
