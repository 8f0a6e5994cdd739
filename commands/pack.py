"""The committee's pack: `rounds pack`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flows.home import Home

FORMATS = ("pdf", "markdown", "json")


@click.command()
@click.option("--period", required=True, metavar="PERIOD", help="Such as 2026-Q3, 2026-07 or 2026.")
@click.option(
    "--format", "formats", default="pdf,markdown,json", show_default=True, help="Which files to write."
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Where to. [packs/PERIOD in --home]"
)
@click.option("--at", metavar="MOMENT", help="When it is said to be made. [now]")
@click.option(
    "--config", "folder", type=click.Path(path_type=Path), default=Path("configs/models"), show_default=True
)
@click.pass_obj
def pack(home: Home, period: str, formats: str, out: Path | None, at: str | None, folder: Path) -> None:
    """Write what a committee needs before it meets: agenda, open and overdue, changes, audits, alerts."""
    from commands._files import declared_in
    from dashboards import packs
    from flows.run import now, open_ledger
    from monitors.canonical import canonical
    from monitors.governance.pack import pack as packed
    from monitors.window import moment

    wanted = [name.strip() for name in formats.split(",") if name.strip()]
    if not wanted or set(wanted) - set(FORMATS):
        raise click.BadParameter(
            f"name some of {', '.join(FORMATS)} (got {formats!r})", param_hint="--format"
        )
    ledger = open_ledger(home)
    try:
        when = moment(at) if at else now().replace(microsecond=0)
        made = packed(ledger, declared_in(folder), period, when)
    except ValueError as error:
        raise click.UsageError(f"--period or --at {error}") from None
    place = out or home.folder / "packs" / period
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in wanted:
        file = place / f"pack.{'md' if name == 'markdown' else name}"
        if name == "pdf":
            file.write_bytes(packs.pdf(made))
        else:
            said = packs.markdown(made) if name == "markdown" else canonical(made.payload()) + "\n"
            file.write_text(said, encoding="utf-8")
        click.echo(str(file))
    ledger.append(
        "export", f"pack|{period}|{made.digest}", {"what": "pack", "period": period, "digest": made.digest}
    )
