"""A key to sign with: `rounds key`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def key(file: Path) -> None:
    """Make an Ed25519 key in FILE, its public half in FILE.pub.

    Keep FILE to yourself. Give FILE.pub to whoever is to check what you sign.
    """
    from monitors.governance.signature import make_key

    click.echo(f"{make_key(file)}: sign with --key {file}, check with rounds verify --public-key {file}.pub")
