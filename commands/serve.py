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
@click.option("--no-sign-in", is_flag=True, help="Serve other machines; a proxy or network guards us.")
@click.pass_obj
def serve(
    home: Home,
    folder: Path,
    host: str,
    port: int,
    schedules: bool,
    allowed_host: tuple[str, ...],
    no_sign_in: bool,
) -> None:
    """Schedules, worker, dashboards and /metrics in one process group."""
    if host not in LOOPBACK and not no_sign_in:
        raise click.UsageError(
            f"--host {host} lets other machines read these pages, and nobody signs in; "
            f"put a proxy or a closed network before it and say --no-sign-in"
        )
    serve_pages(home, model_files((folder,)), host, port, schedules=schedules, names=allowed_host)
