"""A model's card, in the formats others read: `rounds card`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flows.home import Home

FORMATS = ("markdown", "chai", "fhir", "json")


@click.command()
@click.argument("name", metavar="MODEL")
@click.option("--format", "form", type=click.Choice(FORMATS), default="markdown", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A file. [the terminal]")
@click.option("--mlflow", is_flag=True, help="Also into the registered model's description in MLflow.")
@click.option(
    "--config", "folder", type=click.Path(path_type=Path), default=Path("configs/models"), show_default=True
)
@click.pass_obj
def card(home: Home, name: str, form: str, out: Path | None, mlflow: bool, folder: Path) -> None:
    """Write a model's card: what is declared, measured and decided of it.

    MODEL is a model's or a tool's name, as `rounds inventory` lists it.
    """
    import importlib

    from commands._files import declared_in
    from flows.run import now, open_ledger
    from monitors.canonical import canonical
    from monitors.errors import ConfigError
    from monitors.governance.card import gathered

    configs, at = declared_in(folder), now()
    made = gathered(open_ledger(home), configs, name)
    if form == "json":
        text = canonical(made.payload()) + "\n"
    else:
        text = importlib.import_module(f"dashboards.cards.{form}").written(made, at)
    if out:
        out.write_text(text, encoding="utf-8")
        click.echo(f"{out}: the card of {name}, {form}")
    else:
        click.echo(text, nl=False)
    if mlflow:
        from dashboards.cards.markdown import written
        from flows.registry import describe

        registered = configs[name].mlflow.registered_model if name in configs else None
        if registered is None:
            raise ConfigError([f"{name}: mlflow.registered_model: say which registered model it is"])
        describe(home.mlflow_uri, registered, written(made, at))
        click.echo(f"{registered}: described in MLflow", err=True)
