"""Schedules, pages and /metrics on one machine: `rounds serve`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands._files import model_files
from commands._serving import LOOPBACK, serve_pages

if TYPE_CHECKING:
    from flows.home import Home


@click.command()
@click.option("--config", "folder", type=click.Path(path_type=Path), default=Path("configs/models"))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8321, show_default=True)
@click.option("--schedules/--no-schedules", default=True, help="Also run the models' schedules.")
@click.option("--allowed-host", multiple=True, help="A further name browsers may call us by.")
@click.option("--sign-in", type=click.Path(path_type=Path), help="A file that says how people sign in.")
@click.option(
    "--certificate", type=click.Path(path_type=Path), help="Serve over TLS: a PEM file, chain included."
)
@click.option("--key", type=click.Path(path_type=Path), help="The certificate's private key, a PEM file.")
@click.pass_obj
def serve(
    home: Home,
    folder: Path,
    host: str,
    port: int,
    schedules: bool,
    allowed_host: tuple[str, ...],
    sign_in: Path | None,
    certificate: Path | None,
    key: Path | None,
) -> None:
    """Schedules, worker, dashboards and /metrics in one process group."""
    if host not in LOOPBACK and sign_in is None:
        raise click.UsageError(
            f"--host {host} lets other machines read these pages, and nobody signs in; "
            f"say how with --sign-in FILE (docs/deployment.md), or stay on 127.0.0.1"
        )
    if (certificate is None) != (key is None):
        raise click.UsageError("--certificate and --key go together: name both files")
    serve_pages(
        home, model_files((folder,)), host, port,
        schedules=schedules, names=allowed_host, sign_in=sign_in,
        tls=(certificate, key) if certificate and key else None,
    )  # fmt: skip
