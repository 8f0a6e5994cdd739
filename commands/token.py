"""A token for a person or a program: `rounds token`."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command()
@click.argument("name")
@click.option(
    "--role", type=click.Choice(["viewer", "auditor", "admin"]), default="viewer", show_default=True
)
@click.option(
    "--file", "path", type=click.Path(path_type=Path), required=True, help="Where its hash is kept."
)
def token(name: str, role: str, path: Path) -> None:
    """Make a token for NAME, shown once; only its hash is kept."""
    from dashboards.sign_in import new_token

    if not name.isprintable() or any(letter.isspace() for letter in name) or name.startswith("#"):
        raise click.UsageError(f"NAME must be one word (got {name!r})")
    made, kept = new_token()
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8"
    ) as file:
        file.write(f"{name} {role} {kept}\n")
    click.echo(made)
    click.echo(f"Give it to {name}; it is not kept. To take it back, remove its line from {path}.", err=True)
