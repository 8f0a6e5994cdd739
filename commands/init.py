"""A proposed config from a look at the data: `rounds init`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--model", help="The model's name; told by the file's name if not given.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it; - for the screen.")
def init(data: Path, model: str | None, out: Path | None) -> None:
    """Look at a file and propose a config, every guess marked."""
    from flows.propose import propose

    if out is None or str(out) == "-":
        click.echo(propose(data, model=model), nl=False)
        return
    if out.exists():
        raise click.UsageError(f"{out} exists; name another file with --out")
    out.write_text(propose(data, model=model, folder=out.parent), encoding="utf-8")
    click.echo(f"Wrote {out}. Check every line marked `guess`, then: rounds validate {out}")
