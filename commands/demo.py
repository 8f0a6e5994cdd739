"""The whole job on shipped patients: `rounds demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commands._files import configs
from commands._serving import serve_pages

if TYPE_CHECKING:
    from flows.home import Home


@click.command()
@click.option("--serve", is_flag=True, help="Open the dashboards afterwards.")
@click.option("--port", default=8321, show_default=True)
@click.option("--pack", metavar="NAME", help="A ready model instead, on data written by rule: ambient.")
@click.pass_obj
def demo(home: Home, serve: bool, port: int, pack: str | None) -> None:
    """The whole job on shipped real inpatients, with embedded parts only."""
    from dashboards import terminal
    from flows import demo as flow

    path, start, end = configs() / "models" / "support-survival.yaml", flow.START, flow.END
    if pack is not None:
        path, start, end = flow.pack(pack, configs() / "packs", home)
    with terminal.progress() as told:
        audits = flow.demonstrate(path, home, told, start, end)
    terminal.show_demo(audits, home.folder, path, port, pack)
    if serve:
        serve_pages(home, [path], "127.0.0.1", port, schedules=False, as_of=end)
