"""Several hospitals as one system, in counts alone: `rounds federate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands._options import JSON, MODEL

if TYPE_CHECKING:
    from flows.home import Home

_OUT = click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")


def _write(out: Path, body: dict[str, Any]) -> None:
    if out.exists():
        raise click.UsageError(f"{out} exists; name another file with --out")
    out.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@click.group()
def federate() -> None:
    """Add several sites' counts to one system, without a row: keys, bins, export, merge."""


@federate.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="A folder.")
def keys(out: Path) -> None:
    """Make the system's pair of keys: one to keep, one to hand to every site."""
    from flows.sealing import make_keys

    secret, public = make_keys(out)
    click.echo(f"Keep {secret} where files are merged; hand {public} to every site.")


@federate.command()
@MODEL
@_OUT
@click.pass_obj
def bins(home: Home, model: Path, out: Path) -> None:
    """Write the bins that every site counts on, from one site's reference."""
    from commands._auditing import progress
    from flows import federate as federating

    with progress(quiet=False) as told:
        body = federating.bins(model, home, told)
    _write(out, body)
    click.echo(
        f"Wrote {out}. Put it beside the model's file at every site, as `reference: {{…, bins: {out.name}}}`."
    )


@federate.command()
@MODEL
@click.option("--from", "start", metavar="T", required=True)
@click.option("--to", "end", metavar="T", required=True)
@click.option("--site", required=True, help="The name the site goes by in the system.")
@click.option(
    "--key", type=click.Path(path_type=Path), help="The system's federation.pub: exact counts, sealed."
)
@click.option("--suppressed", is_flag=True, help="What the site's pages show, for all to read.")
@_OUT
@click.pass_obj
def export(
    home: Home, model: Path, start: str, end: str, site: str, key: Path | None, suppressed: bool, out: Path
) -> None:
    """Write a site's audited windows as counts: exact and sealed, or suppressed and open."""
    from commands._auditing import progress
    from commands._files import moment_of
    from flows import federate as federating
    from flows import source

    if suppressed == (key is not None):
        raise click.UsageError("say --key (exact counts, sealed) or --suppressed (small counts withheld)")
    config = source.read(model)
    first, last = moment_of(start, "--from", config), moment_of(end, "--to", config)
    if key is None:
        body = federating.suppressed(model, home, first, last, site=site)
        _write(out, body)
        click.echo(f"Wrote {out}: {len(body['of']['windows'])} windows of {config.model}, suppressed.")
        return
    with progress(quiet=False) as told:
        body = federating.export(model, home, first, last, site=site, key=key, told=told)
    _write(out, body)
    click.echo(f"Wrote {out}: {len(body['of']['windows'])} windows of {config.model}, sealed for {key.name}.")


@federate.command()
@MODEL
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--key", type=click.Path(path_type=Path), help="The system's federation.key, for sealed files.")
@JSON
@click.pass_obj
def merge(home: Home, model: Path, files: tuple[Path, ...], key: Path | None, as_json: bool) -> None:
    """Audit the sum of several sites' sealed files, or show what suppressed ones tell of the system."""
    from dashboards import system, terminal
    from flows import federate as federating
    from flows.home import open_ledger
    from monitors.canonical import canonical
    from monitors.release import keep

    if federating.kind_of(files) == "suppressed":
        for told in federating.view(model, files):
            click.echo(canonical(told.payload())) if as_json else system.show(told)
        return
    if key is None:
        raise click.UsageError("the files are sealed; name the system's federation.key with --key")
    ledger = open_ledger(home)
    for audit in federating.merge(model, files, home, key):
        shown = keep(ledger, audit)
        click.echo(shown.json()) if as_json else terminal.show_audit(shown)
